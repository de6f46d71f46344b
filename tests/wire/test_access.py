"""A server with keys, from outside: who is let in, what a client secret opens, what a reload changes, and the limits."""

import asyncio
import http.client
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys

import pytest
import websockets

from server import Server, environment, error_of
from webrtc_call import calling, with_session

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/authorization.md").read_text(), re.MULTILINE)
PAGE = "https://shop.example"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


class Keys:
    """A keys file, and `antiphon keys` on it."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.file = binary, folder, folder / "config" / "keys.toml"

    def run(self, *words):
        return subprocess.run([self.binary, "keys", *words, "--set", f"access.keys_file={self.file}"], cwd=self.folder,
                              capture_output=True, text=True, env=environment())

    def add(self, name):
        done = self.run("add", name)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def remove(self, name):
        assert self.run("remove", name).returncode == 0


class Secured:
    """A server that asks for a key."""

    def __init__(self, binary, folder, start, *settings):
        self.binary, self.keys = binary, Keys(binary, folder)
        self.key = self.keys.add("shop")
        self.pid_file = folder / "pid"
        self.server = start(f"access.keys_file={self.keys.file}", f"server.pid_file={self.pid_file}", *settings)
        self.server.key = self.key
        self.get = self.server.get

    def reload(self):
        done = subprocess.run([self.binary, "reload", "--pid-file", self.pid_file], capture_output=True, text=True, env=environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    def secret(self, body=None, headers=None, key=None):
        status, _, answer = self.get("/v1/realtime/client_secrets", {**bearer(key or self.key), "Content-Type": "application/json", **(headers or {})},
                                     "POST", json.dumps(body or {}).encode())
        assert status == 200, answer
        return json.loads(answer)["value"]

    def call(self, headers=None, subprotocols=None, query="", origin=None):
        return websockets.connect(self.server.websocket_url + query, additional_headers=headers, subprotocols=subprotocols, origin=origin)

    async def refused(self, **how):
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with self.call(**how):
                pass
        response = caught.value.response
        return response.status_code, json.loads(response.body)["error"]["code"]


@pytest.fixture(scope="module")
def secured(binary, tmp_path_factory, start):
    return Secured(binary, tmp_path_factory.mktemp("keys"), start)


@pytest.fixture(autouse=True)
def nothing_left(request):
    yield
    if "secured" in request.fixturenames:
        request.getfixturevalue("secured").server.wait_until_no_calls()


async def first(connection):
    return json.loads(await asyncio.wait_for(connection.recv(), 20))


# Each route, with each thing that can be shown.


def ask(server, path, methods, headers):
    """Status and error code; the parts in braces are filled in."""
    method = "GET" if "GET" in methods else methods.split(",")[0]
    path = path.replace("{name}", "whisper").replace("{id}", "rtc_none")
    body = b"{}" if method == "POST" else None
    status, answered, text = server.get(path, {"Content-Type": "application/json", **headers}, method, body)
    if status == 401:
        assert answered["WWW-Authenticate"] == "Bearer"
    return status, error_of(text)["code"] if status == 401 else ""


@pytest.mark.parametrize("path,methods,asks_for", ROWS)
def test_the_matrix(secured, path, methods, asks_for):
    forged = {"wrong key": "ak_" + "0" * 64, "wrong secret": "ek_" + "0" * 48, "another's": "sk-proj-0"}
    shown = {"no key": {}, **{name: bearer(key) for name, key in forged.items()}, "key": bearer(secured.key), "secret": bearer(secured.secret())}
    outcome = {name: ask(secured.server, path, methods, headers) for name, headers in shown.items()}
    asks = asks_for != "nothing"
    by_secret = "client secret" in asks_for
    for name in ("no key", "wrong key", "another's"):
        assert outcome[name] == ((401, "invalid_api_key") if asks else (outcome[name][0], "")), (name, outcome)
    assert (outcome["wrong secret"][0] == 401) == asks
    assert outcome["key"][0] != 401, outcome
    assert (outcome["secret"][0] == 401) == (asks and not by_secret), outcome


def test_a_preflight_asks_for_nothing(secured):
    status, headers, _ = secured.get("/v1/realtime/calls", {"Origin": PAGE, "Access-Control-Request-Method": "POST",
                                                            "Access-Control-Request-Headers": "authorization"}, "OPTIONS")
    assert status == 204 and "authorization" in headers["Access-Control-Allow-Headers"]


def test_a_page_can_read_that_it_is_refused(secured):
    status, headers, _ = secured.get("/v1/realtime/calls", {"Origin": PAGE, "Content-Type": "application/sdp"}, "POST", b"v=0")
    assert status == 401 and headers["Access-Control-Allow-Origin"] == "*"


def test_a_body_that_is_not_let_in_is_not_waited_for(secured):
    with socket.create_connection(("127.0.0.1", secured.server.port), 10) as client:
        client.sendall(b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                       b"Content-Length: 20000000\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 401 ")


async def test_a_call_with_a_key(secured):
    assert await secured.refused() == (401, "invalid_api_key")
    assert await secured.refused(headers=bearer("ak_" + "f" * 64)) == (401, "invalid_api_key")
    assert await secured.refused(subprotocols=["realtime", "openai-insecure-api-key.ak_0"]) == (401, "invalid_api_key")
    async with secured.call(headers=bearer(secured.key)) as call:
        assert (await first(call))["type"] == "session.created"
    async with secured.call(subprotocols=["realtime", "openai-insecure-api-key." + secured.key]) as call:
        assert (await first(call))["type"] == "session.created" and call.subprotocol == "realtime"


async def test_a_secret_opens_one_call_of_its_pages(secured):
    secret = secured.secret({"antiphon": {"origin": PAGE}})
    show = dict(subprotocols=["realtime", "openai-insecure-api-key." + secret])
    assert await secured.refused(**show, origin="https://evil.example") == (403, "origin_not_allowed")
    assert await secured.refused(**show) == (403, "origin_not_allowed")
    assert secured.get("/ice", bearer(secret))[0] == 200, "for a page the addresses come first"
    async with secured.call(**show, origin=PAGE) as call:
        assert (await first(call))["type"] == "session.created"
    assert await secured.refused(**show, origin=PAGE) == (401, "invalid_client_secret")


async def test_a_page_that_asks_itself_gets_one_for_itself(secured):
    secret = secured.secret(headers={"Origin": PAGE})
    assert await secured.refused(headers=bearer(secret), origin="https://evil.example") == (403, "origin_not_allowed")
    async with secured.call(headers=bearer(secret), origin=PAGE) as call:
        assert (await first(call))["type"] == "session.created"
    status, _, body = secured.get("/v1/realtime/client_secrets", {**bearer(secured.key), "Content-Type": "application/json"}, "POST",
                                  json.dumps({"antiphon": {"origin": "shop.example/path"}}).encode())
    assert status == 400 and error_of(body)["param"] == "antiphon.origin"


async def until(call, kind):
    while True:
        event = await first(call)
        assert event["type"] != "error", event
        if event["type"] == kind:
            return event


async def kept(call):
    """Makes the call resumable; gives its id and its token."""
    await call.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "antiphon": {"resumable": True}}}))
    event = await until(call, "antiphon.session")
    return event["call_id"], event["resume_token"]


async def test_a_call_of_a_secret_comes_back_by_its_token_and_is_its_keys_own(secured):
    other = secured.keys.add("other")
    secured.reload()
    call = await secured.call(headers=bearer(secured.secret()))
    call_id, token = await kept(call)
    path = f"/v1/realtime/calls/{call_id}"
    # To watch it, and to end it.
    assert await secured.refused(query=f"&call_id={call_id}") == (401, "invalid_api_key")
    assert await secured.refused(query=f"&call_id={call_id}", headers=bearer(secured.secret())) == (401, "invalid_api_key")
    assert await secured.refused(query=f"&call_id={call_id}", headers=bearer(other)) == (404, "call_not_found")
    assert await secured.refused(query=f"&call_id={call_id}&resume=resume_guess") == (404, "call_not_found")
    assert secured.get(path + "/hangup", bearer(other), "POST")[0] == 404
    assert secured.get(path, {}, "DELETE")[0] == 401
    assert secured.get(path, bearer("resume_guess"), "DELETE")[0] == 401
    async with secured.call(query=f"&call_id={call_id}", headers=bearer(secured.key)) as watcher:
        assert (await first(watcher))["type"] == "session.created"
    # To come back.
    call.transport.abort()
    back = await secured.call(query=f"&call_id={call_id}&resume={token}")
    assert "resume_token" in await first(back)
    assert secured.get(path + "/hangup", bearer(token), "POST")[0] == 200, "the token ends its call, too"
    await back.wait_closed()
    secured.keys.remove("other")
    secured.reload()


# Keys as they are kept.


def test_the_key_stands_nowhere(secured):
    secured.get("/v1/models", bearer(secured.key))
    text = secured.key.encode()
    places = [secured.keys.folder, secured.server.log_path.parent]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert secured.keys.file in files and secured.server.log_path in files
    for path in files:
        assert text[3:] not in path.read_bytes(), path
    assert os.stat(secured.keys.file).st_mode & 0o777 == 0o600
    listed = secured.keys.run("list").stdout
    assert "shop" in listed and secured.key[3:] not in listed


def test_the_command_says_what_is_wrong(binary, tmp_path):
    keys = Keys(binary, tmp_path)
    assert "no keys file" in keys.run("list").stderr
    keys.add("a")
    for words, says in ((["add", "a"], "already"), (["add", "a b"], "letters"), (["remove", "b"], "no key b"), (["add"], "name")):
        done = keys.run(*words)
        assert done.returncode == 1 and says in done.stderr and done.stdout == "", (words, done.stderr)
    assert "nobody is let in" in keys.run("remove", "a").stderr


async def test_a_reload_changes_the_keys_and_drops_no_call(secured):
    for_now = secured.keys.add("for_now")
    assert secured.get("/v1/models", bearer(for_now))[0] == 401
    assert "access keys: 2" in secured.reload()
    assert secured.get("/v1/models", bearer(for_now))[0] == 200
    async with secured.call(headers=bearer(for_now)) as call:
        assert (await first(call))["type"] == "session.created"
        secured.keys.remove("for_now")
        secured.reload()
        assert secured.get("/v1/models", bearer(for_now))[0] == 401
        await call.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}))
        assert (await until(call, "session.updated"))["session"]["instructions"] == "Be brief."
    # A file that is damaged, or lost, changes nothing.
    text = secured.keys.file.read_text()
    for damaged in ("nonsense", None):
        secured.keys.file.unlink() if damaged is None else secured.keys.file.write_text(damaged)
        done = subprocess.run([secured.binary, "reload", "--pid-file", secured.pid_file], capture_output=True, text=True, env=environment())
        assert done.returncode == 1 and "keys" in done.stderr
        assert secured.get("/v1/models", bearer(secured.key))[0] == 200
        assert secured.get("/v1/models")[0] == 401
    secured.keys.file.write_text(text)
    secured.keys.file.chmod(0o600)


def test_three_thousand_forged_and_replayed_tokens(secured):
    """A hundred thousand go through the same code in tests/unit/edge/credentials_test.cpp."""
    dice = random.Random(7)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    real = [secured.key, secured.secret()]

    def forged():
        model = dice.choice(real)
        at = dice.randrange(3, len(model))
        return dice.choice([
            model[:3] + "".join(dice.choices(digits, k=len(model) - 3)),
            model[:at], model + dice.choice(digits), model[:at] + ("0" if model[at] != "0" else "1") + model[at + 1:], model.upper(),
        ])

    connection = http.client.HTTPConnection("127.0.0.1", secured.server.port, timeout=30)
    accepted = 0
    for number in range(3000):
        connection.request("GET", ("/ice", "/v1/models", "/metrics")[number % 3], headers=bearer(forged()))
        answer = connection.getresponse()
        answer.read()
        accepted += answer.status != 401
    assert accepted == 0
    assert secured.get("/ice", bearer(real[1]))[0] == 200, "the real one is still good"


# The limits.


@pytest.fixture(scope="module")
def limited(binary, tmp_path_factory, start):
    return Secured(binary, tmp_path_factory.mktemp("limited"), start, "access.calls_per_key=2", "access.starts_per_address=3",
                   "access.trusted_proxies=127.0.0.0/8", "access.events_per_second=5", "access.sound_speed=2", "access.sound_ahead=20",
                   "server.max_calls=3")


async def too_many(limited, **how):
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with limited.call(**how):
            pass
    response = caught.value.response
    assert response.status_code == 429 and json.loads(response.body)["error"]["code"] == "rate_limit_exceeded"
    return int(response.headers["Retry-After"])


async def test_a_key_has_only_so_many_calls(limited):
    async with limited.call(headers=bearer(limited.key)), limited.call(headers=bearer(limited.secret())):
        assert await too_many(limited, headers=bearer(limited.key)) > 0
        assert await too_many(limited, headers=bearer(limited.secret())) > 0, "a secret's calls are its key's"
        status, headers, body = limited.get("/v1/realtime/calls", {**bearer(limited.key), "Content-Type": "application/sdp"}, "POST", OFFER)
        assert status == 429 and error_of(body)["code"] == "rate_limit_exceeded" and int(headers["Retry-After"]) > 0, body
    limited.server.wait_until_no_calls()
    async with limited.call(headers=bearer(limited.key)) as call:
        assert (await first(call))["type"] == "session.created"
    limited.server.wait_until_no_calls()


async def test_an_address_begins_calls_only_so_fast(limited):
    def from_address(address):
        return {**bearer(limited.key), "X-Forwarded-For": address}

    for _ in range(3):
        async with limited.call(headers=from_address("192.0.2.66, 203.0.113.5")):
            pass
        limited.server.wait_until_no_calls()
    assert 0 < await too_many(limited, headers=from_address("198.51.100.7, 203.0.113.5")) <= 20, "what the client made up does not count"
    async with limited.call(headers=from_address("203.0.113.6")) as call:
        assert (await first(call))["type"] == "session.created"
    limited.server.wait_until_no_calls()
    limited.server.wait_for_log("client=203.0.113.6")


async def send_until_closed(call, message, most):
    errors = []
    try:
        for _ in range(most):
            await call.send(message)
        while True:
            event = await first(call)
            if event["type"] == "error" and event["error"]["code"] == "rate_limit_exceeded":
                errors.append(event)
    except websockets.ConnectionClosed:
        pass
    return errors, call.close_code


async def test_events_come_only_so_fast(limited):
    async with limited.call(headers=bearer(limited.key)) as call:
        assert (await first(call))["type"] == "session.created"
        clear = json.dumps({"type": "input_audio_buffer.clear"})
        for _ in range(52):
            await call.send(clear)
        error = None
        while error is None:
            event = await first(call)
            error = event["error"] if event["type"] == "error" else None
        assert error["code"] == "rate_limit_exceeded"
        errors, code = await send_until_closed(call, clear, 100)
        assert code == 1008
    limited.server.wait_until_no_calls()


async def test_sound_comes_only_so_fast(limited):
    async with limited.call(headers=bearer(limited.key)) as call:
        assert (await first(call))["type"] == "session.created"
        second = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA" * 16000})
        for _ in range(19):
            await call.send(second)
        await call.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}))
        await until(call, "session.updated")
        for _ in range(8):  # four times as fast as is allowed
            for _ in range(8):
                await call.send(second)
            await asyncio.sleep(1.05)
            if call.close_code:
                break
        errors, code = await send_until_closed(call, second, 0)
        assert code == 1008 and len(errors) == 3
    limited.server.wait_until_no_calls()


@pytest.fixture(scope="module")
def shared(binary, tmp_path_factory, start):
    """Fifty events at once for each connection, and as many for all of a key's."""
    return Secured(binary, tmp_path_factory.mktemp("shared"), start, "access.events_per_second=5", "access.events_per_key=5",
                   "access.sound_speed=0", "access.sound_per_key=1", "server.max_calls=6", "webrtc.ports=0",
                   "webrtc.bind_address=127.0.0.1")


