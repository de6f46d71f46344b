"""A call outlives its connection: TCP is cut or goes dead, and nothing of the conversation is lost or doubled."""

import asyncio
import json
import subprocess
import time

import pytest
import websockets

from lossy import KeptCall, Proxy
from server import environment
from speech import RECORDING, country_question
from test_spoken import words_of

GREETING = (
    "Good morning, and welcome to the long greeting. It goes on for quite a while, so that a connection can be lost "
    "in the middle of it. Whoever comes back in time hears the rest of it. And whoever comes back late hears it as well."
)
LOSSES = [("cut", 3), ("cut", 10), ("dead", 3), ("dead", 10)]


@pytest.fixture(scope="module")
def greeter(start):
    return start(f"session.greeting={GREETING}")


async def refused(url):
    """Status and error of an upgrade that is refused."""
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await websockets.connect(url)
    response = refusal.value.response
    return response.status_code, json.loads(response.body)["error"]["code"]


async def lose_in_mid_answer(server, how, seconds, binary):
    proxy = await Proxy(server.port).start()
    call = KeptCall(proxy.port)
    await call.connect(antiphon={"resumable": True, "binary_audio": binary})
    while len(call.sound) < 48000 * 2:
        await asyncio.sleep(0.05)
    getattr(proxy, how)()
    await asyncio.sleep(seconds)
    back = await call.resume()
    assert back["complete"]
    done = await call.until("response.done")
    assert done["response"]["status"] == "completed"
    assert [e["transcript"] for e in call.all("response.output_audio_transcript.done")] == [GREETING]
    assert "".join(e["delta"] for e in call.all("response.output_audio_transcript.delta")) == GREETING
    words = [word for e in call.all("antiphon.words") for word in e["words"]]
    assert abs(len(call.sound) / 48 - words[-1]["end_ms"]) < 40, "sound was lost or doubled"
    assert len(call.all("response.created")) == 1
    call.expect_each_once()
    await call.leave()
    await proxy.stop()


async def test_in_mid_answer(greeter):
    await asyncio.gather(*(lose_in_mid_answer(greeter, how, seconds, seconds == 3) for how, seconds in LOSSES))
    greeter.wait_until_no_calls()


async def lose_in_mid_question(server, how, seconds):
    proxy = await Proxy(server.port).start()
    call = KeptCall(proxy.port)
    await call.connect(instructions="Answer in one short sentence.")
    done = asyncio.create_task(call.until("response.done"))
    speaking = asyncio.create_task(call.speak(country_question(), until=done))
    await asyncio.sleep(1.5)
    getattr(proxy, how)()
    await asyncio.sleep(seconds)
    back = await call.resume()
    assert 500 < back["input_audio_ms"] < 2000
    await done
    speaking.cancel()
    heard = call.all("conversation.item.input_audio_transcription.completed")
    assert len(heard) == 1 and {"do", "your", "country"} <= set(words_of(heard[0]["transcript"])), heard
    for once in ["input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.created", "response.done"]:
        assert len(call.all(once)) == 1, once
    call.expect_each_once()
    await call.leave()
    await proxy.stop()


async def test_in_mid_question(server):
    for how, seconds in LOSSES:
        await lose_in_mid_question(server, how, seconds)


async def test_the_older_connection_is_closed(server):
    call = KeptCall(server.port)
    await call.connect()
    older = call.socket
    await call.resume()
    await asyncio.wait_for(older.wait_closed(), 10)
    assert (older.close_code, older.close_reason) == (1008, "taken over")
    since = len(call.events)
    await call.send({"type": "input_audio_buffer.clear"})
    await call.until("input_audio_buffer.cleared", since=since)
    await call.leave()


async def test_only_the_right_token_opens_a_call_and_only_while_it_lasts(server):
    call = KeptCall(server.port)
    await call.connect()
    base = f"ws://127.0.0.1:{server.port}/v1/realtime?call_id={call.kept['call_id']}"
    token = call.kept["resume_token"]
    for wrong in ["", "x", token[:-1], token + "x", token[:-1] + ("a" if token[-1] != "a" else "b")]:
        assert await refused(f"{base}&resume={wrong}") == (404, "call_not_found")
    assert await refused(f"ws://127.0.0.1:{server.port}/v1/realtime?call_id=rtc_none&resume={token}") == (404, "call_not_found")
    assert await refused(f"{base}&resume={token}&after_binary=x") == (400, "invalid_value")
    since = len(call.events)
    await call.send({"type": "input_audio_buffer.clear"})
    await call.until("input_audio_buffer.cleared", since=since)
    await call.leave()
    server.wait_until_no_calls()
    assert await refused(f"{base}&resume={token}") == (404, "call_not_found")
    assert await refused(base) == (404, "call_not_found")


