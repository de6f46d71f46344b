"""The deployment guide's split set-up: a client on the local PC, with an Origin of its own, and the backend on another
machine; between them a network of which each end is a namespace. tests/browser/split.test.mjs does it with Chromium."""

import asyncio
import json
import pathlib
import select
import socket
import subprocess
import sys
import threading

import pytest
import websockets

from network import SERVER_ADDRESS
from test_webrtc_network import ask, begin
from webrtc_call import calling

PIPELINE = pathlib.Path(__file__).resolve().parents[2] / "test_pipeline.py"
CHECKS = ["Server Health", "Model Readiness", "CORS Support", "ICE Configuration", "SDP Offer/Answer", "Metrics"]
ORIGINS = ["http://localhost:8080", "null"]  # a page of the PC's own server, and one from a file


class Tunnel:
    """What `ssh -L 8080:localhost:8080` does on the PC, but for the encryption: it takes TCP at the client's
    127.0.0.1:8080, and carries it to the server; no UDP."""

    def __init__(self, network, port):
        self.network, self.port, self.ends = network, port, []
        network.run("client", "ip", "link", "set", "lo", "up")
        self.listener = network.within("client", lambda: socket.create_server(("127.0.0.1", 8080)))
        self.thread = threading.Thread(target=network.within, args=("client", self._serve))
        self.thread.start()

    def _serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection((SERVER_ADDRESS, self.port), timeout=10)
            pump = threading.Thread(target=self._carry, args=(near, far))
            pump.start()
            self.ends.append((near, far, pump))

    def _carry(self, near, far):
        other = {near: far, far: near}
        while other:
            for end in select.select(list(other), [], [], 30)[0]:
                try:
                    data = end.recv(65536)
                    other[end].sendall(data)
                except OSError:
                    data = b""
                if not data:
                    near.close()
                    far.close()
                    return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for near, far, pump in self.ends:
            for end in (near, far):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has ended by itself
            pump.join()


@pytest.fixture
def backend(networked_server, network):
    one = networked_server("language_model.max_tokens=16")
    network.set("both", delay_ms=20)
    return one


async def type_a_question(url, origin):
    async with websockets.connect(url, origin=origin, max_size=None) as call:
        async def until(kind):
            while True:
                event = json.loads(await asyncio.wait_for(call.recv(), 60))
                if event["type"] == kind:
                    return event

        await until("session.created")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
        await call.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await call.send(json.dumps({"type": "response.create"}))
        assert (await until("response.output_audio.delta"))["delta"]
        assert (await until("response.done"))["response"]["status"] in ("completed", "incomplete")


def pipeline(network, url, *words):
    """The guide's script on the PC: its lines, all of which must be good."""
    command = network.command("client", [sys.executable, PIPELINE, "--server", url, *words])
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split(":")[0].removeprefix("✓ ") for line in done.stdout.splitlines() if line.startswith("✓")]


def test_pages_of_the_pc_call_the_backend(network, backend):
    async def hold(place):
        for origin in ORIGINS:
            preflight = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
            status, headers, _ = await asyncio.to_thread(place.get, "/v1/realtime/calls", preflight, "OPTIONS")
            assert status == 204 and headers["Access-Control-Allow-Origin"] in ("*", origin)
            _, headers, _ = await asyncio.to_thread(place.get, "/ready", {"Origin": origin})
            assert headers["Access-Control-Allow-Origin"] in ("*", origin)
            await type_a_question(place.websocket_url, origin)

        class FromPage:
            """The offer is posted as the page posts it."""

            def get(self, path, headers=None, *request):
                return place.get(path, {**(headers or {}), "Origin": ORIGINS[0]}, *request)

        async with calling(FromPage()) as call:
            await begin(call)
            heard, loud = await ask(call)
            assert "country" in heard.lower() and loud > 0.5
            assert (await call.hang_up())[0] == 200

    backend.call_from_client(hold)
    backend.wait_until_no_calls()
    assert pipeline(network, backend.url) == CHECKS


def test_through_a_tunnel_as_of_ssh(network, backend):
    tunnel = Tunnel(network, backend.port)
    try:
        assert pipeline(network, "http://localhost:8080") == CHECKS
        page = network.run("client", "curl", "--silent", "--fail", "http://localhost:8080/call")
        assert "</html>" in page
        network.within("client", lambda: asyncio.run(
            type_a_question("ws://localhost:8080/v1/realtime?model=test", "http://localhost:8080")))
        backend.wait_until_no_calls()
    finally:
        tunnel.close()
