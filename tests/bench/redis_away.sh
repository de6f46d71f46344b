#!/usr/bin/env bash
# What callers hear of a Redis that does not answer: tests/bench/redis_away.sh [BUILD] [CALLS]
# 90 s of calls whose conversations are kept in a real Redis, once with Redis as it should be, once with Redis stopped
# (SIGSTOP) for 60 s of it. Prints load_caller's tables, and what Redis has of the calls at the end.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:-$root/build/release}
calls=${2:-50}
scratch=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --dir "$scratch" --appendonly yes --save "" >"$scratch/redis.log" &
redis=$!
trap 'kill -CONT $redis 2>/dev/null; kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$scratch"' EXIT
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done

echo "## Redis as it should be"
"$build/tests/load_caller" talk --calls "$calls" --seconds 90 --resumable -- --redis-port "$port"
echo "writes: $(redis-cli -p "$port" info commandstats | sed -n 's/^cmdstat_eval:calls=\([0-9]*\).*/\1/p')"
echo
echo "## Redis stopped for 60 s"
(sleep 15; kill -STOP $redis; sleep 60; kill -CONT $redis) &
away=$!
"$build/tests/load_caller" talk --calls "$calls" --seconds 90 --resumable -- --redis-port "$port"
wait $away
echo "writes: $(redis-cli -p "$port" info commandstats | sed -n 's/^cmdstat_eval:calls=\([0-9]*\).*/\1/p')"
