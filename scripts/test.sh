#!/usr/bin/env bash
# Installs what is missing, builds, fetches the models and passes all tests:
#   ./scripts/test.sh              everything, as CI does
#   ./scripts/test.sh STAGE...     only these: rooms page unit contract scenes wire browser asan tsan
#   ./scripts/test.sh clients      the stock clients of others (docs/clients.md), which is not part of everything
# Can be run again at any time; what is there already takes no time.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$root/scripts/lib/packages.sh"
source "$root/scripts/lib/node.sh"
source "$root/scripts/lib/build.sh"
cd "$root"

# Ours, not a setting: the server refuses what it does not know.
beta_client="${ANTIPHON_BETA_CLIENT:-}"
unset ANTIPHON_BETA_CLIENT

stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(rooms page unit contract scenes wire browser asan tsan)
for stage in "${stages[@]}"; do
    case "$stage" in rooms | page | unit | contract | scenes | wire | browser | asan | tsan | clients) ;;
        *) fail "no stage '$stage': rooms page unit contract scenes wire browser asan tsan clients" ;;
    esac
done

passed=0
failures=()
began=$SECONDS

# stage NAME COMMAND...: runs one part of the tests; its failure is kept for the end, the others still run.
stage() {
    local name=$1 start=$SECONDS; shift
    say "test: $name"
    if "$@"; then
        passed=$((passed + 1))
        say "ok: $name ($((SECONDS - start)) s)"
    else
        failures+=("$name")
        say "FAILED: $name ($((SECONDS - start)) s)"
    fi
}

wanted() {
    local one other
    for one in "$@"; do for other in "${stages[@]}"; do [ "$one" = "$other" ] && return 0; done; done
    return 1
}

run_ctest() {  # PRESET LABELS-REGEX
    ctest --test-dir "build/$1" -L "$2" --output-on-failure -j "$3" --no-tests=error --repeat until-pass:2
}

# Each program as a whole, two at a time: under a sanitizer a process for every single test takes longer than the test.
run_programs() {  # PRESET PROGRAM...
    local preset=$1 program bad=0; shift
    local -x ANTIPHON_PROPERTY_SEQUENCES=500  # the unit stage plays them all
    (cd "build/$preset/tests" && printf '%s\n' "$@" | xargs -P 2 -I{} bash -c \
        'rm -f {}.passed; start=$SECONDS; timeout 900 ./{} --gtest_brief=1 >{}.log 2>&1 && echo $((SECONDS - start)) >{}.passed') || true
    for program in "$@"; do
        if [ -e "build/$preset/tests/$program.passed" ]; then
            echo "$program: passed ($(<"build/$preset/tests/$program.passed") s)"
        else
            bad=1
            echo "$program: FAILED; the end of build/$preset/tests/$program.log:"
            tail -n 60 "build/$preset/tests/$program.log"
            grep -E '^\[  FAILED  \]|^SUMMARY: |runtime error: ' "build/$preset/tests/$program.log" | head -n 20 || true
        fi
    done
    return $bad
}

# A virtual environment outside the clone, made once for each version of the pins.
python_environment() {
    local pins="$root/tests/wire/requirements.txt" venv
    venv="$cache/venv/$(sha256sum <"$pins" | cut -c1-16)"
    if [ ! -e "$venv/complete" ]; then
        say "installing the Python clients of the wire tests" >&2
        rm -rf "$venv"
        quietly "making a virtual environment" python3 -m venv "$venv"
        quietly "installing the wire tests' clients" "$venv/bin/pip" install --require-hashes -r "$pins"
        touch "$venv/complete"
    fi
    echo "$venv/bin/python"
}

# Two files at a time, in the order of tests/wire/conftest.py: most of their time is that of calls, silences and cut links,
# in which nothing is computed.
wire_tests() {  # PRESET PYTEST-OPTION...
    local python preset=$1; shift
    python=$(python_environment) || return 1
    ANTIPHON_BINARY="$root/build/$preset/antiphon" "$python" -m pytest -q -p no:cacheprovider -n 2 --dist loadfile \
        --no-loadscope-reorder --durations 20 "$@" tests/wire
}

# npm ci, unless what is installed is what the lock file says.
node_packages() {
    [ -d node_modules ] && cmp -s package-lock.json node_modules/.antiphon-lock && return 0
    quietly "installing the packages of $(basename "$PWD")" npm ci && cp package-lock.json node_modules/.antiphon-lock
}

page_tests() { (cd web && node_packages && npm run --silent check && npm test --silent); }

browser_tests() {
    (cd tests/browser && node_packages && ANTIPHON_BINARY="$root/build/release/antiphon" ./run.sh)
}

client_tests() {
    env -u ANTIPHON_URL ANTIPHON_BINARY="$root/build/release/antiphon" ANTIPHON_BETA_CLIENT="$beta_client" tests/clients/run.sh
}

install_packages build test
ensure_node
wanted rooms && stage rooms tools/check_rooms
wanted page && stage "call page" page_tests

# Sanitizers look at our own code; the models and their libraries are the release's.
sanitizer_options() {
    export ASAN_OPTIONS="detect_leaks=1:halt_on_error=1" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
    export LSAN_OPTIONS="suppressions=$root/tests/sanitizers/leaks.txt:print_suppressions=0"
    export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$root/tests/sanitizers/races.txt"
}

if wanted unit contract scenes wire browser; then build_antiphon release; fi
if wanted clients; then build_antiphon release antiphon; fi
if wanted unit contract wire browser asan clients; then
    [ -x build/release/antiphon ] || build_antiphon release antiphon
    build/release/antiphon models fetch tiny whisper-tiny.en || fail "the models of set tiny could not be fetched"
fi

# What the sanitizers' stages need is built beside those before them, with what these leave of the processor.
ahead=
build_for_sanitizers() {
    ! wanted asan || build_antiphon asan
    ! wanted tsan || build_antiphon tsan scenes unit_base unit_call unit_edge
}
if wanted asan tsan && wanted unit contract scenes wire browser; then
    set -m  # a group of its own, that can be ended as a whole
    (chrt --idle --pid 0 "$BASHPID"; build_for_sanitizers) &
    ahead=$!
    set +m
    trap 'kill -- "-$ahead" 2>/dev/null || true' EXIT
fi

wanted unit && stage unit run_ctest release unit 2
wanted contract && stage contract run_ctest release contract 1
wanted scenes && stage scenes run_ctest release scenes 2
wanted wire && stage wire wire_tests release tests/deploy
wanted browser && stage browser browser_tests
wanted clients && stage clients client_tests
# A failure in there is met again here, and ends the run.
[ -z "$ahead" ] || wait "$ahead" || true
build_for_sanitizers
if wanted asan; then
    sanitizer_options
    mapfile -t programs < <(cd build/asan/tests && ls -d contract_* unit_* scenes | grep -vE '[[]|[.]')
    stage "asan+ubsan: unit, contract, scenes" run_programs asan "${programs[@]}"
    stage "asan+ubsan: wire" wire_tests asan -m "not real_time and not surroundings"
fi
if wanted tsan; then
    sanitizer_options
    stage "tsan: call and edge" run_programs tsan unit_edge scenes unit_base unit_call
fi

say "tests took $((SECONDS - began)) s"
[ ${#failures[@]} -eq 0 ] || say "failed: ${failures[*]}"
echo "$passed passed, ${#failures[@]} failed"
[ ${#failures[@]} -eq 0 ]
