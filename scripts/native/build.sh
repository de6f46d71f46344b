#!/usr/bin/env bash
# Builds the native engines (ggml, llama.cpp, whisper.cpp) and unpacks ONNX Runtime into one prefix
# in the user's cache folder, and prints that prefix on standard output. A second run finds it and
# takes no time. The prefix is keyed by the pins, this script, the compiler, the processor and the GPU.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

here="$root/scripts/native"
gpu="${ANTIPHON_GPU:-off}"
headers_version=1.21.0+dfsg-1
headers_sha256=14f7d959d5deacbcf1504830d4189f91fc67382b399ed9ae9d3aa9c4050ced08

case "$gpu" in
    off) gpu_flags=() ;;
    hip) gpu_flags=(-DGGML_HIP=ON) ;;
    cuda) gpu_flags=(-DGGML_CUDA=ON) ;;
    *) fail "ANTIPHON_GPU must be off, hip or cuda, not '$gpu'" ;;
esac

flags_of_cpu=$(grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true)
key=$( { cat "$here/requirements.txt" "$here/onnxruntime.txt" "$here/build.sh"; "${CXX:-c++}" --version | head -1
         echo "$flags_of_cpu"; echo "$gpu"; } | sha256sum | cut -c1-16)
prefix="$cache/native/$key"
[ -e "$prefix/complete" ] && { echo "$prefix"; exit 0; }

mkdir -p "$cache/native" "$cache/downloads"
exec 9>"$cache/native/lock"
flock 9
[ -e "$prefix/complete" ] && { echo "$prefix"; exit 0; }

work="$cache/native/$key.work"
mkdir -p "$prefix" "$work"
launcher=()
if command -v ccache >/dev/null; then
    export CCACHE_DIR="${CCACHE_DIR:-$cache/ccache}"
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
jobs=$(nproc)

download_sources() {
    local want="$cache/downloads/sources-$(sha256sum <"$here/requirements.txt" | cut -c1-16)"
    if [ ! -e "$want/complete" ]; then
        say "fetching the sources of llama.cpp and whisper.cpp (86 MB)"
        quietly "fetching the engine sources" python3 -m pip download --no-deps \
            --no-binary llama-cpp-python,pywhispercpp --require-hashes -r "$here/requirements.txt" -d "$want"
        touch "$want/complete"
    fi
    tar -xzf "$want"/llama_cpp_python-*.tar.gz -C "$work" --wildcards '*/vendor/llama.cpp' --strip-components=2
    tar -xzf "$want"/pywhispercpp-*.tar.gz -C "$work" --wildcards '*/whisper.cpp' --strip-components=1
}

build_llama() {
    say "building ggml and llama.cpp (about 5 minutes on 2 cores, once)"
    quietly "configuring llama.cpp" cmake -G Ninja -S "$work/llama.cpp" -B "$work/bl" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=ON "${gpu_flags[@]}" "${launcher[@]}" \
        -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF \
        -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
        -DCMAKE_INSTALL_RPATH='$ORIGIN' -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    quietly "building llama.cpp" ninja -C "$work/bl" -j "$jobs"
    quietly "installing llama.cpp" cmake --install "$work/bl"
}

build_whisper() {
    say "building whisper.cpp against the same ggml"
    quietly "configuring whisper.cpp" cmake -G Ninja -S "$work/whisper.cpp" -B "$work/bw" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=ON -DWHISPER_USE_SYSTEM_GGML=ON -DCMAKE_PREFIX_PATH="$prefix" "${launcher[@]}" \
        -DWHISPER_BUILD_TESTS=OFF -DWHISPER_BUILD_EXAMPLES=OFF -DWHISPER_BUILD_SERVER=OFF \
        -DCMAKE_INSTALL_RPATH='$ORIGIN' -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    quietly "building whisper.cpp" ninja -C "$work/bw" -j "$jobs"
    quietly "installing whisper.cpp" cmake --install "$work/bw"
    mkdir -p "$prefix/bin"
}

onnxruntime_library() {
    local want="$cache/downloads/onnxruntime-$(sha256sum <"$here/onnxruntime.txt" | cut -c1-16)"
    if [ ! -e "$want/complete" ]; then
        say "fetching the ONNX Runtime library"
        quietly "fetching ONNX Runtime" python3 -m pip download --no-deps --only-binary :all: --python-version 3.11 \
            --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 --require-hashes \
            -r "$here/onnxruntime.txt" -d "$want"
        touch "$want/complete"
    fi
    python3 - "$want" "$prefix/lib" <<'PY'
import pathlib, sys, zipfile
wheel = next(pathlib.Path(sys.argv[1]).glob("onnxruntime-*.whl"))
with zipfile.ZipFile(wheel) as z:
    name = next(n for n in z.namelist() if "/capi/libonnxruntime.so." in n)
    data = z.read(name)
lib = pathlib.Path(sys.argv[2]); lib.mkdir(parents=True, exist_ok=True)
target = lib / pathlib.Path(name).name
target.write_bytes(data)
# The loader asks for the file by its SONAME; give it both names.
for link in ("libonnxruntime.so", "libonnxruntime.so.1"):
    (lib / link).unlink(missing_ok=True)
    (lib / link).symlink_to(target.name)
PY
}

# The headers are in Debian's trixie (API 21; they work with the newer library). On a distribution that
# has libonnxruntime-dev, apt gives them; on Debian 12 an apt configuration of our own, kept apart from
# the system's, downloads that one package, which is unpacked and never installed.
onnxruntime_headers() {
    local deb="$cache/downloads/libonnxruntime-dev_${headers_version}_amd64.deb"
    if [ ! -e "$deb" ]; then
        say "fetching the ONNX Runtime headers"
        local apt="$work/apt" keyring uri
        mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
        keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        [ -e "$keyring" ] || fail "the ONNX Runtime headers need Debian's archive keyring: apt-get install debian-archive-keyring"
        uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
              grep -v '^#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)
        [ -n "$uri" ] || fail "no Debian package source is configured on this machine, and libonnxruntime-dev is not installed"
        echo "deb [signed-by=$keyring] $uri trixie main" >"$apt/sources.list"
        local options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/parts"
                       -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
        quietly "reading the trixie package list" apt-get "${options[@]}" update
        (cd "$apt" && quietly "fetching libonnxruntime-dev" apt-get "${options[@]}" download "libonnxruntime-dev=$headers_version")
        echo "$headers_sha256  $(ls "$apt"/libonnxruntime-dev_*.deb)" | sha256sum -c --quiet - ||
            fail "libonnxruntime-dev does not have the pinned sha256"
        mv "$apt"/libonnxruntime-dev_*.deb "$deb"
    fi
    dpkg-deb -x "$deb" "$work/headers"
    mkdir -p "$prefix/include/onnxruntime"
    cp -r "$work/headers"/usr/include/onnxruntime/* "$prefix/include/onnxruntime/"
}

download_sources
onnxruntime_library
onnxruntime_headers
build_llama
build_whisper
rm -rf "$work"
touch "$prefix/complete"
say "native engines are in $prefix"
echo "$prefix"
