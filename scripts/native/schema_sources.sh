#!/usr/bin/env bash
# Unpacks llama.cpp's converter from JSON Schema to its grammars (a few files of its folder common/, which
# its own build installs nowhere) and prints the folder. The sources are those that build.sh builds, by the
# same pins; a second run finds them and takes no time.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

pins="$root/scripts/native/requirements.txt"
key=$(cat "$pins" "$root/scripts/native/schema_sources.sh" | sha256sum | cut -c1-16)
want="$cache/native/schema-$key"
[ -e "$want/complete" ] && { echo "$want"; exit 0; }

mkdir -p "$cache/native" "$cache/downloads"
exec 9>"$cache/native/schema.lock"
flock 9
[ -e "$want/complete" ] && { echo "$want"; exit 0; }

sources="$cache/downloads/sources-$(sha256sum <"$pins" | cut -c1-16)"
if [ ! -e "$sources/complete" ]; then
    say "fetching the sources of llama.cpp and whisper.cpp (86 MB)"
    quietly "fetching the engine sources" python3 -m pip download --no-deps \
        --no-binary llama-cpp-python,pywhispercpp --require-hashes -r "$pins" -d "$sources"
    touch "$sources/complete"
fi
rm -rf "$want"
mkdir -p "$want"
tar -xzf "$sources"/llama_cpp_python-*.tar.gz -C "$want" --strip-components=3 --wildcards \
    '*/vendor/llama.cpp/common/*.h' '*/vendor/llama.cpp/common/*.cpp' '*/vendor/llama.cpp/LICENSE' \
    '*/vendor/llama.cpp/vendor/nlohmann/*'
touch "$want/complete"
echo "$want"