async def test_who_does_not_come_back_is_given_up(start):
    server = start("call.resume_within_ms=1000")
    proxy = await Proxy(server.port).start()
    call = KeptCall(proxy.port)
    await call.connect()
    proxy.cut()
    await asyncio.sleep(0.3)
    assert server.metric("antiphon_calls") == 1
    server.wait_until_no_calls(4)
    server.wait_for_log("reason=not_resumed")
    await proxy.stop()


async def test_a_vanished_client_is_noticed_within_15_s(start):
    """Of a call that nobody can come back to; with the defaults."""
    server = start()
    proxy = await Proxy(server.port).start()
    call = KeptCall(proxy.port)
    await call.open_for_good()
    proxy.dead()
    began = time.monotonic()
    await asyncio.sleep(3)
    assert server.metric("antiphon_calls") == 1
    server.wait_until_no_calls(15)
    assert time.monotonic() - began < 15
    server.wait_for_log("reason=timed_out")
    await proxy.stop()


async def test_a_server_that_ends_does_not_wait_for_the_lost(start):
    server = start()
    proxy = await Proxy(server.port).start()
    call = KeptCall(proxy.port)
    await call.connect()
    proxy.cut()
    await asyncio.sleep(0.3)
    server.stop()
    assert "server.cut_short" not in server.log()
    await proxy.stop()


async def test_sideband(server):
    call = KeptCall(server.port)
    await call.connect(output_modalities=["text"])
    url = f"ws://127.0.0.1:{server.port}/v1/realtime?call_id={call.kept['call_id']}"

    async def next_of(connection, kind):
        while True:
            event = json.loads(await asyncio.wait_for(connection.recv(), 60))
            if event["type"] == kind:
                return event

    watchers = [await websockets.connect(url) for _ in range(4)]
    created = json.loads(await watchers[0].recv())
    assert created["type"] == "session.created" and created["session"]["output_modalities"] == ["text"]
    assert await refused(url) == (503, "overloaded")
    await watchers[0].send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}))
    assert (await call.until("session.updated", since=len(call.events)))["session"]["instructions"] == "Be brief."
    await watchers[0].send(json.dumps({"type": "nonsense", "event_id": "mine"}))
    assert (await next_of(watchers[0], "error"))["error"]["event_id"] == "mine"
    await watchers[0].send(json.dumps({"type": "conversation.item.create", "item": {
        "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}}))
    await watchers[0].send(json.dumps({"type": "response.create"}))
    assert (await call.until("response.done"))["response"]["status"] == "completed"
    done = await next_of(watchers[1], "response.done")
    assert done["event_id"] == call.all("response.done")[0]["event_id"], "the very same events"
    assert not call.all("error"), "the error was the watcher's own"
    await watchers[3].close()
    await asyncio.sleep(0.3)
    await (await websockets.connect(url)).close()
    await call.leave()
    with pytest.raises(websockets.ConnectionClosed):
        while True:
            await asyncio.wait_for(watchers[2].recv(), 10)
    assert watchers[2].close_code == 1000


async def test_the_terminal_caller_comes_back(server, binary, tmp_path):
    question = tmp_path / "question.wav"
    subprocess.run(["sox", str(RECORDING), str(question), "trim", "8.2", "2.6"], check=True)
    for how, at in [("cut", 1.2), ("dead", 1.2)]:
        proxy = await Proxy(server.port).start()
        process = await asyncio.create_subprocess_exec(
            str(binary), "call", "--transport", "websocket", "--server", f"http://127.0.0.1:{proxy.port}", "--wav", str(question),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(), cwd=tmp_path)
        await asyncio.sleep(at)
        getattr(proxy, how)()
        out, err = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, err.decode()
        assert err.decode().count("Reconnecting...") == 1
        assert {"do", "your", "country"} <= set(words_of(out.decode()))
        await proxy.stop()
        server.wait_until_no_calls()
