#!/usr/bin/env python3
"""Slow clients against the server alone, and against nginx before it: what becomes of everybody else.

    python tests/bench/slow_clients.py build/release/antiphon [--clients 2000] [--seconds 60]

Half of the slow clients send a header, half a body, one byte every two seconds; who is cut off comes back at once. They
come from --addresses addresses of this machine. Meanwhile /health is asked for, on a new connection each time, and a
call by WebSocket speaks and counts how evenly its answer's sound comes. Run with the Python of the wire tests.
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import pathlib
import random
import resource
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "wire"))
import websockets  # noqa: E402
from server import Server  # noqa: E402
from whole_nginx import WholeNginx, connections_to  # noqa: E402

HEADER = b"GET /call HTTP/1.1\r\nHost: a\r\nX-Slow: "
BODY = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
PACE = 2  # seconds between two bytes
SPREAD = 10  # seconds within which they come, so that they are not all cut off at once


class Crowd:
    """Slow clients that come back as often as they are cut off."""

    def __init__(self, port, count, addresses, connected):
        self.port, self.connected = port, connected
        self.tasks = [asyncio.create_task(self._crawl(HEADER if n % 2 else BODY, f"127.0.9.{1 + n // 2 % addresses}")) for n in range(count)]

    async def _crawl(self, beginning, address):
        await asyncio.sleep(random.uniform(0, SPREAD))
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
            except OSError:
                await asyncio.sleep(PACE)
                continue
            self.connected.value += 1
            closed = asyncio.ensure_future(reader.read())
            try:
                writer.write(beginning)
                while not (await asyncio.wait({closed}, timeout=PACE))[0]:
                    writer.write(b"x")
                    await writer.drain()
                closed.exception()
            except OSError:
                pass
            finally:
                self.connected.value -= 1
                writer.transport.abort()
                closed.cancel()
                await asyncio.gather(closed, return_exceptions=True)


def crowd(*arguments):
    """In a process of its own that stands back: the crowd of others is not on the server's machine."""
    os.nice(10)

    async def crawl_for_ever():
        await asyncio.gather(*Crowd(*arguments).tasks)

    asyncio.run(crawl_for_ever())


async def ask_for_health(port, seconds):
    took, wrong = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        at = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            wrong += not answer.startswith(b"HTTP/1.1 200")
            writer.close()
        except (OSError, asyncio.TimeoutError):
            wrong += 1
        took.append((time.monotonic() - at) * 1000)
        await asyncio.sleep(0.05)
    return took, wrong


async def speak_and_hear(port, seconds):
    """How late the sound of a call's answers is: each piece against the time at which it is to be heard, from the
    first one of its answer on. Answers until the time is over; the greatest lateness of each."""
    latenesses = []
    end = time.monotonic() + seconds
    async with websockets.connect(f"ws://127.0.0.1:{port}/v1/realtime?model=test", max_size=None) as call:
        async def tell(event):
            await call.send(json.dumps(event))

        await call.recv()
        while time.monotonic() < end:
            item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tell me about the sea."}]}
            await tell({"type": "conversation.item.create", "item": item})
            await tell({"type": "response.create"})
            began, heard, late = None, 0, 0.0
            while True:
                event = json.loads(await asyncio.wait_for(call.recv(), 60))
                if event["type"] == "response.output_audio.delta":
                    began = began or time.monotonic()
                    late = max(late, time.monotonic() - began - heard)
                    heard += len(base64.b64decode(event["delta"])) / 48000
                elif event["type"] == "response.done":
                    assert event["response"]["status"] in ("completed", "incomplete"), event
                    break
                elif event["type"] == "error":
                    raise AssertionError(event)
            latenesses.append(late * 1000)
    return latenesses


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share / 100))]


async def measure(name, port, app_port, options, clients):
    connected = multiprocessing.Value("i", 0)
    slow = multiprocessing.Process(target=crowd, args=(port, clients, options.addresses, connected), daemon=True)
    slow.start()
    await asyncio.sleep(SPREAD + 12 if clients else 1)  # all of them are there, and the first have been cut off
    at_app = []

    async def watch():
        while True:
            at_app.append((connected.value, connections_to(app_port)))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    (took, wrong), late = await asyncio.gather(ask_for_health(port, options.seconds), speak_and_hear(port, options.seconds))
    watching.cancel()
    slow.kill()
    slow.join()
    print(f"| {name} | {clients} | {percentile([c for c, _ in at_app], 50)} | {max(a for _, a in at_app)} | {len(took)}, {wrong} wrong "
          f"| {percentile(took, 50):.1f} / {percentile(took, 99):.1f} / {max(took):.1f} ms | {len(late)} | {max(late):.0f} ms |", flush=True)


async def run(options):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        server = Server(options.binary.resolve(), folder, ["language_model.max_tokens=40"])
        server.wait_until_ready()
        nginx = WholeNginx(folder / "nginx", server.port)
        try:
            print(f"{os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} before; {options.seconds} s each, {options.addresses} addresses\n")
            print("| | slow clients | connected, p50 | connections at the server, most | /health asked | p50 / p99 / longest | answers | sound late by at most |")
            print("|---|---:|---:|---:|---:|---:|---:|---:|")
            for name, port in (("the server alone", server.port), ("nginx before it", nginx.port)):
                for clients in (0, options.clients):
                    await measure(name, port, server.port, options, clients)
            print(f"\nload average {os.getloadavg()[0]:.1f} after")
        finally:
            nginx.stop()
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--addresses", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
