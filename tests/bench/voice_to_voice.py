#!/usr/bin/env python3
"""Measures voice to voice with `antiphon call`, speculation on against off, interleaved in one run.

    tests/bench/voice_to_voice.py build/release/antiphon
    tests/bench/voice_to_voice.py build/release/antiphon --transport webrtc --other-network "loss=0.05 jitter_ms=30"

Two servers run side by side, alike but for what --other changes (turn.speculate=false unless told). They are
called in turns, A B A B, with the same questions: tests/golden/questions/*.txt spoken by espeak-ng in
several voices, a voice that is neither the recognizer's training speaker nor the answering one. The latency
is taken on the waveform at the caller, as src/app/caller_conversation.hpp defines it. One warm-up call per
server is left out. With --transport webrtc the caller is webrtc_caller (docs/load.md), whose packets can go
through a bad network both ways; the second server then differs by its network, and by --other if that is given.
Prints a Markdown table; needs espeak-ng and Python's standard library.
"""

import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

QUESTIONS = pathlib.Path(__file__).resolve().parents[1] / "golden" / "questions"
VOICES = [("en-gb", 150), ("en-gb+f2", 145), ("en-gb+m3", 145), ("en-gb+f1", 150), ("en-gb+f4", 140), ("en-gb+m1", 155)]
LATE_MS = 5  # a frame sent later than this makes a turn's figure doubtful (too long, never too short)


def words(text):
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def word_errors(expected, heard):
    """The edit distance in words."""
    row = list(range(len(heard) + 1))
    for i, left in enumerate(expected, 1):
        above_left, row[0] = row[0], i
        for j, right in enumerate(heard, 1):
            above_left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above_left + (left != right))
    return row[-1]


def percentile(values, share):
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


