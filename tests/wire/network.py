"""A bad network between two namespaces that exist as long as the test: tests/network/impair.cpp.

The server's end has the address 10.77.0.1, the client's 10.77.0.2; nothing else can be reached from either.
"""

import asyncio
import ctypes
import json
import os
import pathlib
import subprocess
import threading

import pytest

import server

SERVER_ADDRESS = "10.77.0.1"
CLIENT_ADDRESS = "10.77.0.2"
NO_PERMISSION = 77
CLONE_NEWNET = 0x40000000


class Network:
    def __init__(self, program: pathlib.Path, seed=1):
        self._process = subprocess.Popen(
            [str(program), "--seed", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        line = self._process.stdout.readline()
        if not line:
            reason = self._process.stderr.read().strip()
            code = self._process.wait()
            if code == NO_PERMISSION:
                pytest.skip(f"this machine does not let us make network namespaces and TUN devices ({reason})")
            raise AssertionError(f"impair ended with {code}: {reason}")
        self.places = json.loads(line)
        self.client_address = CLIENT_ADDRESS

    def close(self):
        """The namespaces go with the program, as soon as nobody is in them any more. Once is enough."""
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        assert self._process.wait(10) == 0, self._process.stderr.read()
        self._process.stdout.close()
        self._process.stderr.close()

    def _ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer and not answer.startswith("error"), f"{command}: {answer}"
        return answer

    def set(self, way="both", **settings):
        """set("to_server", loss=0.1, delay_ms=100): what is not named stays as it is."""
        self._ask(f"set {way} " + " ".join(f"{name}={value}" for name, value in settings.items()))

    def cut(self):
        self._ask("cut")

    def join(self):
        self._ask("join")

    def drop(self, protocol):
        self._ask(f"drop {protocol}")

    def let_pass(self, protocol):
        self._ask(f"pass {protocol}")

    def counts(self):
        return json.loads(self._ask("count"))

    def command(self, side, words):
        """The command as it is run at that end."""
        return ["nsenter", f"--net={self.places[side]}", "--", *map(str, words)]

    def run(self, side, *words):
        return subprocess.run(self.command(side, words), check=True, capture_output=True, text=True).stdout

    def within(self, side, function, *arguments):
        """What the function returns when its sockets are made at that end. It runs in a thread of its own."""
        outcome = {}

        def enter_and_run():
            try:
                place = os.open(self.places[side], os.O_RDONLY)
                try:
                    # Of this thread alone.
                    if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "entering a namespace")
                finally:
                    os.close(place)
                outcome["value"] = function(*arguments)
            except BaseException as failure:  # handed to the test, pytest's own among them
                outcome["failure"] = failure

        thread = threading.Thread(target=enter_and_run)
        thread.start()
        thread.join()
        if "failure" in outcome:
            raise outcome["failure"]
        return outcome["value"]

    def change_client_address(self, address):
        """As when a telephone goes from one network to another: what has the old address gets nothing any more."""
        self.run("client", "ip", "address", "del", f"{self.client_address}/24", "dev", "wire")
        self.run("client", "ip", "address", "add", f"{address}/24", "dev", "wire")
        self.client_address = address

    def firewall(self, side, *rules):
        """nft rules of a chain for what comes in at that end, for example "meta l4proto udp drop"; none: no firewall."""
        script = ["flush ruleset"]
        if rules:
            script += ["table inet test {", "chain input {", "type filter hook input priority 0; policy accept;", *rules, "}", "}"]
        subprocess.run(self.command(side, ["nft", "-f", "-"]), input="\n".join(script) + "\n", check=True, text=True, capture_output=True)


class NetworkedServer(server.Server):
    """An `antiphon serve` at the server's end of the network, with calls over WebRTC from one UDP port. What the test
    asks it goes around the impairment: it is asked at the server's own end."""

    def __init__(self, network, binary, folder, settings=()):
        self.network = network
        settings = [f"webrtc.bind_address={SERVER_ADDRESS}", "webrtc.ports=10000", *settings]
        super().__init__(binary, folder, settings, host=SERVER_ADDRESS, wrap=lambda command: network.command("server", command))

    def get(self, *arguments, **named):
        ask = super().get
        return self.network.within("server", lambda: ask(*arguments, **named))

    def call_from_client(self, hold):
        """Runs the coroutine function `hold(place)` at the client's end: `place` is the server as seen from there."""
        return self.network.within("client", lambda: asyncio.run(hold(_SeenFromClient(self))))


class _SeenFromClient:
    def __init__(self, networked):
        self.url, self.websocket_url = networked.url, networked.websocket_url
        self.get = lambda *arguments: networked.network.within("client", lambda: server.Server.get(networked, *arguments))
