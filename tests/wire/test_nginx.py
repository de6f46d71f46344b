"""The whole nginx configuration of the containers, in a real nginx before real servers."""

import asyncio
import contextlib
import http.client
import http.server
import json
import re
import socket
import subprocess
import threading
import time

import pytest
import websockets

from server import error_of
from webrtc_call import calling
from whole_nginx import CONFIGURATION, DEPLOY, DOMAIN, Authority, WholeNginx, connections_to, free_port, wait_for

pytestmark = pytest.mark.surroundings
GREETING = ("Good morning, and welcome. " * 6).strip()


@pytest.fixture(scope="module")
def behind(start):
    return start("webrtc.bind_address=127.0.0.1", "webrtc.ports=0", f"session.greeting={GREETING}")


@pytest.fixture(scope="module")
def make_nginx(tmp_path_factory):
    made = []

    def make(*arguments, **named):
        made.append(WholeNginx(tmp_path_factory.mktemp("nginx") / "nginx", *arguments, **named))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="module")
def nginx(make_nginx, behind):
    return make_nginx(behind.port)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(scope="module")
def secured(make_nginx, behind, authority):
    return make_nginx(behind.port, authority=authority)


def ask(nginx, method, path, headers=None, body=None, client="127.0.0.1", port=None):
    """Status, all headers in lower case as a list, and the body; from that address of this machine."""
    connection = http.client.HTTPConnection(nginx.host, port or nginx.port, timeout=30, source_address=(client, 0))
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, [(name.lower(), value) for name, value in answer.getheaders()], answer.read()
    finally:
        connection.close()


def values(headers, name):
    return [value for one, value in headers if one == name]


