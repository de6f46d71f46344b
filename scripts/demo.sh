#!/usr/bin/env bash
# A spoken call without a microphone: espeak-ng asks, Antiphon hears, thinks and answers aloud.
# Usage: scripts/demo.sh PATH_TO_ANTIPHON (scripts/run.sh demo calls it so). The question can be given as
# DEMO_QUESTION; the call is written to demo.wav (left: the question, right: the answer).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
antiphon=$1
question="${DEMO_QUESTION:-How often should I give water to my plants?}"

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

espeak-ng -v en-us -s 150 -w "$scratch/question.wav" "$question"
say "starting the server"
"$antiphon" serve --port 0 --port-file "$scratch/port" 2>"$scratch/log" &
server=$!
for _ in $(seq 300); do
    [ -s "$scratch/port" ] && curl -sf -o /dev/null "http://127.0.0.1:$(cat "$scratch/port")/ready" && break
    kill -0 "$server" 2>/dev/null || { tail -n 5 "$scratch/log" >&2; fail "the server ended; its last words are above"; }
    sleep 0.2
done
say "calling, and asking: $question"
"$antiphon" call --server "http://127.0.0.1:$(cat "$scratch/port")" --wav "$scratch/question.wav" --out demo.wav
say "the call is in demo.wav"