CLEAR = json.dumps({"type": "input_audio_buffer.clear"})


async def clear(call, times):
    """Each is answered."""
    for _ in range(times):
        await call.send(CLEAR)
    for _ in range(times):
        await until(call, "input_audio_buffer.cleared")


async def until_error(call):
    while (event := await first(call))["type"] != "error":
        pass
    return event["error"]


async def is_told_of_its_keys_limit(call, message=CLEAR, times=48):
    for _ in range(times):
        await call.send(message)
    error = await until_error(call)
    return error["code"] == "rate_limit_exceeded" and "all calls of this key together" in error["message"]


async def test_a_keys_calls_are_limited_together(shared):
    other = shared.keys.add("desk")
    shared.reload()
    async with shared.call(headers=bearer(shared.key)) as one, shared.call(headers=bearer(shared.secret())) as two, \
               shared.call(headers=bearer(other)) as others:
        await clear(one, 48)
        assert await is_told_of_its_keys_limit(two), "which would be within its limit alone, as the first was"
        await clear(others, 48)
        async with shared.call(headers=bearer(shared.key)) as three:
            assert await is_told_of_its_keys_limit(three), "to connect anew refills nothing"
        errors, code = await send_until_closed(two, CLEAR, 300)
        assert code == 1008, "who goes on in spite of it"
        await asyncio.sleep(1)  # five events come in
        await clear(one, 1)
        await clear(others, 1)
    assert 'antiphon_dropped_messages_total{limit="key"}' in shared.get("/metrics", bearer(shared.key))[2]
    shared.server.wait_until_no_calls()


