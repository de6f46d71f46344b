"""The server as a service of systemd: what it tells the manager, and how little its unit lets it do."""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from server import Server

UNIT = pathlib.Path(__file__).resolve().parents[2] / "deploy/systemd/antiphon.service"
MOST_EXPOSED = 1.5
PR_SET_MDWE = 65
UNDER_MDWE = f"""
import ctypes, os, sys
assert ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


class Manager:
    """The socket of a service manager, and what came over it."""

    def __init__(self, folder):
        self.path = f"{folder}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def until(self, name):
        while name not in (message := self.next()):
            pass
        return message


@pytest.fixture
def manager():
    with tempfile.TemporaryDirectory(prefix="notify") as folder:  # short: such a path has 107 bytes at most
        yield Manager(folder)


def test_the_manager_is_told_when_it_is_ready_reloads_and_ends(binary, tmp_path, manager):
    server = Server(binary, tmp_path, wrap=lambda command: ["env", f"NOTIFY_SOCKET={manager.path}", *command])
    try:
        assert "models" in manager.next()["STATUS"]
        assert manager.until("READY")["READY"] == "1"
        assert server.get("/ready")[0] == 200
        before = time.monotonic_ns() // 1000
        server.process.send_signal(signal.SIGHUP)
        reloading = manager.next()
        assert reloading["RELOADING"] == "1"
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        assert manager.next()["READY"] == "1"
    finally:
        server.stop()
    assert manager.until("STOPPING")["STOPPING"] == "1"
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.next()


def test_a_manager_that_is_not_there_is_no_reason_not_to_start(binary, tmp_path):
    server = Server(binary, tmp_path, wrap=lambda command: ["env", "NOTIFY_SOCKET=/nowhere/at/all", *command])
    server.wait_until_ready()
    server.stop()
    assert server.log().count("service.not_told") == 1


def test_the_server_needs_no_memory_that_is_written_and_then_executed(binary, tmp_path):
    """MemoryDenyWriteExecute=yes of the unit, by the kernel's own switch."""
    if ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel cannot deny it (PR_SET_MDWE is of Linux 6.3)")
    server = Server(binary, tmp_path, wrap=lambda command: [sys.executable, "-c", UNDER_MDWE, *command])
    server.wait_until_ready()  # every engine has worked once by then
    server.stop()


def test_onnx_runtime_keeps_nothing_to_report(binary, tmp_path):
    """ONNX Runtime's binaries keep what they report in the user's cache folder."""
    home = tmp_path / "home"
    home.mkdir()
    models = os.environ.get("ANTIPHON_MODELS_DIR") or os.environ.get("HF_CACHE_DIR") or str(
        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "antiphon/models")
    server = Server(binary, tmp_path, [f"models.dir={models}"],
                    wrap=lambda command: ["env", "-u", "XDG_CACHE_HOME", f"HOME={home}", *command])
    server.wait_until_ready()
    server.stop()
    left = [str(path.relative_to(home)) for path in home.rglob("*")]
    assert not [path for path in left if "onnxruntime" in path.lower() or "microsoft" in path.lower()], left


def analyze(*arguments):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is missing: it comes with the package systemd")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


def test_the_unit_is_little_exposed():
    shown = analyze("security", "--offline=true", "--no-pager", str(UNIT)).stdout
    level = re.search(r"Overall exposure level for antiphon\.service: (\S+)", shown)
    assert level and float(level.group(1)) <= MOST_EXPOSED, shown


def test_the_unit_is_in_order(binary, tmp_path):
    unit = UNIT.read_text()
    assert unit.count("ExecStart=/usr/local/bin/antiphon ") == 1
    copy = tmp_path / "antiphon.service"
    copy.write_text(unit.replace("ExecStart=/usr/local/bin/antiphon ", f"ExecStart={binary} "))
    verified = analyze("verify", "--man=no", str(copy))
    ours = [line for line in verified.stderr.splitlines() if "antiphon" in line]
    assert verified.returncode == 0 and not ours, verified.stderr
    copy.write_text(copy.read_text().replace("ProtectSystem=strict", "ProtectSystem=almost"))
    assert "almost" in analyze("verify", "--man=no", str(copy)).stderr, "the test sees what is wrong"


def test_the_unit_waits_for_a_server_that_drains(binary):
    seconds = int(re.search(r"TimeoutStopSec=(\d+)s", UNIT.read_text()).group(1))
    settings = subprocess.run([str(binary), "serve", "--print-settings-example"], capture_output=True, text=True, check=True).stdout
    milliseconds = [int(re.search(rf"#?{name} = (\d+)", settings).group(1)) for name in ("drain_ms", "shutdown_ms")]
    assert seconds >= sum(milliseconds) / 1000 + 2


def test_what_is_installed_finds_its_libraries_beside_it(tmp_path):
    done = subprocess.run([UNIT.parent / "install.sh", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "etc/antiphon/antiphon.env").stat().st_mode & 0o777 == 0o600
    ours = tmp_path / "usr/local/lib/antiphon"
    # A service cannot read the folder that the program was linked with: each engine's library must be among these.
    needed = subprocess.run(
        ["ldd", tmp_path / "usr/local/bin/antiphon"], capture_output=True, text=True, check=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(ours)},
    ).stdout
    assert "not found" not in needed, needed
    engines = [line for line in needed.splitlines() if any(name in line for name in ["whisper", "llama", "ggml", "onnxruntime"])]
    assert len(engines) >= 5 and all(str(ours) in line for line in engines), needed
