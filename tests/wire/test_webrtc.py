"""Calls over WebRTC: POST /v1/realtime/calls, held by aiortc against the real binary."""

import asyncio
import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import types

import pytest

from lossy import KeptCall
from server import Server
from speech import country_question
from test_spoken import words_of
from webrtc_call import calling, with_session

SDP = {"Content-Type": "application/sdp"}


@pytest.fixture(scope="module")
def webrtc_server(start):
    return start("webrtc.bind_address=127.0.0.1", "webrtc.ports=0")


@pytest.fixture(scope="module")
def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_one:
        any_one.bind(("127.0.0.1", 0))
        return any_one.getsockname()[1]


@pytest.fixture(scope="module")
def one_port_server(start, free_port):
    return start("webrtc.bind_address=127.0.0.1", f"webrtc.ports={free_port}", "server.max_calls=1", "webrtc.connect_timeout_ms=2000",
                 "webrtc.idle_timeout_ms=3000")


async def hold_a_spoken_call(call):
    assert (await call.until("session.created", seconds=20))["session"]["type"] == "realtime"
    call.tell({"type": "session.update", "session": {"type": "realtime", "instructions": "Answer in one short sentence."}})
    await call.until("session.updated")
    call.microphone.say(country_question())
    await call.until("input_audio_buffer.speech_started")
    transcript = (await call.until("conversation.item.input_audio_transcription.completed"))["transcript"]
    assert "country" in transcript.lower(), transcript
    started = await call.until("output_audio_buffer.started")
    done = await call.until("response.done")
    stopped = await call.until("output_audio_buffer.stopped")
    assert started["response_id"] == stopped["response_id"] == done["response"]["id"]
    types = [e["type"] for e in call.events]
    assert "response.output_audio.delta" not in types, "the sound travels by RTP"
    assert call.loud_seconds > 0.3


async def test_a_spoken_call(webrtc_server):
    async with calling(webrtc_server) as call:
        await call.begin()
        await hold_a_spoken_call(call)
        assert (await call.hang_up())[0] == 200
        webrtc_server.wait_until_no_calls()
        assert (await call.hang_up())[0] == 404


async def test_a_spoken_call_on_the_one_port(one_port_server, free_port):
    async with calling(one_port_server) as call:
        await call.begin()
        assert f" 127.0.0.1 {free_port} typ host" in call.connection.remoteDescription.sdp
        await hold_a_spoken_call(call)
    one_port_server.wait_until_no_calls()


async def test_a_session_comes_with_the_offer(webrtc_server):
    async with calling(webrtc_server) as call:
        await call.begin("", {"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be brief."})
        created = await call.until("session.created", seconds=20)
        assert created["session"]["instructions"] == "Be brief."
        assert created["session"]["model"] == "gpt-realtime-mini"
        assert call.token is None, "the session is not resumable"
        status, _, _ = await asyncio.to_thread(webrtc_server.get, call.location + "/hangup", {}, "POST", b"")
        assert status == 200
    webrtc_server.wait_until_no_calls()


async def test_a_call_whose_media_never_gets_through_goes_on_over_the_web_socket(webrtc_server):
    async with calling(webrtc_server) as never_open:
        headers, body = with_session(await never_open.offer(), {
            "type": "realtime", "instructions": "Answer in one short sentence.", "antiphon": {"resumable": True}})
        headers["Origin"] = "https://page.example"
        status, headers, _ = await asyncio.to_thread(webrtc_server.get, "/v1/realtime/calls", headers, "POST", body)
        assert status == 201
        assert "Antiphon-Resume-Token" in headers["Access-Control-Expose-Headers"].split(", ")
        call = KeptCall(webrtc_server.port)
        call.kept = {"call_id": headers["Location"].rpartition("/")[2], "resume_token": headers["Antiphon-Resume-Token"]}
        await asyncio.sleep(2.5)
        back = await call.resume()
        assert back["complete"] and back["input_audio_ms"] == 0
        created = await call.until("session.created")
        assert call.events.index(created) == 1, "the call has only begun"
        assert created["session"]["instructions"] == "Answer in one short sentence."
        done = asyncio.create_task(call.until("response.done"))
        await call.speak(country_question(), until=done)
        heard = call.all("conversation.item.input_audio_transcription.completed")
        assert len(heard) == 1 and {"do", "your", "country"} <= set(words_of(heard[0]["transcript"])), heard
        assert (await done)["response"]["status"] == "completed"
        assert call.sound and not call.all("output_audio_buffer.started")
        call.expect_each_once()
        await call.leave()
    webrtc_server.wait_until_no_calls()