async def test_a_call_that_comes_back_without_the_key_still_counts_for_it(shared):
    key = shared.keys.add("returns")
    shared.reload()
    call = await shared.call(headers=bearer(key))
    call_id, token = await kept(call)
    await clear(call, 47)
    call.transport.abort()
    back = await shared.call(query=f"&call_id={call_id}&resume={token}")
    assert await is_told_of_its_keys_limit(back)
    async with shared.call(query=f"&call_id={call_id}", headers=bearer(key)) as watcher:
        assert await is_told_of_its_keys_limit(watcher)
    assert shared.get(f"/v1/realtime/calls/{call_id}/hangup", bearer(key), "POST")[0] == 200
    await back.wait_closed()
    shared.server.wait_until_no_calls()


async def test_events_over_webrtc_count_for_their_key(shared):
    key = shared.keys.add("browser")
    shared.reload()
    async with shared.call(headers=bearer(key)) as one, calling(shared.server) as two:
        headers, body = with_session(await two.offer(), None)
        await two.take(*await asyncio.to_thread(shared.get, "/v1/realtime/calls?model=test", {**headers, **bearer(key)}, "POST", body))
        await two.until("session.created")
        await clear(one, 48)
        for _ in range(48):
            two.tell({"type": "input_audio_buffer.clear"})
        error = (await two.until("error"))["error"]
        assert error["code"] == "rate_limit_exceeded" and "all calls of this key together" in error["message"]
    shared.server.wait_until_no_calls()


