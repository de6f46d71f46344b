"""Calls over WebRTC with a bad network between aiortc and the real binary: tests/wire/network.py."""

import asyncio
import time

import pytest

from speech import country_question
from webrtc_call import calling


pytestmark = pytest.mark.real_time
# The library wakes its own thread with a datagram to itself: that one has to pass.
UDP_FROM_OUTSIDE = 'iifname "wire" meta l4proto udp drop'


async def ask(call):
    """One spoken question: what was heard of it, and what came of it."""
    since = len(call.events)
    loud = call.loud_seconds
    call.microphone.say(country_question())
    await call.until("output_audio_buffer.stopped", since=since)
    await asyncio.sleep(0.5)  # what is on its way
    events = call.events[since:]
    types = [event["type"] for event in events]
    transcripts = [e["transcript"] for e in events if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert types.count("input_audio_buffer.committed") == 1, types
    assert types.count("response.done") == 1, types
    return " ".join(transcripts), call.loud_seconds - loud


async def begin(call):
    await call.begin()
    await call.until("session.created", seconds=30)
    call.tell({"type": "session.update", "session": {"type": "realtime", "instructions": "Answer in one short sentence."}})
    await call.until("session.updated")


def test_ten_percent_lost_and_sixty_milliseconds_of_jitter(network, networked_server):
    server = networked_server()
    network.set("both", loss=0.1, delay_ms=60, jitter_ms=60, duplicate=0.01, reorder=0.01)

    async def hold(place):
        async with calling(place) as call:
            await begin(call)
            for _ in range(3):
                heard, loud = await ask(call)
                assert "country" in heard.lower(), heard
                assert loud > 0.5
            assert call.connection.connectionState == "connected"
            # Both sides know of it: the client of what it got, and what the server's reports say of what it sent.
            stats = (await call.connection.getStats()).values()
            got = next(one for one in stats if one.type == "inbound-rtp")
            sent = next(one for one in stats if one.type == "remote-inbound-rtp")
            assert 0.05 < got.packetsLost / (got.packetsLost + got.packetsReceived) < 0.2, got
            assert 0.05 < sent.packetsLost / (sent.packetsLost + sent.packetsReceived) < 0.2, sent
            assert 0.005 < sent.roundTripTime < 0.6, sent  # one report: each way took 0 to 120 ms
            assert (await call.hang_up())[0] == 200

    server.call_from_client(hold)
    server.wait_until_no_calls()
    counts = network.counts()
    for way in ("to_server", "to_client"):
        assert counts[way]["lost"] > 0.05 * counts[way]["sent"], "the network was better than it was meant to be"


@pytest.mark.parametrize("seconds", [3, 10])
def test_a_link_that_is_cut_for_a_while(network, networked_server, seconds):
    server = networked_server()

    async def hold(place):
        async with calling(place) as call:
            await begin(call)
            assert "country" in (await ask(call))[0].lower()
            network.cut()
            await asyncio.sleep(seconds)  # the time is the test's subject
            network.join()
            heard, loud = await ask(call)
            assert "country" in heard.lower(), heard
            assert loud > 0.5
            assert (await call.hang_up())[0] == 200

    server.call_from_client(hold)
    server.wait_until_no_calls()


def test_an_answer_whose_link_is_cut_for_ten_seconds(network, networked_server):
    """Its events wait for the link; what a data channel retransmits is not given up before the line is."""
    server = networked_server()

    async def hold(place):
        async with calling(place) as call:
            await begin(call)
            call.microphone.say(country_question())
            await call.until("input_audio_buffer.committed")
            network.cut()
            await asyncio.sleep(10)  # the time is the test's subject
            network.join()
            await call.until("response.done", seconds=20)
            await call.until("output_audio_buffer.stopped", seconds=60)
            types = [event["type"] for event in call.events]
            assert types.count("input_audio_buffer.committed") == 1, types
            assert types.count("response.done") == 1, types
            assert "country" in (await ask(call))[0].lower()

    server.call_from_client(hold)
    server.wait_until_no_calls()


def test_a_client_that_loses_udp_frees_its_place(network, networked_server):
    server = networked_server("webrtc.idle_timeout_ms=5000")

    async def hold(place):
        async with calling(place) as call:
            await begin(call)
            assert server.metric("antiphon_calls") == 1
            network.drop("udp")
            began = time.monotonic()
            await asyncio.to_thread(server.wait_until_no_calls, 15)
            assert time.monotonic() - began > 3, "a short silence of the line does not end a call"

    server.call_from_client(hold)


def test_a_client_without_udp_gets_an_answer_and_frees_its_place(network, networked_server):
    server = networked_server("webrtc.connect_timeout_ms=3000")
    network.firewall("server", UDP_FROM_OUTSIDE)

    async def hold(place):
        async with calling(place) as call:
            await call.begin()
            await asyncio.to_thread(server.wait_for_log, "call.not_opened", 15)
            assert call.connection.connectionState != "connected"

    server.call_from_client(hold)
