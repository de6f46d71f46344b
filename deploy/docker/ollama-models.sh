#!/bin/sh
# Fetches what is missing of the Ollama models in OLLAMA_PULL, in their order, into the server at OLLAMA_HOST.
set -eu

missing=""
for model in $OLLAMA_PULL; do
    if ollama show "$model" >/dev/null 2>&1; then
        echo "$model is there"
    elif ollama pull "$model" 2>&1 | grep -v '^pulling .*%' && ollama show "$model" >/dev/null 2>&1; then
        echo "$model was fetched"
    else
        missing="$missing $model"
    fi
done
[ -z "$missing" ] && exit 0
echo "not fetched:$missing. Until they are, Antiphon thinks by its own model; again: docker compose up -d ollama-models" >&2
exit 1