async def test_a_keys_sound_is_limited_over_all_its_calls(shared):
    key = shared.keys.add("loud")
    shared.reload()
    second = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA" * 16000})
    async with shared.call(headers=bearer(key)) as one, shared.call(headers=bearer(key)) as two:
        for _ in range(35):
            await one.send(second)
        await one.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}))
        await until(one, "session.updated")
        assert await is_told_of_its_keys_limit(two, second, 35), "of the minute that both have, 25 seconds were left"
    shared.server.wait_until_no_calls()


# Servers that are open, and that are not.


def serve(binary, folder, *words):
    return subprocess.run([binary, "serve", "--port", "0", *words], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**environment(), "XDG_CONFIG_HOME": str(folder)})


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_needs_a_key_or_the_word_open(binary, tmp_path, host):
    done = serve(binary, tmp_path, "--host", host)
    assert done.returncode == 1 and "antiphon keys add NAME" in done.stderr and "--open" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("antiphon: ")]) == 1, done.stderr


def test_an_open_server_says_so_loudly(binary, tmp_path):
    server = Server(binary, tmp_path, host="0.0.0.0")
    try:
        server.wait_for_log("access.open")
        assert "without a key" in server.log()
        server.url = f"http://127.0.0.1:{server.port}"
        assert server.get("/v1/models")[0] == 200
    finally:
        server.stop()


