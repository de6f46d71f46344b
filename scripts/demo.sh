#!/usr/bin/env bash
# A spoken call without a microphone: espeak-ng asks, Antiphon hears, thinks and answers aloud.
# Usage: scripts/demo.sh PATH_TO_ANTIPHON (scripts/run.sh demo calls it so). The question can be given as
# DEMO_QUESTION; the call is written to demo.wav (left: the question, right: the answer).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$root/scripts/lib/scratch_server.sh"
antiphon=$1
question="${DEMO_QUESTION:-How often should I give water to my plants?}"

espeak-ng -v en-gb -s 130 -w "$scratch/question.wav" "$question"
say "starting the server"
"$antiphon" serve --port 0 --port-file "$scratch/port" 2>"$scratch/log" &
server=$!
await_server
say "calling, and asking: $question"
"$antiphon" call --server "$server_url" --wav "$scratch/question.wav" --out demo.wav
say "the call is in demo.wav"
