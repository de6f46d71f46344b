"""The deployment guide's test_pipeline.py, as a person runs it: against the real server, and against what is none."""

import json
import pathlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.surroundings
SCRIPT = pathlib.Path(__file__).parents[2] / "test_pipeline.py"
NAMES = ["Server Health", "Model Readiness", "CORS Support", "ICE Configuration", "SDP Offer/Answer", "Metrics"]


def run(*arguments):
    """(exit status, {check: its line}, all that was printed)"""
    done = subprocess.run([sys.executable, "-I", SCRIPT, *arguments], capture_output=True, text=True, timeout=240, encoding="utf-8")
    lines = {line[2:].partition(":")[0]: line for line in done.stdout.splitlines() if line[:2] in ("✓ ", "✗ ")}
    return done.returncode, lines, done.stdout + done.stderr


def test_the_six_checks_pass_and_leave_no_call(server):
    status, lines, printed = run("--server", f"http://127.0.0.1:{server.port}")
    assert status == 0, printed
    assert list(lines) == NAMES and all(line.startswith("✓") for line in lines.values()), printed
    server.wait_until_no_calls()


@pytest.mark.real_time
def test_a_spoken_turn(server):
    status, lines, printed = run("--server", f"http://127.0.0.1:{server.port}", "--full")
    assert status == 0, printed
    assert "dinner" in lines["Spoken Turn"]


def test_a_page_of_an_origin_that_is_not_listed_may_not_call(start):
    server = start("server.allowed_origins=https://page.example")
    status, lines, printed = run("--server", f"http://127.0.0.1:{server.port}")
    assert status == 1 and lines["CORS Support"].startswith("✗") and "server.allowed_origins" in printed, printed
    assert lines["SDP Offer/Answer"].startswith("✗") and "403" in lines["SDP Offer/Answer"], printed
    status, _, printed = run("--server", f"http://127.0.0.1:{server.port}", "--origin", "https://page.example")
    assert status == 0, printed


SOUND = {
    "/health": (200, {"status": "ok"}),
    "/ready": (200, {"ready": True, "lid_ready": True, "device": "cpu"}),
    "/ice": (200, {"iceServers": [{"urls": ["stun:stun.example:3478"]}]}),
    "/metrics": (200, "# TYPE antiphon_calls gauge\nantiphon_calls 0\n"),
    "/v1/realtime/calls": (201, "m=audio 9 x 111\r\na=rtpmap:111 opus/48000/2\r\na=fingerprint:sha-256 00\r\na=ice-ufrag:u\r\n"
                                "a=candidate:1 1 UDP 1 192.0.2.1 10000 typ host\r\n"),
}


@pytest.fixture
def other():
    """other(PATH=(status, body)) gives the address of a server that answers rightly but for these."""
    servers = []

    def begin(changes, cors="*"):
        answers = {**SOUND, **changes}

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = answers[self.path.partition("?")[0]]
                if self.command == "OPTIONS":
                    status, body = 204, ""
                raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                for origin in cors.split():
                    self.send_header("Access-Control-Allow-Origin", origin)
                self.send_header("Access-Control-Allow-Methods", "POST")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield begin
    for one in servers:
        one.shutdown()
        one.server_close()


ICE = "/ice"


@pytest.mark.parametrize("check, changes, cors, wrong, advice", [
    ("Server Health", {"/health": (200, {"status": "up"})}, "*", "'up'", "look at the port"),
    ("Server Health", {"/health": (200, "<html>nginx</html>")}, "*", "something else than JSON", "proxy"),
    ("Server Health", {"/health": (502, "<html>Bad Gateway</html>")}, "*", "502", "docker compose ps"),
    ("Model Readiness", {"/ready": (503, {"ready": False, "failure": "no room on the disk"})}, "*", "no room on the disk", "HF_CACHE_DIR"),
    ("Model Readiness", {"/ready": (503, {"ready": False, "whisper_ready": True, "llm_ready": False})}, "*", "llm_ready", "--wait"),
    ("CORS Support", {}, "", "none", "server.allowed_origins"),
    ("CORS Support", {}, "* *", "*, *", "not add headers of its own"),
    ("ICE Configuration", {ICE: (200, {})}, "*", "iceServers", "ice.stun"),
    ("ICE Configuration", {ICE: (200, {"iceServers": [{"urls": "turn:t.example"}]})}, "*", "credentials", "ice.turn"),
    ("ICE Configuration", {ICE: (200, {"iceServers": [{"urls": "http://t.example"}]})}, "*", "no STUN or TURN", "ice.stun"),
    ("SDP Offer/Answer", {"/v1/realtime/calls": (503, {"error": {"message": "off"}})}, "*", "off", "WebSocket"),
    ("SDP Offer/Answer", {"/v1/realtime/calls": (401, {"error": {"message": "who?"}})}, "*", "who?", "--key"),
    ("SDP Offer/Answer", {"/v1/realtime/calls": (201, "m=audio")}, "*", "a=fingerprint", "log"),
    ("Metrics", {"/metrics": (200, "nothing")}, "*", "nothing of Antiphon", "proxy"),
    ("Metrics", {"/metrics": (401, {"error": {"message": "a key"}})}, "*", "a key", "--key"),
])
def test_what_is_wrong_is_named_with_what_to_do_and_the_other_checks_go_on(other, check, changes, cors, wrong, advice):
    status, lines, printed = run("--server", other(changes, cors), "--wait", "0")
    assert status == 1 and list(lines) == NAMES, printed
    assert [name for name, line in lines.items() if line.startswith("✗")] == [check], printed
    assert wrong in lines[check], printed
    assert advice in printed, printed


def test_no_connection_is_said_once(binary):
    status, lines, printed = run("--server", "http://127.0.0.1:1")
    assert status == 1 and "nothing listens" in lines["Server Health"]
    assert all("not tried" in lines[name] for name in NAMES[1:]), printed


@pytest.mark.parametrize("server", ["ftp://127.0.0.1", "http://", "http://127.0.0.1/call"])
def test_an_address_that_is_none_is_refused(server):
    status, lines, printed = run("--server", server)
    assert status == 1 and lines == {} and "--server takes a URL" in printed
