# A server of a script's own, which goes with the script. Sourced after common.sh, not run.
#
# $scratch is an empty folder. The script starts its server with `--port-file "$scratch/port"` and standard error
# in "$scratch/log", puts its process into $server, and calls await_server.

scratch=$(mktemp -d)
server=
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap cleanup EXIT

# Waits until it is ready, two minutes at the longest, and sets $server_url.
await_server() {
    for _ in $(seq 600); do
        if [ -s "$scratch/port" ]; then
            server_url="http://127.0.0.1:$(cat "$scratch/port")"
            curl -sf -o /dev/null "$server_url/ready" && return 0
        fi
        kill -0 "$server" 2>/dev/null || { tail -n 5 "$scratch/log" >&2; fail "the server ended; its last words are above"; }
        sleep 0.2
    done
    tail -n 5 "$scratch/log" >&2
    fail "the server was not ready within two minutes; its last words are above"
}
