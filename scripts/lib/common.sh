# Shared by the scripts: where things are kept, how progress and failure are said. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# ONNX Runtime reports to its makers otherwise, also out of a test program; the server itself switches that off.
export ORT_DISABLE_TELEMETRY=1
cache="${ANTIPHON_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/antiphon}"

say() { printf '==> %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command quietly; on failure shows the end of its output and says one sentence.
quietly() {
    local what=$1 log; shift
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        fail "$what failed; the end of its output is above"
    fi
    rm -f "$log"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "installing packages needs root: run as root or install sudo"; fi
}
