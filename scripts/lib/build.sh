# build_antiphon PRESET TARGET...: the native engines, then our own code. Sourced after common.sh.

build_antiphon() {
    local preset=$1 native; shift
    native=$("$root/scripts/native/build.sh")
    export CCACHE_DIR="${CCACHE_DIR:-$cache/ccache}" CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
    # Configured once, and again when the engines' prefix has changed; ninja sees to the rest.
    if ! grep -qsx "ANTIPHON_NATIVE:PATH=$native" "$root/build/$preset/CMakeCache.txt"; then
        say "configuring build/$preset"
        quietly "configuring build/$preset" cmake --preset "$preset" -S "$root" \
            -DANTIPHON_NATIVE="$native" -DANTIPHON_GPU="${ANTIPHON_GPU:-off}"
    fi
    say "building build/$preset ${*:+($*)}"
    quietly "building build/$preset" ninja -C "$root/build/$preset" -j "$(nproc)" "$@"
}
