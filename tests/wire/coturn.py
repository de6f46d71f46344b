"""Runs a real coturn with the configuration of deploy/coturn."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from turn_client import Refused, TurnClient

CONFIGURE = pathlib.Path(__file__).resolve().parents[2] / "deploy/coturn/configure.sh"
SECRET = "5b1d6ad0f25c41b0a1c8f3f0a3f6d7c2"


def media_address():
    """An address of this machine that is not loopback, which coturn needs no leave for; loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Coturn:
    """Listens on loopback; with `network` (network.py) at `at`, an address of that one's server end."""

    def __init__(self, folder: pathlib.Path, media, secret=SECRET, *, network=None, at="127.0.0.1"):
        program = shutil.which("turnserver")
        if program is None:
            pytest.fail("coturn is missing: scripts/packages.txt lists it for the tests")
        self.media, self.port, self.host = media, free_port(), at
        self.six = network is None and socket.has_ipv6 and can_bind("::1")
        listen = ["--listen", at] + (["--listen", "::1"] if self.six else [])
        config = subprocess.run(
            [CONFIGURE, "--media", media, *listen, "--port", str(self.port)],
            env={**os.environ, "ANTIPHON_ICE_TURN_SECRET": secret}, check=True, capture_output=True, text=True,
        ).stdout
        # The test's own: no files outside of its folder.
        (folder / "turnserver.conf").write_text(config)
        command = [program, "-c", str(folder / "turnserver.conf"), "--log-file", str(folder / "turn.log"),
                   "--pidfile", str(folder / "turn.pid"), "--userdb", str(folder / "turndb")]
        if media.startswith("127."):
            command.append("--allow-loopback-peers")
        self.log_path = folder / "output"
        if network:
            command = network.command("server", command)
        self.process = subprocess.Popen(command, cwd=folder, stdout=open(self.log_path, "w"), stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while True:
            assert self.process.poll() is None and time.monotonic() < end, f"coturn did not start:\n{self.log_path.read_text()}"
            try:
                network.within("server", self._ask) if network else self._ask()
                return
            except (OSError, Refused):
                time.sleep(0.1)

    def _ask(self):
        with TurnClient(self.address) as client:
            client.socket.settimeout(0.2)
            client.request(1)
            client.response(0.2)

    @property
    def address(self):
        return self.host, self.port

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def can_bind(address):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            return True
    except OSError:
        return False