def test_a_listener_for_metrics_alone(binary, tmp_path_factory, start):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    secured = Secured(binary, tmp_path_factory.mktemp("metrics"), start, f"server.metrics_port={port}")
    assert secured.get("/metrics")[0] == 401
    assert "antiphon_calls" in secured.get("/metrics", bearer(secured.key))[2]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for path, expected in (("/metrics", 200), ("/health", 200), ("/ready", 200), ("/call", 404), ("/v1/models", 404), ("/v1/realtime", 404)):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == expected, path


# The tools of a person who has a key.


def pipeline(server, *arguments):
    done = subprocess.run([sys.executable, "-I", ROOT / "test_pipeline.py", "--server", f"http://127.0.0.1:{server.port}", *arguments],
                          capture_output=True, text=True, timeout=120, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


def test_the_six_checks_pass_with_the_key_alone(secured):
    status, printed = pipeline(secured.server, "--key", secured.key)
    assert status == 0, printed
    status, printed = pipeline(secured.server)
    assert status == 1 and "--key" in printed, printed


def test_the_doctor_and_the_terminal_take_the_key(binary, secured, tmp_path):
    def run(*words, **variables):
        return subprocess.run([binary, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, env={**environment(), **variables})

    done = run("check", secured.server.url)
    assert done.returncode == 1 and "http.no_key" in done.stdout
    done = run("check", secured.server.url, "--key", secured.key)
    assert done.returncode == 0, done.stdout
    for transport in ("websocket", "webrtc"):
        done = run("call", "--server", secured.server.url, "--transport", transport, "--text", "Hello", ANTIPHON_KEY=secured.key)
        assert done.returncode == 0, done.stderr
    assert run("call", "--server", secured.server.url, "--text", "Hello").returncode == 1


OFFER = ("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
         "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd1234\r\na=ice-pwd:abcd1234abcd1234abcd1234\r\n"
         f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
         "a=rtpmap:111 opus/48000/2\r\n").encode()
