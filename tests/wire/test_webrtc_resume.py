"""A call that goes on over another connection: to WebRTC from a WebSocket, from WebRTC, and from WebRTC to a WebSocket."""

import array
import asyncio
import json

import pytest

from lossy import KeptCall, Proxy
from speech import country_question
from test_resume import GREETING
from test_spoken import words_of
from webrtc_call import LOUD, Call, return_query

RESUMABLE = {"type": "realtime", "antiphon": {"resumable": True}}
SDP = {"Content-Type": "application/sdp"}


@pytest.fixture(scope="module")
def greeter(start):
    return start("webrtc.bind_address=127.0.0.1", "webrtc.ports=0", f"session.greeting={GREETING}")


@pytest.fixture(scope="module")
def listener(start):
    return start("webrtc.bind_address=127.0.0.1", "webrtc.ports=0", "session.instructions=Answer in one short sentence.")


def loud_seconds(pcm):
    """As Call counts them: frames of 20 ms that are not quiet."""
    samples = array.array("h", pcm)
    return sum(0.02 for at in range(0, len(samples), 480) if max(map(abs, samples[at:at + 480])) > LOUD)


async def whole_greeting(server):
    call = KeptCall(server.port)
    await call.connect()
    await call.until("response.done")
    await call.leave()
    return loud_seconds(call.sound)


def each_once(*event_lists):
    ids = [e["event_id"] for events in event_lists for e in events if e["type"] != "antiphon.heard"]
    assert len(ids) == len(set(ids)), "an event came twice"


def transcripts(events):
    return "".join(e["delta"] for e in events if e["type"] == "response.output_audio_transcript.delta")


async def until_loud(call, seconds):
    for _ in range(1000):
        if call.loud_seconds > seconds:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"only {call.loud_seconds} s of sound came")


async def end_of_greeting(second, first_events, seconds_before, whole):
    back = second.events[0]
    assert back["type"] == "antiphon.session" and back["resumed"] and back["complete"], back
    done = await second.until("response.done")
    assert done["response"]["status"] == "completed"
    await second.until("output_audio_buffer.stopped")
    assert transcripts(first_events) + transcripts(second.events) == GREETING
    each_once(first_events, second.events)
    await asyncio.sleep(0.3)
    heard = seconds_before + second.loud_seconds
    # What the one that is left had received and not played yet is lost with it.
    assert -1 < heard - whole < 0.4, f"{heard} s of {whole} s: sound was lost or doubled"


async def test_webrtc_to_webrtc_in_mid_answer(greeter):
    whole = await whole_greeting(greeter)
    first, second = Call(greeter), Call(greeter)
    await first.begin(session=RESUMABLE)
    await until_loud(first, 2.5)
    status, headers, answer = await second.post(first.return_query())
    assert headers["Location"] == first.location and headers["Antiphon-Resume-Token"] == first.token
    await second.take(status, headers, answer)
    await second.until("antiphon.session", seconds=10)
    await asyncio.sleep(0.5)
    before = first.loud_seconds
    await end_of_greeting(second, first.events, before, whole)
    assert first.loud_seconds == before and first.channel.readyState == "closed", "the earlier one has ended"
    assert greeter.metric("antiphon_calls") == 1
    await first.close()
    assert greeter.metric("antiphon_calls") == 1, "its end means nothing"
    assert (await second.hang_up())[0] == 200
    greeter.wait_until_no_calls()
    await second.close()


@pytest.mark.parametrize("how", ["cut", "dead", "there"])
async def test_web_socket_to_webrtc_in_mid_answer(greeter, how):
    whole = await whole_greeting(greeter)
    proxy = await Proxy(greeter.port).start()
    first, second = KeptCall(proxy.port), Call(greeter)
    await first.connect(antiphon={"resumable": True, "binary_audio": how == "dead"})
    while len(first.sound) < 48000 * 2.5:
        await asyncio.sleep(0.02)
    if how != "there":
        getattr(proxy, how)()
        await asyncio.sleep(3)
    query = return_query(first.kept["call_id"], first.kept["resume_token"], first.last_event_id, first.after_binary)
    first.aside = True
    await second.begin(query)
    await second.until("antiphon.session", seconds=10)
    await end_of_greeting(second, first.events, loud_seconds(first.sound), whole)
    if how == "there":
        await asyncio.wait_for(first.socket.wait_closed(), 10)
        assert (first.socket.close_code, first.socket.close_reason) == (1008, "taken over")
    await second.hang_up()
    greeter.wait_until_no_calls()
    await second.close()
    await proxy.stop()


