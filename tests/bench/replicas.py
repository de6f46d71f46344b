#!/usr/bin/env python3
"""Several servers behind nginx that share one Redis: one is killed and one drained in the midst of many calls.

    tests/bench/replicas.py build/release/tests/fake_server [--calls 60] [--seconds 12] [--rounds 1] [--drain-ms 5000]

Real nginx with the site of docs/operate.md, real redis-server with an append-only file that is written at once, and three
fake_servers: all of the server but the models. Half of the callers type their turns, half speak them in real time; all
come back through nginx when their connection is lost, at once and then with pauses of 50 to 400 ms. After a third of the
time the first server is killed (SIGKILL), after two thirds the second is told to end (SIGTERM). What is stored in the end
is held against what was said. Needs the Python environment of the wire tests. Prints a Markdown table; the exit status is
1 when a call did not come back within 2 s, or a turn was lost or doubled.
"""

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))

from nginx import Balancer  # noqa: E402
from redis_server import Redis  # noqa: E402
from replicas import Outcome, Replica, callers_of, play  # noqa: E402

LIMIT_SECONDS = 2


async def measure(program, calls, seconds, drain_ms, seed, folder):
    redis = Redis(folder)
    replicas = [Replica(program, folder / f"replica{i}", redis.port, "--drain-ms", drain_ms) for i in range(3)]
    balancer = None
    drained = 0.0
    try:
        balancer = Balancer(folder / "nginx", [one.port for one in replicas])
        callers = callers_of(f"ws://127.0.0.1:{balancer.port}", calls, seed)

        async def trouble():
            nonlocal drained
            await asyncio.sleep(seconds / 3)
            replicas[0].kill()
            await asyncio.sleep(seconds / 3)
            replicas[1].drain()
            began = time.monotonic()
            while replicas[1].process.poll() is None:
                await asyncio.sleep(0.02)
            drained = time.monotonic() - began
            await asyncio.sleep(max(0.0, seconds / 3 - drained))

        await play(callers, asyncio.Event(), trouble)
        await asyncio.sleep(1)  # for the last writes
        outcome = Outcome(callers, redis)
        for caller in callers:
            await caller.leave()
        return outcome, drained
    finally:
        if balancer:
            balancer.stop()
        for one in replicas:
            one.end()
        redis.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--drain-ms", default="5000", help="0: calls are handed over in mid-sentence")
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} before\n")
    print("| round | turns | lost by the kill | drained | resumed | p50 | longest | drained in | turns lost | doubled |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    failed = False
    for round_number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            outcome, drained = asyncio.run(measure(options.program, options.calls, options.seconds, options.drain_ms,
                                                   round_number, pathlib.Path(folder)))
        codes = [loss.code for loss in outcome.losses]
        longest = max(outcome.resumed, default=0.0)
        share = 100 * len(outcome.resumed) / max(1, len(outcome.losses))
        print(f"| {round_number + 1} | {outcome.turns} | {len(codes) - codes.count(1012)} | {codes.count(1012)} | {share:.0f} % "
              f"| {1000 * outcome.percentile(0.5):.0f} ms | {1000 * longest:.0f} ms | {drained:.1f} s "
              f"| {outcome.lost} | {outcome.doubled} |", flush=True)
        for fault in outcome.faulty:
            print(f"fault: {fault}", file=sys.stderr)
        failed |= share < 100 or longest > LIMIT_SECONDS or outcome.lost + outcome.doubled > 0 or bool(outcome.faulty)
    print(f"\nload average {os.getloadavg()[0]:.1f} after")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
