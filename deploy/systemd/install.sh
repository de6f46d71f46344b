#!/usr/bin/env bash
# Installs what ./scripts/run.sh binary has built, as a service of systemd (docs/operate.md):
#   sudo deploy/systemd/install.sh [ROOT]
# Into /usr/local go the program and its engines' libraries, which a service cannot read in your cache folder; the unit
# into /etc/systemd/system, and an empty /etc/antiphon/antiphon.env if there is none. Nothing is started. With ROOT all
# of it goes below that folder. Can be run again after each build.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${1:-}
fail() { echo "error: $*" >&2; exit 1; }

program="$root/build/release/antiphon"
[ -x "$program" ] || fail "$program is missing: run ./scripts/run.sh binary first"
native=$(sed -n 's/^ANTIPHON_NATIVE:PATH=//p' "$root/build/release/CMakeCache.txt")
[ -d "$native/lib" ] || fail "the engines' libraries are missing in '$native/lib': run ./scripts/run.sh binary again"
[ -n "$target" ] || [ "$(id -u)" = 0 ] || fail "installing into /usr/local and /etc needs root: use sudo"

install -D -m 755 "$program" "$target/usr/local/bin/antiphon"
install -d "$target/usr/local/lib/antiphon" "$target/etc/ld.so.conf.d"
cp -a "$native"/lib/*.so* "$target/usr/local/lib/antiphon/"
echo /usr/local/lib/antiphon >"$target/etc/ld.so.conf.d/antiphon.conf"
ldconfig ${target:+-r "$target"}
install -D -m 644 "$root/deploy/systemd/antiphon.service" "$target/etc/systemd/system/antiphon.service"
install -D -m 644 "$root/docs/operate.md" "$target/usr/local/share/doc/antiphon/operate.md"
[ -e "$target/etc/antiphon/antiphon.env" ] || install -D -m 600 /dev/null "$target/etc/antiphon/antiphon.env"
echo "installed: ${target}/usr/local/bin/antiphon and the service antiphon; start it with: systemctl daemon-reload && systemctl enable --now antiphon"
