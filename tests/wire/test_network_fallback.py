"""Calls over WebRTC that lose their line go on over the WebSocket: UDP is dropped before, during and after set-up, the
link is cut, the caller's address changes. Each caller has an address and a fate of its own, and all call at once.
"""

import asyncio

import pytest

from kept_webrtc import keeping
from speech import country_question
from test_resume import GREETING
from test_spoken import words_of

pytestmark = pytest.mark.real_time
UDP = "meta l4proto udp"
MOST_LOST_MS = 1500
# What was played while the server could not learn of it is played again.
MOST_DOUBLED_MS = 1500
UPLINK_DOUBLED_MS = 5500  # the line goes on in one direction, until the client has given up


class Roads:
    """The ways of several callers through one network: what nft lets through for each address."""

    def __init__(self, network):
        self.network = network
        self.closed = {}

    def add(self, number):
        address = f"10.77.0.{number}"
        self.network.run("client", "ip", "address", "add", f"{address}/32", "dev", "wire")
        return address

    def remove(self, address):
        self.network.run("client", "ip", "address", "del", f"{address}/32", "dev", "wire")

    def close(self, address, what="", ends=("server", "client")):
        """Drops `what` (all of it, if empty) where it comes in at those ends."""
        rules = {"server": f"ip saddr {address} {what} drop", "client": f"ip daddr {address} {what} drop"}
        self.closed[address] = {end: rules[end] for end in ends}
        self._tell()

    def open(self, address):
        del self.closed[address]
        self._tell()

    def _tell(self):
        for end in ("server", "client"):
            self.network.firewall(end, *(rules[end] for rules in self.closed.values() if end in rules))


class Fate:
    """What becomes of a caller's road, and when."""

    def __init__(self, roads, number):
        self.roads = roads
        self.address = roads.add(number)

    async def befall(self, call):
        raise NotImplementedError


class UdpDropped(Fate):
    async def befall(self, call):
        self.roads.close(self.address, UDP)


class UplinkDropped(Fate):
    async def befall(self, call):
        self.roads.close(self.address, UDP, ("server",))


class LinkCut(Fate):
    def __init__(self, roads, number, seconds):
        super().__init__(roads, number)
        self.seconds = seconds

    async def befall(self, call):
        self.roads.close(self.address)
        await asyncio.sleep(self.seconds)  # the time is the test's subject
        self.roads.open(self.address)


class AddressChanged(Fate):
    async def befall(self, call):
        call.address = self.roads.add(int(self.address.rsplit(".")[-1]) + 100)
        self.roads.remove(self.address)


async def lose_in_mid_answer(place, fate, doubled=MOST_DOUBLED_MS):
    async with keeping(place, address=fate.address) as call:
        await call.begin()
        await call.line_until(2000)
        since = len(call.events)
        await fate.befall(call)
        assert (await call.taken_over())["complete"]
        # It is not sure which came before the road was closed.
        await call.until("response.done")
        await call.until("antiphon.state", since=since, where=lambda event: event["state"] == "listening")
        assert [event["transcript"] for event in call.all("response.output_audio_transcript.done")] == [GREETING]
        assert "".join(event["delta"] for event in call.all("response.output_audio_transcript.delta")) == GREETING
        for once in ("session.created", "response.created", "response.done"):
            assert len(call.all(once)) == 1, once
        assert call.all("response.done")[0]["response"]["status"] == "completed"
        call.expect_each_once()
        words = [word for event in call.all("antiphon.words") for word in event["words"]]
        heard = call.line_ms() + call.socket_ms() - words[-1]["end_ms"]
        assert -MOST_LOST_MS <= heard <= doubled, (type(fate).__name__, call.line_ms(), call.socket_ms(), words[-1]["end_ms"])


async def one_turn_of(call):
    committed = await call.until("input_audio_buffer.committed", seconds=120)
    await call.until("response.done", seconds=120)
    await call.until("antiphon.state", since=call.events.index(committed), where=lambda event: event["state"] == "listening")
    heard = call.all("conversation.item.input_audio_transcription.completed")
    assert len(heard) == 1 and {"do", "your", "country"} <= set(words_of(heard[0]["transcript"])), heard
    for once in ("session.created", "input_audio_buffer.speech_started", "input_audio_buffer.committed", "response.created", "response.done"):
        assert len(call.all(once)) == 1, once
    call.expect_each_once()


async def lose_in_mid_question(place, fate):
    async with keeping(place, address=fate.address) as call:
        await call.begin(instructions="Answer in one short sentence.")
        await call.until("session.created")
        call.say(country_question())
        await call.until("input_audio_buffer.speech_started")
        await fate.befall(call)
        await call.taken_over()
        await one_turn_of(call)


async def speak_where_udp_never_comes_through(place, fate):
    await fate.befall(None)
    async with keeping(place, address=fate.address) as call:
        call.say(country_question())
        await call.begin(instructions="Answer in one short sentence.")
        assert (await call.taken_over())["resumed"] and call.line_sound.began is None
        await one_turn_of(call)


async def lose_udp_in_set_up(place, fate):
    """ICE has found its way, DTLS and the channel have not."""
    async with keeping(place, address=fate.address) as call:
        @call.connection.on("iceconnectionstatechange")
        def changed():
            if call.connection.iceConnectionState == "completed":
                fate.roads.close(fate.address, UDP)

        call.say(country_question())
        await call.begin(instructions="Answer in one short sentence.")
        assert (await call.taken_over())["resumed"] and call.connection.connectionState != "connected"
        await one_turn_of(call)


def test_in_mid_answer(network, networked_server):
    server = networked_server(f"session.greeting={GREETING}")
    roads = Roads(network)

    async def hold(place):
        await asyncio.gather(
            lose_in_mid_answer(place, LinkCut(roads, 11, 25)),
            lose_in_mid_answer(place, LinkCut(roads, 12, 10)),
            lose_in_mid_answer(place, LinkCut(roads, 13, 3)),
            lose_in_mid_answer(place, UdpDropped(roads, 14)),
            lose_in_mid_answer(place, UplinkDropped(roads, 15), UPLINK_DOUBLED_MS),
            lose_in_mid_answer(place, AddressChanged(roads, 16)),
        )

    server.call_from_client(hold)
    server.wait_until_no_calls()


def test_in_mid_question_and_in_set_up(network, networked_server):
    server = networked_server("language_model.max_tokens=20")
    roads = Roads(network)

    async def hold(place):
        await asyncio.gather(
            speak_where_udp_never_comes_through(place, UdpDropped(roads, 11)),
            lose_udp_in_set_up(place, UdpDropped(roads, 12)),
            lose_in_mid_question(place, UdpDropped(roads, 13)),
            lose_in_mid_question(place, LinkCut(roads, 14, 3)),
            lose_in_mid_question(place, LinkCut(roads, 15, 10)),
            lose_in_mid_question(place, AddressChanged(roads, 16)),
        )

    network.set("both", delay_ms=20)  # time to lose it in set-up
    server.call_from_client(hold)
    server.wait_until_no_calls()
