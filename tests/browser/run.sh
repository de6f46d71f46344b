#!/usr/bin/env bash
# Every file of tests, one after the other; one that fails is run once more (docs/decisions/0016-once-more.md).
#   run.sh [FILE...]
set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
files=("$@")
[ $# -gt 0 ] || files=(*.test.mjs)
one() { node --test --test-timeout=900000 "$1"; }

failed=()
for file in "${files[@]}"; do
    one "$file" && continue
    echo "==> run once more, as it failed at first: $file"
    one "$file" || failed+=("$file")
done
[ ${#failed[@]} -eq 0 ] || echo "failed twice: ${failed[*]}"
[ ${#failed[@]} -eq 0 ]