async def type_a_question(call):
    """A turn over an open WebSocket, to its end, which may be that of its tokens: a sound is enough."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
    await call.send(json.dumps({"type": "conversation.item.create", "item": item}))
    await call.send(json.dumps({"type": "response.create", "response": {"max_output_tokens": 12}}))
    seen = await until(call, "response.done")
    assert seen[-1]["response"]["status"] in ("completed", "incomplete"), seen[-1]
    assert any(event["type"] == "response.output_audio.delta" for event in seen)


async def until(call, kind):
    seen = []
    while True:
        event = json.loads(await asyncio.wait_for(call.recv(), 90))
        seen.append(event)
        if event["type"] == kind:
            return seen


def over_tls(nginx, authority, **more):
    """A WebSocket at the domain, whose certificate is looked at as browsers do."""
    return websockets.connect(f"wss://{DOMAIN}/v1/realtime?model=test", host=nginx.host, port=nginx.tls_port,
                              ssl=authority.trusting(), max_size=None, **more)


def certificate_shown(nginx, authority):
    with socket.create_connection((nginx.host, nginx.tls_port), timeout=10) as plain:
        with authority.trusting().wrap_socket(plain, server_hostname=DOMAIN) as secure:
            return secure.getpeercert()["serialNumber"]


def test_the_page_comes_through_and_is_packed(nginx):
    status, headers, packed = ask(nginx, "GET", "/call", {"Accept-Encoding": "gzip"})
    assert status == 200 and values(headers, "content-encoding") == ["gzip"]
    status, headers, plain = ask(nginx, "GET", "/call")
    assert status == 200 and b"</html>" in plain and not values(headers, "content-encoding")
    assert len(packed) < len(plain) / 2
    assert values(ask(nginx, "GET", "/ready", {"Accept-Encoding": "gzip"})[1], "content-encoding") == []


def test_a_script_that_a_browser_has_is_not_sent_again(nginx):
    _, headers, _ = ask(nginx, "GET", "/antiphon.js", {"Accept-Encoding": "gzip"})
    tag = values(headers, "etag")[0]
    assert ask(nginx, "GET", "/antiphon.js", {"If-None-Match": tag, "Accept-Encoding": "gzip"})[0] == 304


async def test_a_websocket_call(nginx, behind):
    async with websockets.connect(nginx.place().websocket_url, max_size=None, origin="https://elsewhere.example") as call:
        await until(call, "response.done")  # the greeting
        await type_a_question(call)
    behind.wait_until_no_calls()


async def test_an_offer_and_its_call(nginx, behind):
    async with calling(nginx.place()) as call:
        await call.begin()
        await call.until("session.created")
        await call.until("response.done")
        assert call.loud_seconds > 0.5, "the greeting is heard, and not through nginx"
        assert (await call.hang_up())[0] == 200
    behind.wait_until_no_calls()
    assert 'method=POST path="/v1/realtime/calls"' in nginx.log()


def test_preflights_are_answered_by_the_server_and_once(nginx):
    wish = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type"}
    status, headers, _ = ask(nginx, "OPTIONS", "/v1/realtime/calls", wish)
    assert status == 204
    assert values(headers, "access-control-allow-origin") == ["*"]
    assert values(headers, "access-control-allow-headers") == ["authorization, content-type"]
    assert len(values(headers, "access-control-allow-methods")) == 1
    _, headers, _ = ask(nginx, "GET", "/ready", {"Origin": "null"})
    assert values(headers, "access-control-allow-origin") == ["*"]


def test_a_token_is_written_down_nowhere(nginx):
    assert ask(nginx, "GET", "/v1/realtime?call_id=call_of_nobody&resume=a_secret_token", {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13"})[0] == 404
    wait_for(lambda: 'call="call_of_nobody" status=404' in nginx.log(), "the line of the request")
    assert "a_secret_token" not in nginx.log() + nginx.log("error")


def test_who_calls_is_told_and_cannot_be_made_up(make_nginx):
    heard = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.headers)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        nginx = make_nginx(upstream.server_port)
        made_up = {"X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1", "X-Forwarded-Proto": "https",
                   "X-Forwarded-Host": "elsewhere", "Authorization": "Bearer key", "Host": "voice.example:8443"}
        assert ask(nginx, "GET", "/ready", made_up, client="127.0.3.4")[0] == 204
        upstream.shutdown()
    headers = heard[0]
    assert headers.get_all("X-Forwarded-For") == ["127.0.3.4"] and headers.get_all("X-Real-IP") == ["127.0.3.4"]
    assert headers.get_all("X-Forwarded-Proto") == ["http"] and headers.get_all("X-Forwarded-Host") == ["voice.example:8443"]
    assert headers["Forwarded"] is None
    assert headers["Host"] == "voice.example:8443" and headers["Authorization"] == "Bearer key"


def test_a_page_learns_that_the_server_is_away_and_it_is_found_at_its_new_address(make_nginx, behind):
    nginx = make_nginx(behind.port, addresses=["127.0.0.77"])  # nobody is there
    page = {"Origin": "https://elsewhere.example"}
    status, headers, _ = ask(nginx, "OPTIONS", "/v1/realtime/calls", {**page, "Access-Control-Request-Method": "POST",
                                                                      "Access-Control-Request-Headers": "authorization"})
    assert status == 204 and values(headers, "access-control-allow-origin") == ["*"]
    assert "Authorization" in values(headers, "access-control-allow-headers")[0]
    status, headers, body = ask(nginx, "POST", "/v1/realtime/calls", page, b"v=0")
    assert status == 503 and error_of(body)["code"] == "unavailable"
    assert values(headers, "access-control-allow-origin") == ["*"] and values(headers, "retry-after") == ["2"]
    # The container was made anew, and has another address.
    nginx.names.addresses = ["127.0.0.1"]
    wait_for(lambda: ask(nginx, "GET", "/health")[0] == 200, "the server at its new address", 10)


async def test_an_address_that_is_dead_is_passed_by(make_nginx, behind):
    nginx = make_nginx(behind.port, addresses=["127.0.0.77", "127.0.0.1"])
    assert {ask(nginx, "GET", "/health")[0] for _ in range(20)} == {200}
    # Offers and WebSockets as well.
    assert {ask(nginx, "POST", "/v1/realtime/calls", {"Content-Type": "application/sdp"}, b"v=0")[0] for _ in range(10)} == {400}
    for _ in range(5):
        async with websockets.connect(nginx.place().websocket_url) as call:
            await until(call, "session.created")
    behind.wait_until_no_calls()


async def test_calls_go_where_there_is_room(make_nginx, behind, start):
    """The upstream that stands in the file as a comment: one server is full, one is not there, one has room."""
    full = start("server.max_calls=1")
    nginx = make_nginx(replicas=[("127.0.0.1", full.port), ("127.0.0.1", free_port()), ("127.0.0.1", behind.port)])
    async with websockets.connect(full.websocket_url) as only:
        await until(only, "session.created")
        async with contextlib.AsyncExitStack() as calls:
            for _ in range(6):
                call = await calls.enter_async_context(websockets.connect(nginx.place().websocket_url))
                await until(call, "session.created")
            async with calling(nginx.place()) as call:
                await call.begin()
                await call.until("session.created")
                # Whoever is asked first: only one of them has the call.
                assert (await call.hang_up())[0] == 200
            assert (full.metric("antiphon_calls"), behind.metric("antiphon_calls")) == (1, 6)
    full.wait_until_no_calls()
    behind.wait_until_no_calls()


def test_starts_of_calls_are_bounded_for_each_address_and_returns_are_not_starts(make_nginx, behind):
    nginx = make_nginx(behind.port)
    began = time.monotonic()
    statuses = [ask(nginx, "GET", "/v1/realtime?model=test", client="127.0.4.1")[0] for _ in range(60)]
    allowed = statuses.count(426)  # Antiphon's word for a request that is no WebSocket's
    assert allowed + statuses.count(429) == 60 and 41 <= allowed <= 42 + 5 * (time.monotonic() - began), statuses
    page = {"Origin": "https://elsewhere.example"}
    for method, path in [("GET", "/v1/realtime/"), ("POST", "/v1/realtime/calls"), ("POST", "/v1/realtime/client_secrets"),
                         ("GET", "//v1/realtime"), ("GET", "/v1/%72ealtime?call_id=")]:
        for _ in range(3):
            status, headers, body = ask(nginx, method, path, page, client="127.0.4.1")
            if status == 429:
                break
        assert status == 429 and error_of(body)["code"] == "rate_limit_exceeded", (method, path)
        assert values(headers, "access-control-allow-origin") == ["*"] and values(headers, "retry-after") == ["5"]
    # Others call, this one's other requests go through, and its calls come back.
    assert ask(nginx, "GET", "/v1/realtime?model=test", client="127.0.4.2")[0] == 426
    assert ask(nginx, "GET", "/ready", client="127.0.4.1")[0] == 200
    assert {ask(nginx, "GET", "/v1/realtime?call_id=a&resume=b", client="127.0.4.1")[0] for _ in range(100)} == {426}


def test_requests_are_bounded_for_each_address(make_nginx, behind):
    nginx = make_nginx(behind.port)
    with socket.create_connection((nginx.host, nginx.port), source_address=("127.0.4.3", 0), timeout=30) as client:
        began = time.monotonic()
        client.sendall(b"HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n" * 400)
        answers = b""
        while len(re.findall(rb"HTTP/1\.1 \d+", answers)) < 400:
            answers += client.recv(65536)
        seconds = time.monotonic() - began
    refused = len(re.findall(rb"HTTP/1\.1 429", answers))
    assert 400 - 202 - 50 * seconds <= refused < 200, (refused, seconds)
    assert ask(nginx, "GET", "/health", client="127.0.4.4")[0] == 200


def open_slowly(nginx, beginning, client):
    one = socket.create_connection((nginx.host, nginx.port), source_address=(client, 0), timeout=30)
    one.sendall(beginning)
    return one


SLOW_HEADER = b"GET /call HTTP/1.1\r\nHost: a\r\nX-Slow: "
SLOW_BODY = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def test_connections_are_bounded_for_each_address(make_nginx, behind):
    nginx = make_nginx(behind.port)
    held = []
    try:
        for number in range(210):
            held.append(open_slowly(nginx, SLOW_BODY, "127.0.4.5"))
            time.sleep(0.02)  # within the bound on requests
        for one in held[200:]:
            assert one.recv(100).startswith(b"HTTP/1.1 429 "), "over 200 at a time"
        assert ask(nginx, "GET", "/health", client="127.0.4.6")[0] == 200
    finally:
        for one in held:
            one.close()
    wait_for(lambda: ask(nginx, "GET", "/health", client="127.0.4.5")[0] == 200, "room for others of that address")


@pytest.mark.real_time
async def test_slow_clients_are_nobody_elses_trouble(nginx, behind):
    slow = []
    async with websockets.connect(nginx.place().websocket_url, max_size=None) as call:
        await until(call, "response.done")
        before = connections_to(behind.port)
        began = time.monotonic()
        for number in range(300):
            client = f"127.0.5.{1 + number % 10}"
            slow.append(open_slowly(nginx, SLOW_HEADER if number % 2 else SLOW_BODY, client))
        took = []

        def look():
            for _ in range(200):
                at = time.monotonic()
                assert ask(nginx, "GET", "/health")[0] == 200
                took.append(time.monotonic() - at)
                for one in slow[len(took) % 50::50]:
                    with contextlib.suppress(OSError):
                        one.send(b"x")
                time.sleep(0.02)

        await asyncio.gather(type_a_question(call), asyncio.to_thread(look))
        assert connections_to(behind.port) <= before + 2, "what is slow does not reach the server"
        # The bench (tests/bench/slow_clients.py) looks at p99; here other tests' work is in the way of the clock.
        assert sorted(took)[int(0.95 * len(took))] <= 0.1, sorted(took)[-10:]
        # Headers have ten seconds, whatever trickles in.
        for one in slow[1::2]:
            one.settimeout(max(0.1, began + 20 - time.monotonic()))
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.to_thread(one.recv, 100) == b""
    for one in slow:
        one.close()
    behind.wait_until_no_calls()


def test_bodies_are_bounded_but_recordings_are_the_servers_to_judge(nginx):
    status, headers, body = ask(nginx, "POST", "/v1/chat/completions", {"Origin": "https://elsewhere.example"}, b"x" * (3 << 20))
    assert status == 413 and error_of(body)["code"] == "body_too_large" and values(headers, "access-control-allow-origin") == ["*"]
    status, _, body = ask(nginx, "POST", "/v1/audio/transcriptions", {"Content-Type": "multipart/form-data; boundary=b"}, b"x" * (3 << 20))
    assert status == 400, body


# TLS


def test_http_leads_to_https_but_for_the_authority_and_this_machine(secured):
    for host, path in [(DOMAIN, "/call?agent=a%20b"), ("203.0.113.9", "/v1/realtime"), ("else.where", "/")]:
        status, headers, _ = ask(secured, "GET", path, {"Host": host})
        assert status == 308 and values(headers, "location") == [f"https://{DOMAIN}{path}"]
    challenge = secured.folder / "acme/.well-known/acme-challenge/token"
    challenge.write_text("proof")
    assert ask(secured, "GET", "/.well-known/acme-challenge/token", {"Host": DOMAIN})[::2] == (200, b"proof")
    assert ask(secured, "GET", "/.well-known/acme-challenge/none", {"Host": DOMAIN})[0] == 404
    # What comes through an SSH tunnel.
    assert ask(secured, "GET", "/ready", {"Host": "localhost:8080"})[0] == 200


def test_the_page_comes_over_tls_for_who_trusts_the_authority(secured, authority):
    connection = http.client.HTTPSConnection(DOMAIN, secured.tls_port, context=authority.trusting(), timeout=30)
    connection.sock = authority.trusting().wrap_socket(socket.create_connection((secured.host, secured.tls_port)), server_hostname=DOMAIN)
    connection.request("GET", "/call")
    answer = connection.getresponse()
    assert answer.status == 200 and b"</html>" in answer.read()
    connection.close()


async def test_a_renewed_certificate_is_shown_after_a_reload_and_no_call_is_lost(secured, authority, behind):
    first = certificate_shown(secured, authority)
    origin = f"https://{DOMAIN}"
    async with over_tls(secured, authority, origin=origin) as call:
        await until(call, "session.created")
        await until(call, "response.output_audio.delta")  # in the midst of the greeting
        for _ in range(2):
            shown = certificate_shown(secured, authority)
            authority.issue(secured.certificate, secured.key)
            secured.reload()
            await asyncio.to_thread(wait_for, lambda: certificate_shown(secured, authority) != shown, "the new certificate")
        assert certificate_shown(secured, authority) != first
        async with over_tls(secured, authority) as newer:
            await until(newer, "session.created")
        # The old call has missed nothing, and goes on.
        greeting = await until(call, "response.done")
        assert greeting[-1]["response"]["status"] == "completed"
        assert [e["transcript"] for e in greeting if e["type"] == "response.output_audio_transcript.done"] == [GREETING]
        await type_a_question(call)
    behind.wait_until_no_calls()


async def test_the_servers_own_page_may_call_and_others_by_its_list(make_nginx, start, authority):
    """Behind TLS that ends at nginx the server still knows its own pages by their host."""
    strict = start("server.allowed_origins=https://listed.example")
    nginx = make_nginx(strict.port, authority=authority)
    for origin in (f"https://{DOMAIN}", "https://listed.example"):
        async with over_tls(nginx, authority, origin=origin) as call:
            await until(call, "session.created")
    with pytest.raises(websockets.InvalidStatus) as refused:
        await over_tls(nginx, authority, origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403
    strict.wait_until_no_calls()


def test_a_broken_certificate_does_not_take_the_place_of_one_that_works(make_nginx, behind, authority):
    nginx = make_nginx(behind.port, authority=authority)
    shown = certificate_shown(nginx, authority)
    nginx.certificate.write_text("nothing")
    nginx.reload()
    wait_for(lambda: "cannot load certificate" in nginx.log("error"), "nginx's complaint")
    assert certificate_shown(nginx, authority) == shown


# The script that switches it on


def enable(*words):
    return subprocess.run([DEPLOY / "enable_tls.sh", *words], capture_output=True, text=True, timeout=60)


@pytest.fixture
def site(tmp_path, authority):
    (tmp_path / "nginx.conf").write_text(CONFIGURATION.read_text())
    authority.issue(tmp_path / "cert.pem", tmp_path / "key.pem")
    return tmp_path


def arguments(site):
    return "--conf", site / "nginx.conf", "--cert", site / "cert.pem", "--key", site / "key.pem"


def test_both_servers_do_the_same(site):
    """The TLS section repeats the locations of plain HTTP, as nginx has no way to say so."""
    assert enable(DOMAIN, *arguments(site)).returncode == 0
    text = (site / "nginx.conf").read_text()
    parts = re.findall(r"(?ms)^        location / \{ proxy_pass.*?^    \}$", text)
    assert len(parts) == 2 and parts[0] == parts[1]


def test_it_is_switched_on_once_and_changes_hands(site, authority):
    before = (site / "nginx.conf").stat().st_ino
    assert enable(DOMAIN, *arguments(site)).returncode == 0
    once = (site / "nginx.conf").read_text()
    assert f"ssl_certificate_key {site}/key.pem;" in once and "yourdomain.com;" not in once
    assert (site / "nginx.conf").stat().st_ino == before, "a container that has the file mounted sees the new one"
    assert (site / "nginx.conf.before-tls").read_text() == CONFIGURATION.read_text()
    again = enable(DOMAIN, *arguments(site))
    assert again.returncode == 0 and "already" in again.stdout and (site / "nginx.conf").read_text() == once
    authority.issue(site / "cert.pem", site / "key.pem", "other.test")
    assert enable("other.test", *arguments(site)).returncode == 0
    assert (site / "nginx.conf").read_text() == once.replace(DOMAIN, "other.test")


def test_a_dry_run_shows_and_changes_nothing(site):
    shown = enable(DOMAIN, *arguments(site), "--dry-run")
    assert shown.returncode == 0 and f"+        server_name {DOMAIN};" in shown.stdout
    assert (site / "nginx.conf").read_text() == CONFIGURATION.read_text() and not list(site.glob("*.before-tls*"))
    unfinished = enable("voice.example.org", "--conf", site / "nginx.conf", "--dry-run")
    assert unfinished.returncode == 0 and "/etc/letsencrypt/live/voice.example.org/fullchain.pem" in unfinished.stdout + unfinished.stderr


def test_what_is_wrong_is_said_and_changes_nothing(site, authority):
    authority.issue(site / "other.pem", site / "other-key.pem")
    (site / "garbage.pem").write_text("nothing")
    (site / "half.conf").write_text(CONFIGURATION.read_text().replace("    #     listen 443 ssl", "        listen 443 ssl"))
    (site / "without.conf").write_text("events {}\n")
    (site / "broken.conf").write_text(CONFIGURATION.read_text().replace("gzip on;", "gzip perhaps;"))
    whole = dict(zip(("--conf", "--cert", "--key"), (site / "nginx.conf", site / "cert.pem", site / "key.pem")))
    cases = [
        ([], {}, "which domain"),
        (["yourdomain.com"], {}, "stands for the name of your own"),
        (["voice.test; rm -rf"], {}, "no domain name"),
        (["localhost"], {}, "no domain name"),
        ([DOMAIN, "other.test"], {}, "one domain"),
        ([DOMAIN, "--fast"], {}, "no option --fast"),
        ([DOMAIN], {"--conf": "/nowhere"}, "there is no /nowhere"),
        ([DOMAIN], {"--cert": "/nowhere/a.pem"}, "there is no /nowhere/a.pem"),
        ([DOMAIN], {"--cert": "relative.pem"}, "a whole path"),
        ([DOMAIN], {"--cert": site / "garbage.pem"}, "holds no certificate"),
        ([DOMAIN], {"--key": site / "other-key.pem"}, "not the key of"),
        (["another.test"], {}, "is not for another.test"),
        ([DOMAIN], {"--conf": site / "half.conf"}, "half uncommented"),
        ([DOMAIN], {"--conf": site / "without.conf"}, "has no section"),
        ([DOMAIN], {"--conf": site / "broken.conf"}, "nginx does not take it"),
    ]
    for words, changed, sentence in cases:
        files = {**whole, **changed}
        text = files["--conf"].read_text() if hasattr(files["--conf"], "read_text") else ""
        ended = enable(*words, *(word for pair in files.items() for word in pair))
        assert ended.returncode == 1 and sentence in ended.stderr, (words, changed, ended)
        assert not text or files["--conf"].read_text() == text
    assert not list(site.glob("*.before-tls*"))


# Who answers for names


def test_another_resolver_than_dockers(tmp_path):
    (tmp_path / "resolv.conf").write_text("search x\nnameserver 10.89.0.1\nnameserver fd00::1\noptions ndots:0\n")
    subprocess.run([DEPLOY / "nginx/resolver.sh", tmp_path / "out", tmp_path / "resolv.conf"], check=True)
    assert (tmp_path / "out/resolver.conf").read_text() == "resolver 10.89.0.1 [fd00::1] valid=5s ipv6=off;\n"
    (tmp_path / "resolv.conf").write_text("search x\n")
    assert subprocess.run([DEPLOY / "nginx/resolver.sh", tmp_path / "none", tmp_path / "resolv.conf"]).returncode == 0
    assert not (tmp_path / "none").exists()