async def test_a_closed_client_frees_its_place(webrtc_server):
    async with calling(webrtc_server) as call:
        await call.begin()
        await call.until("session.created", seconds=20)
    webrtc_server.wait_until_no_calls()


async def test_a_client_that_never_connects_frees_its_place(one_port_server):
    begun = one_port_server.metric("antiphon_calls_total")
    async with calling(one_port_server) as call:
        status, headers, _ = one_port_server.get("/v1/realtime/calls", SDP, "POST", (await call.offer()).encode())
        assert status == 201 and headers["Location"].startswith("/v1/realtime/calls/rtc_")
        status, headers, body = one_port_server.get("/v1/realtime/calls", SDP, "POST", (await call.offer()).encode())
        assert status == 503 and json.loads(body)["error"]["code"] == "overloaded" and headers["Retry-After"]
        assert one_port_server.metric("antiphon_calls") == 1, "who connects has a place"
        assert one_port_server.metric("antiphon_calls_total") == begun
    one_port_server.wait_for_log("call.not_opened")
    one_port_server.wait_until_no_calls()


def two_free_ports():
    """Next to each other."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                other.bind(("127.0.0.1", port + 1))
                return port, port + 1
    raise AssertionError("there are no two free ports next to each other")


async def test_each_call_takes_a_port_of_the_range(start):
    first_port, last_port = two_free_ports()
    server = start("webrtc.bind_address=127.0.0.1", f"webrtc.ports={first_port}-{last_port}")
    async with calling(server) as first, calling(server) as second, calling(server) as third:
        for call in [first, second]:
            await call.begin()
            await call.until("session.created", seconds=20)
        ports = {port for call in [first, second] for port in [first_port, last_port]
                 if f" 127.0.0.1 {port} typ host" in call.connection.remoteDescription.sdp}
        assert ports == {first_port, last_port}
        status, headers, body = await third.post()
        assert status == 503 and headers["Retry-After"], body
        assert "webrtc.ports" in json.loads(body)["error"]["message"]
        assert server.metric("antiphon_calls") == 2
        await hold_a_spoken_call(first)
        await second.hang_up()
        for _ in range(50):  # its port is free when its connection has closed in order
            status, headers, body = await third.post()
            if status == 201:
                break
            await asyncio.sleep(0.1)
        await third.take(status, headers, body)
        await third.until("session.created", seconds=20)
    server.wait_until_no_calls()


async def keep_a_call(url):
    """The process that is killed below."""
    with_get = types.SimpleNamespace(url=url, tls=None)
    with_get.get = lambda *request: Server.get(with_get, *request)
    async with calling(with_get) as call:
        await call.begin()
        await call.until("session.created", seconds=20)
        print("in the call", flush=True)
        await asyncio.sleep(600)


def test_a_killed_client_frees_its_place(one_port_server):
    program = f"import asyncio, test_webrtc; asyncio.run(test_webrtc.keep_a_call({one_port_server.url!r}))"
    client = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                              cwd=pathlib.Path(__file__).parent)
    try:
        assert client.stdout.readline() == "in the call\n"
        assert one_port_server.metric("antiphon_calls") == 1
    finally:
        client.kill()
        client.wait()
    one_port_server.wait_until_no_calls(seconds=15)


def refused(server, body, headers=SDP, path="/v1/realtime/calls"):
    status, _, text = server.get(path, headers, "POST", body)
    error = json.loads(text)["error"]
    assert error["message"]
    return status, error["code"]


def test_what_is_no_offer_is_refused(webrtc_server):
    assert refused(webrtc_server, b"hello") == (400, "invalid_offer")
    assert refused(webrtc_server, b"") == (400, "invalid_offer")
    assert refused(webrtc_server, b"v=0\r\n" * 20000) == (413, "offer_too_large")
    assert refused(webrtc_server, b"{}", {"Content-Type": "application/json"}) == (415, "unsupported_media_type")
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    empty = b'--b\r\nContent-Disposition: form-data; name="session"\r\n\r\n{}\r\n--b--\r\n'
    assert refused(webrtc_server, empty, form) == (400, "missing_field")
    assert webrtc_server.get("/v1/realtime/calls/rtc_none", {}, "DELETE")[0] == 404
    assert webrtc_server.get("/v1/realtime/calls/rtc_none/hangup", {}, "POST", b"")[0] == 404
    assert webrtc_server.get("/v1/realtime/calls/rtc_none/other", {}, "POST", b"")[0] == 404
    assert webrtc_server.get("/v1/realtime/calls")[0] == 405
    webrtc_server.wait_until_no_calls()
