#!/usr/bin/env bash
# Installs an image's packages; run by the Dockerfile, as root.
#
#   packages.sh build    what scripts/packages.txt names for building, by the scripts' own code
#   packages.sh run      the libraries that build.sh found the program to need, and what it runs or reads
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

case "${1:-}" in
    build)
        # Ubuntu has no libonnxruntime-dev: scripts/native/build.sh takes the headers from Debian, and looks for
        # Debian's address among the system's sources. apt itself does not read one that is not enabled.
        if ! grep -qsrE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d; then
            printf 'Types: deb\nEnabled: no\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\n' \
                >/etc/apt/sources.list.d/debian-headers.sources
        fi
        # shellcheck source=scripts/lib/common.sh
        source "$here/../../scripts/lib/common.sh"
        # shellcheck source=scripts/lib/packages.sh
        source "$root/scripts/lib/packages.sh"
        install_packages build
        ;;
    run)
        apt-get update -qq
        mapfile -t packages <"$here/packages"
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
        ;;
    *) echo "packages.sh: build or run" >&2; exit 1 ;;
esac
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