async def expect_one_turn(call, *event_lists):
    await call.until("response.done")
    events = [e for events in event_lists for e in events]
    each_once(events)
    for once in ["input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.created", "response.done"]:
        assert len([e for e in events if e["type"] == once]) == 1, once
    heard = [e for e in events if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert len(heard) == 1 and {"do", "your", "country"} <= set(words_of(heard[0]["transcript"])), heard


async def asking_over_webrtc(server):
    """A caller in the middle of the question."""
    call = Call(server)
    await call.begin(session=RESUMABLE)
    await call.until("session.created", seconds=20)
    await asyncio.sleep(0.5)
    call.microphone.say(country_question())
    await call.until("input_audio_buffer.speech_started")
    await asyncio.sleep(0.7)
    return call


async def test_webrtc_to_webrtc_in_mid_question(listener):
    first, second = await asking_over_webrtc(listener), Call(listener)
    await second.begin(first.return_query())
    back = await second.until("antiphon.session", seconds=10)
    # The position is that of its microphone, but for what is on its way.
    ours = len(first.microphone.taken) / 48
    assert ours - 400 < back["input_audio_ms"] <= ours
    second.microphone.say(first.microphone.taken[back["input_audio_ms"] * 48:] + first.microphone.rest())
    await expect_one_turn(second, first.events, second.events)
    await first.close()
    await second.hang_up()
    listener.wait_until_no_calls()
    await second.close()


async def test_web_socket_to_webrtc_in_mid_question(listener):
    first, second = KeptCall(listener.port), Call(listener)
    await first.connect()
    question = country_question()
    speaking = asyncio.create_task(first.speak(question))
    await first.until("input_audio_buffer.speech_started")
    await asyncio.sleep(0.7)
    query = return_query(first.kept["call_id"], first.kept["resume_token"], first.last_event_id)
    first.aside = True
    await second.begin(query)
    back = await second.until("antiphon.session", seconds=10)
    speaking.cancel()
    second.microphone.say(question[back["input_audio_ms"] * 48:])
    await expect_one_turn(second, first.events, second.events)
    await second.hang_up()
    listener.wait_until_no_calls()
    await second.close()


async def test_webrtc_to_web_socket_in_mid_question(listener):
    first, second = await asking_over_webrtc(listener), KeptCall(listener.port)
    last = first.return_query()
    second.kept = {"call_id": first.location.rpartition("/")[2], "resume_token": first.token}
    second.last_event_id = last.split("last_event_id=")[1].split("&")[0]
    second.microphone = first.microphone.taken
    await second.resume()
    done = asyncio.create_task(second.until("response.done"))
    await second.speak(first.microphone.rest(), until=done)
    await expect_one_turn(second, first.events, second.events)
    await first.close()
    await second.leave()
    listener.wait_until_no_calls()


async def test_only_the_right_token_takes_a_call_over(listener):
    first, second = Call(listener), Call(listener)
    await first.begin(session=RESUMABLE)
    call_id = first.location.rpartition("/")[2]
    await first.until("session.created", seconds=20)
    for query in [return_query(call_id, first.token[:-1]), return_query(call_id, ""), return_query("rtc_none", first.token)]:
        status, _, body = await second.post(query)
        assert (status, json.loads(body)["error"]["code"]) == (404, "call_not_found")
    right = return_query(call_id, first.token)
    status, _, body = await second.post(right, RESUMABLE)
    assert (status, json.loads(body)["error"]["param"]) == (400, "session")
    status, _, body = await second.post(f"?call_id={call_id}")
    assert (status, json.loads(body)["error"]["param"]) == (400, "resume")
    voice_only = Call(listener, data=False)
    status, _, body = await voice_only.post(right)
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_offer")
    # One that never connects leaves the call as it is.
    status, _, _ = await second.post(right)
    assert status == 201
    since = len(first.events)
    first.tell({"type": "input_audio_buffer.clear"})
    await first.until("input_audio_buffer.cleared", since=since)
    assert listener.metric("antiphon_calls") == 1
    await first.hang_up()
    listener.wait_until_no_calls()
    assert (await second.post(right))[0] == 404
    for call in [first, second, voice_only]:
        await call.close()
