#!/usr/bin/env bash
# Builds the program by the project's own scripts and gathers what the image needs of it; run by the Dockerfile.
#
#   build.sh FOLDER    FOLDER/usr: the program and the engines' libraries; FOLDER/packages: the packages that have
#                      the other libraries, one a line
#
# ANTIPHON_GPU is off, hip or cuda; GPU_ARCHITECTURES names the GPUs (gfx942, 90), which cannot be asked in here.
set -euo pipefail
target=$1
export ANTIPHON_GPU="${ANTIPHON_GPU:-off}"
if [ -n "${GPU_ARCHITECTURES:-}" ]; then
    # Engines for other GPUs are others, which their folder's name does not say: a cache of their own.
    export ANTIPHON_CACHE_DIR="$HOME/.cache/antiphon/$ANTIPHON_GPU-${GPU_ARCHITECTURES//[^a-zA-Z0-9]/-}"
    export CMAKE_TOOLCHAIN_FILE=/tmp/gpu.cmake
    {
        for variable in CMAKE_CUDA_ARCHITECTURES CMAKE_HIP_ARCHITECTURES GPU_TARGETS AMDGPU_TARGETS; do
            echo "set($variable \"$GPU_ARCHITECTURES\")"
        done
        # libcuda.so.1 is the driver's, which is on the machine that runs the image, not in here.
        [ "$ANTIPHON_GPU" != cuda ] || echo 'set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--allow-shlib-undefined")'
    } >"$CMAKE_TOOLCHAIN_FILE"
fi

./scripts/run.sh binary
program=build/release/antiphon
native=$(./scripts/native/build.sh)

install -d "$target/usr/local/bin" "$target/usr/local/lib"
install -s "$program" "$target/usr/local/bin/antiphon"
cp -a "$native"/lib/*.so* "$target/usr/local/lib/"

# Of the libraries that the program is linked with, the packages; a package brings what it needs itself. /lib may be
# a link to /usr/lib, and a package may know its file by either name. A base image's own (/opt/rocm) is in no package.
{
    readelf -d "$program" "$native"/lib/*.so | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u |
        while IFS= read -r name; do
            file=$(LD_LIBRARY_PATH="$native/lib" ldd "$program" | awk -v name="$name" '$1 == name { print $3 }')
            case "$file" in "" | "$native"/* | /opt/* | /usr/local/*) continue ;; esac
            real=$(readlink -f "$file")
            dpkg-query -S "$real" 2>/dev/null || dpkg-query -S "${real#/usr}" 2>/dev/null || dpkg-query -S "/usr$real"
        done | cut -d: -f1
    # Read or run while it works: espeak-ng's sounds, authorities for https, pdftotext for documents.
    printf '%s\n' espeak-ng-data ca-certificates poppler-utils
} | sort -u >"$target/packages"
