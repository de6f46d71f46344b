"""`antiphon check`: each leg of the way, taken away in turn, is the one that is named."""

import json
import pathlib
import re
import socket
import subprocess
import threading

import pytest

from coturn import SECRET, Coturn, free_port, media_address
from server import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = {one["code"]: one for one in json.loads((ROOT / "docs/connection-legs.json").read_text())}


def check(binary, server, *arguments):
    done = subprocess.run([binary, "check", server, "--json", "--timeout", "2", *arguments], capture_output=True, text=True,
                          timeout=120, env=environment())
    legs = [json.loads(line) for line in done.stdout.splitlines()]
    for leg in legs:
        if leg["state"] == "failed":
            assert FAULTS[leg["code"]]["leg"] == leg["leg"] and leg["advice"] == FAULTS[leg["code"]]["advice"]
    assert done.returncode == (1 if any(leg["state"] == "failed" for leg in legs) else 0), done.stderr
    return {leg["leg"]: leg for leg in legs}


def codes(legs):
    return {leg["code"] for leg in legs.values() if leg["state"] == "failed"}


class Impostor:
    """Answers every connection with the same bytes."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65536)
                    connection.sendall(self.answer)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def http(body, date="Sun, 06 Nov 1994 08:49:37 GMT", status="200 OK"):
    return f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def test_all_is_well(binary, server):
    legs = check(binary, server.url)
    assert not codes(legs)
    assert {name for name, leg in legs.items() if leg["state"] == "ok"} == {"dns", "tcp", "http", "clock", "websocket", "webrtc"}
    assert {name for name, leg in legs.items() if leg["state"] == "skipped"} == {"tls", "stun", "turn"}
    server.wait_until_no_calls()


def test_lines_for_people(binary, server):
    done = subprocess.run([binary, "check", server.url], capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 0
    assert re.search(r"^ok +websocket +a call begins$", done.stdout, re.MULTILINE)
    failed = subprocess.run([binary, "check", f"http://127.0.0.1:{free_port()}"], capture_output=True, text=True, env=environment())
    assert failed.returncode == 1 and re.search(r"^failed +tcp +tcp\.refused: Nothing listens", failed.stdout, re.MULTILINE)
    wrong = subprocess.run([binary, "check", "ftp://x"], capture_output=True, text=True, env=environment())
    assert wrong.returncode == 1 and "http:// or https://" in wrong.stderr


def test_only_whether_it_is_ready(binary, server):
    """A container's health check, every few seconds: it makes no calls."""
    opened = server.metric("antiphon_calls_total")
    legs = check(binary, server.url, "--ready")
    assert set(legs) == {"dns", "tcp", "tls", "http", "clock"} and not codes(legs)
    assert server.metric("antiphon_calls_total") == opened
    assert codes(check(binary, f"http://127.0.0.1:{free_port()}", "--ready")) == {"tcp.refused"}
    with Impostor(http('{"ready":false}', status="503 Service Unavailable")) as other:
        assert "http.not_ready" in codes(check(binary, other.url, "--ready"))


def test_a_name_that_is_none(binary):
    assert codes(check(binary, "http://no-such-host.invalid")) == {"dns.not_found"}


def test_nobody_there(binary):
    assert codes(check(binary, f"http://127.0.0.1:{free_port()}")) == {"tcp.refused"}


def test_something_else_there(binary):
    with Impostor(http("hello")) as other:
        assert codes(check(binary, other.url)) == {"http.not_antiphon"}
    with Impostor(b"SSH-2.0-OpenSSH_9.2\r\n") as other:
        assert codes(check(binary, other.url)) == {"http.no_answer"}
    with Impostor(b"") as other:
        assert codes(check(binary, other.url.replace("http", "https"))) == {"tls.failed"}


def test_a_clock_that_is_off_a_server_that_loads_and_a_proxy_without_upgrade(binary):
    with Impostor(http('{"ready":false,"failure":"no model"}', status="503 Service Unavailable")) as other:
        legs = check(binary, other.url)
        assert codes(legs) == {"http.not_ready", "clock.off"} and "no model" in legs["http"]["detail"]
    with Impostor(http('{"ready":true}')) as other:
        assert codes(check(binary, other.url)) == {"clock.off", "websocket.failed", "ice.failed", "webrtc.refused"}


@pytest.fixture(scope="module")
def coturn(tmp_path_factory):
    relay = Coturn(tmp_path_factory.mktemp("coturn"), media_address())
    yield relay
    relay.stop()


def test_stun_and_turn(binary, start, coturn):
    good = start(f"ice.stun_urls=stun:127.0.0.1:{coturn.port}", f"ice.turn_urls=turn:127.0.0.1:{coturn.port}", f"ice.turn_secret={SECRET}")
    legs = check(binary, good.url)
    assert not codes(legs)
    assert legs["stun"]["state"] == "ok" and "127.0.0.1" in legs["stun"]["detail"]
    assert legs["turn"]["state"] == "ok" and "relays by 127.0.0.1:" in legs["turn"]["detail"]
    other_secret = start(f"ice.turn_urls=turn:127.0.0.1:{coturn.port}", "ice.turn_secret=" + "f" * 32)
    assert codes(check(binary, other_secret.url)) == {"turn.refused"}
    silent = start(f"ice.stun_urls=stun:127.0.0.1:{free_port()}", f"ice.turn_urls=turn:127.0.0.1:{free_port()}", f"ice.turn_secret={SECRET}")
    assert codes(check(binary, silent.url)) == {"stun.no_answer", "turn.no_answer"}


def test_a_server_without_webrtc(binary, start):
    off = start("webrtc.enabled=false")
    legs = check(binary, off.url)
    assert codes(legs) == {"webrtc.refused"} and "webrtc.enabled" in legs["webrtc"]["detail"]


def test_every_code_stands_in_the_troubleshooting_page():
    page = (ROOT / "docs/troubleshooting.md").read_text()
    rows = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page, re.MULTILINE))
    assert rows == set(FAULTS)
    for fault in FAULTS.values():
        assert fault["says"] in page and fault["advice"] in page, fault["code"]
