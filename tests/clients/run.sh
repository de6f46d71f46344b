#!/usr/bin/env bash
# Stock Realtime clients against the real binary with real models, each as its users write it:
#   tests/clients/run.sh [CLIENT...]     openai agents beta pipecat livekit; all without a name
# Each holds three spoken turns, a tool call that must run once, and an interruption. Prints a line PASS or FAIL for each,
# and fails if one did. What is installed comes from lock files with hashes, into the user's cache folder.
# ANTIPHON_BINARY names the program (build/release/antiphon otherwise); ANTIPHON_URL a server that runs already;
# ANTIPHON_BETA_CLIENT the folder of openai-realtime-api-beta, which is not on npm: without it its port on npm is used.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source "$root/scripts/lib/node.sh"
source "$root/scripts/lib/scratch_server.sh"
here="$root/tests/clients"

clients=("$@")
[ ${#clients[@]} -gt 0 ] || clients=(openai agents beta pipecat livekit)
for client in "${clients[@]}"; do
    case "$client" in openai | agents | beta | pipecat | livekit) ;;
        *) fail "no client '$client': openai agents beta pipecat livekit" ;;
    esac
done

# environment PINS: a virtual environment of these pins, made once for each version of them.
environment() {
    local pins=$1 venv
    venv="$cache/venv/$(sha256sum <"$pins" | cut -c1-16)"
    if [ ! -e "$venv/complete" ]; then
        say "installing $(basename "$pins" .txt)"
        rm -rf "$venv"
        quietly "making a virtual environment" python3 -m venv "$venv"
        quietly "installing $pins" "$venv/bin/pip" install --require-hashes -r "$pins"
        touch "$venv/complete"
    fi
    echo "$venv/bin/python"
}

node_packages() {
    ensure_node
    (
        cd "$here/node"
        [ -d node_modules ] && cmp -s package-lock.json node_modules/.antiphon-lock && exit 0
        quietly "installing the Node clients" npm ci --no-audit --no-fund
        cp package-lock.json node_modules/.antiphon-lock
    )
}

# The questions: as 24 kHz 16-bit samples, and the words by which they are known again.
ask() {  # NUMBER SENTENCE WORDS
    espeak-ng -v en-us -s 145 -w "$scratch/question.wav" "$2"
    sox "$scratch/question.wav" -t raw -e signed -b 16 -c 1 -r 24000 "$scratch/question$1.raw" pad 0.2 0
    echo "$3" >"$scratch/question$1.words"
}
ask 1 "How often should I give water to my plants?" "how often water plants"
ask 2 "What is the capital of Germany?" "what capital germany"
ask 3 "Please tell me a story about a dog." "tell story dog"

export ANTIPHON_SPEECH="$scratch"
if [ -z "${ANTIPHON_URL:-}" ]; then
    binary="${ANTIPHON_BINARY:-$root/build/release/antiphon}"
    [ -x "$binary" ] || fail "$binary is missing: build it first, or name it in ANTIPHON_BINARY"
    # In an empty folder, so that no .env is read; without our own variables, which it would take for settings.
    mkdir "$scratch/server"
    (
        cd "$scratch/server"
        exec env -u ANTIPHON_BINARY -u ANTIPHON_BETA_CLIENT -u ANTIPHON_SPEECH "$binary" serve --port 0 --port-file "$scratch/port" \
            --set language_model.max_tokens=40 2>"$scratch/log"
    ) &
    server=$!
    await_server
    export ANTIPHON_URL="$server_url"
fi

failed=0
# What a client says besides its lines is shown only when it fails.
run() {
    local said="$scratch/said"
    timeout 600 "$@" 2>"$said" && return 0
    failed=$((failed + 1))
    tail -n 30 "$said" >&2
}

for client in "${clients[@]}"; do
    case "$client" in
        openai)
            python=$(environment "$root/tests/wire/requirements.txt")
            run "$python" "$here/python/openai_async.py"
            run "$python" "$here/python/openai_sync.py"
            ;;
        agents)
            node_packages
            run node "$here/node/agents.mjs"
            run node "$here/node/agents_webrtc.mjs"
            ;;
        beta)
            node_packages
            run node "$here/node/beta.mjs"
            run env BETA_BY=subprotocol node "$here/node/beta.mjs"
            [ -z "${ANTIPHON_BETA_CLIENT:-}" ] || run env BETA_CLIENT="$ANTIPHON_BETA_CLIENT" node "$here/node/beta.mjs"
            ;;
        pipecat | livekit)
            python=$(environment "$here/python/requirements-$client.txt")
            run "$python" "$here/python/${client}_client.py"
            ;;
    esac
done
[ "$failed" -eq 0 ]
