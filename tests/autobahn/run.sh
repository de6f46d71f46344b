#!/usr/bin/env bash
# The Autobahn WebSocket suite against the product's own WebSocket (build/release/tests/echo_server):
#   tests/autobahn/run.sh [CASE...]        default: sections 1-7, 9 and 10; for example 1.* 6.4.*
# Prints a table and fails unless every case passed strictly. The suite needs CPython 2.7 on x86_64 (ANTIPHON_PYTHON27,
# python2.7 in PATH, or one of pyenv's) and takes about ten minutes. Sections 12 and 13 are about compression, which
# is not offered. The reports of each case stay in build/autobahn.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
cd "$root"

echo_server="$root/build/release/tests/echo_server"
[ -x "$echo_server" ] || fail "$echo_server is missing: ninja -C build/release echo_server"

python27() {
    local one
    for one in "${ANTIPHON_PYTHON27:-}" "$(command -v python2.7 || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7*/bin/python; do
        if [ -n "$one" ] && [ -x "$one" ] && "$one" -c 'import ssl' 2>/dev/null; then echo "$one"; return; fi
    done
    fail "no Python 2.7 was found: name one in ANTIPHON_PYTHON27 (pyenv install 2.7.18 makes one)"
}
python=$(python27)

pins="$root/tests/autobahn/requirements.txt"
site="$cache/autobahn/$(sha256sum <"$pins" | cut -c1-16)"
if [ ! -e "$site/complete" ]; then
    say "installing the suite"
    rm -rf "$site"
    quietly "installing the Autobahn suite" "$python" -m pip install --no-deps --require-hashes --target "$site" -r "$pins"
    touch "$site/complete"
fi

reports="$root/build/autobahn"
rm -rf "$reports"
mkdir -p "$reports"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
"$echo_server" --port-file "$reports/port" 2>"$reports/server.log" &
server=$!
for _ in $(seq 100); do [ -s "$reports/port" ] && break; sleep 0.05; done

cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=('1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*')
python3 - "$reports" "${cases[@]}" <<'END'
import json, pathlib, sys
reports, cases = pathlib.Path(sys.argv[1]), sys.argv[2:]
port = (reports / "port").read_text().strip()
(reports / "spec.json").write_text(json.dumps({
    "outdir": str(reports), "cases": cases, "exclude-cases": [], "exclude-agent-cases": {},
    "servers": [{"agent": "antiphon", "url": f"ws://127.0.0.1:{port}"}]}))
END
began=$SECONDS
load_before=$(cut -d' ' -f1 /proc/loadavg)
# Without site.addsitedir the namespace packages of --target would not be found; autobahn expects an older txaio, which
# chose its framework by itself.
(cd "$reports" && quietly "the suite" timeout 1800 "$python" -W ignore -c "
import site, sys
site.addsitedir('$site')
import txaio
txaio.use_twisted()
sys.argv = ['wstest', '-m', 'fuzzingclient', '-s', 'spec.json']
from autobahntestsuite import wstest
wstest.run()")

python3 - "$reports" "$((SECONDS - began))" "$load_before" <<'END'
import collections, json, pathlib, sys
reports, seconds, load_before = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
load = pathlib.Path("/proc/loadavg").read_text().split()[0]
results = json.loads((reports / "index.json").read_text())["antiphon"]
sections = collections.defaultdict(collections.Counter)
bad = []
for case, result in sorted(results.items(), key=lambda item: [int(part) for part in item[0].split(".")]):
    worst = next((o for o in (result["behavior"], result["behaviorClose"]) if o not in ("OK", "INFORMATIONAL")), result["behavior"])
    sections[int(case.split(".")[0])][worst] += 1
    if worst not in ("OK", "INFORMATIONAL"):
        bad.append(f"{case} {worst}")
print(f"{len(results)} cases in {seconds} s; load average {load_before} before, {load} after\n")
print("| section | passed | informational | non-strict | failed |\n|---|---:|---:|---:|---:|")
for section, counts in sorted(sections.items()):
    rest = sum(counts.values()) - counts["OK"] - counts["INFORMATIONAL"] - counts["NON-STRICT"]
    print(f"| {section} | {counts['OK']} | {counts['INFORMATIONAL']} | {counts['NON-STRICT']} | {rest} |")
for line in bad:
    print(f"\n{line}")
sys.exit(1 if bad or not results else 0)
END