class Server:
    def __init__(self, name, binary, settings, folder, network):
        self.name = name
        self.network = network
        self.turns = []
        file_name = re.sub(r"[^\w.,=-]", "_", name)
        self.log = open(folder / f"{file_name}.log", "wb")
        port_file = folder / f"{file_name}.port"
        command = [binary, "serve", "--port", "0", "--port-file", str(port_file)]
        for setting in settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        begun = time.monotonic()
        while not (port_file.exists() and port_file.read_text().strip()):
            self.must_run(begun)
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        while not self.ready():
            self.must_run(begun)
        self.before = self.metrics()

    def must_run(self, begun):
        if self.process.poll() is not None or time.monotonic() - begun > 120:
            sys.exit(f"the server did not start; see {self.log.name}")
        time.sleep(0.1)

    def ready(self):
        try:
            with urllib.request.urlopen(self.url + "/ready", timeout=5) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def metrics(self):
        with urllib.request.urlopen(self.url + "/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] not in ("#", ""))}

    def since(self, name):
        return self.metrics().get(name, 0.0) - self.before.get(name, 0.0)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def call(program, transport, server, questions, out):
    if transport == "webrtc":
        network = ["--network", server.network] if server.network else []
        command = [program, "--port", server.url.rpartition(":")[2], *network, "ask"]
        command += [str(question["wav"]) for question in questions]
    else:
        command = [program, "call", "--json", "--transport", "websocket", "--server", server.url, "--out", str(out)]
        for question in questions:
            command += ["--wav", str(question["wav"])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0:
        print(f"{server.name}: {done.stderr.strip()} (after {len(turns)} of {len(questions)} turns)", file=sys.stderr)
    for turn, question in zip(turns, questions):
        turn["asked"] = question["text"]
    return turns + [{"asked": question["text"], "lost": True} for question in questions[len(turns):]]


def speak_questions(count, folder):
    texts = sorted(QUESTIONS.glob("*.txt"))
    questions = []
    for i in range(count):
        text = texts[i % len(texts)]
        voice, speed = VOICES[(i + i // len(texts)) % len(VOICES)]
        wav = folder / f"{i:02}-{text.stem}-{voice}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(wav), "-f", str(text)], check=True)
        questions.append({"wav": wav, "text": text.read_text()})
    random.Random(1).shuffle(questions)
    return questions


def row(label, cells):
    print("| " + " | ".join([label, *cells]) + " |")


def report(servers, load):
    print(f"{os.cpu_count()} cores; load average {load[0]:.2f} before, {os.getloadavg()[0]:.2f} after\n")
    row("", [server.name for server in servers])
    row("---", ["---:"] * len(servers))
    answered = [[turn for turn in server.turns if "lost" not in turn] for server in servers]
    latencies = [[turn["voice_to_voice_ms"] for turn in turns if turn["voice_to_voice_ms"] is not None] for turns in answered]
    row("turns answered", [f"{len(turns)} of {len(server.turns)}" for turns, server in zip(answered, servers)])
    for label, take in (("p50", lambda v: percentile(v, 50)), ("p95", lambda v: percentile(v, 95)), ("longest", max)):
        row(f"voice to voice, {label}", [f"{take(values):.0f} ms" if values else "none" for values in latencies])
    row("turns measured", [str(len(values)) for values in latencies])
    row("cut-ins before the question's end", [str(sum(turn["cut_ins"] for turn in turns)) for turns in answered])
    row("turns with a question sent over 5 ms late", [str(sum(turn["send_lateness_ms"] > LATE_MS for turn in turns)) for turns in answered])
    cells = []
    for turns in answered:
        wrong = sum(word_errors(words(turn["asked"]), words(turn["heard"])) for turn in turns)
        cells.append(f"{100 * wrong / max(1, sum(len(words(turn['asked'])) for turn in turns)):.1f} %")
    row("word error rate of the captions", cells)
    row("speculations that hit", [f"{server.since('antiphon_speculation_hits_total'):.0f} of "
                                  f"{server.since('antiphon_speculations_total'):.0f}" for server in servers])
    cells = []
    for server in servers:
        wasted = server.since("antiphon_engine_wasted_seconds_total")
        total = wasted + server.since("antiphon_engine_used_seconds_total")
        cells.append(f"{wasted:.1f} of {total:.1f} s ({100 * wasted / total if total else 0:.0f} %)")
    row("engine time wasted", cells)
    for stage in ("transcript", "first_token", "first_clause", "first_sound", "turn_end", "first_audio"):
        cells = []
        for turns in answered:
            values = [remark[stage + "_seconds"] for turn in turns for remark in turn["server"]
                      if remark["type"] == "antiphon.turn" and stage + "_seconds" in remark]
            cells.append(f"{1000 * statistics.median(values):.0f} ms" if values else "none")
        row(f"server's own, {stage}, p50", cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--turns", type=int, default=30, help="per server (default 30)")
    parser.add_argument("--per-call", type=int, default=5, help="turns of one call (default 5)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of both servers")
    parser.add_argument("--other", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of the second server only (default turn.speculate=false)")
    parser.add_argument("--keep", type=pathlib.Path, help="keep sounds, logs and turns in this folder")
    parser.add_argument("--transport", choices=("websocket", "webrtc"), default="websocket")
    parser.add_argument("--caller", help="webrtc_caller (default: in tests/ beside the binary)")
    parser.add_argument("--network", default="", metavar="NAME=VALUE...",
                        help="of both servers' calls, WebRTC only (tests/network/impairment.hpp)")
    parser.add_argument("--other-network", metavar="NAME=VALUE...", help="of the second server's calls only")
    options = parser.parse_args()
    program, common, networks = options.binary, options.set, (options.network, options.network)
    if options.transport == "webrtc":
        program = options.caller or str(pathlib.Path(options.binary).parent / "tests" / "webrtc_caller")
        common = common + ["webrtc.ports=0", "webrtc.bind_address=127.0.0.1"]
        networks = options.network, options.network if options.other_network is None else options.other_network
    elif options.network or options.other_network:
        parser.error("a network can be made worse with --transport webrtc only")
    other = options.other or ([] if networks[0] != networks[1] else ["turn.speculate=false"])
    names = "as set", ", ".join(other)
    if networks[0] != networks[1]:
        names = networks[0] or "good network", ", ".join([networks[1] or "good network", *other])

    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.port"):
            stale.unlink()
        questions = speak_questions(options.turns, folder)
        servers = []
        try:
            servers.append(Server(names[0], options.binary, common, folder, networks[0]))
            servers.append(Server(names[1], options.binary, common + other, folder, networks[1]))
            for server in servers:
                call(program, options.transport, server, questions[:1], folder / "warm-up.wav")
                server.before = server.metrics()
            load = os.getloadavg()
            for begin in range(0, len(questions), options.per_call):
                for index, server in enumerate(servers):
                    some = questions[begin:begin + options.per_call]
                    server.turns += call(program, options.transport, server, some, folder / f"call-{begin:02}-{'AB'[index]}.wav")
            if options.keep:
                (folder / "turns.json").write_text(json.dumps({server.name: server.turns for server in servers}, indent=1))
            report(servers, load)
        finally:
            for server in servers:
                server.close()
    return 0 if all("lost" not in turn for server in servers for turn in server.turns) else 1


if __name__ == "__main__":
    sys.exit(main())
