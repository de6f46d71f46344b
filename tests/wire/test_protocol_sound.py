"""Sound in other ways than base64 of audio/pcm: the telephone's formats, and binary frames."""

import asyncio
import base64
import json

import websockets

from conversation import FRAME_SECONDS, converse
from speech import country_question, encoded
from test_spoken import words_of


async def hear(talk, name, sox_encoding):
    await talk.update(
        audio={"input": {"format": {"type": name}, "turn_detection": None}, "output": {"format": {"type": name}}},
        instructions="Answer in one short sentence.",
    )
    sound = encoded(sox_encoding)
    await talk.connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
    await talk.connection.input_audio_buffer.commit()
    completed = await talk.until("conversation.item.input_audio_transcription.completed")
    assert "country" in words_of(completed["transcript"]), completed["transcript"]
    assert abs(completed["usage"]["seconds"] - len(sound) / 8000) < 0.2
    await talk.connection.response.create()
    done = (await talk.until("response.done"))["response"]
    assert done["status"] == "completed" and done["audio"]["output"]["format"] == {"type": name}
    frames = [base64.b64decode(e["delta"]) for e in talk.events if e["type"] == "response.output_audio.delta"]
    assert max(len(frame) for frame in frames) == 8000 * FRAME_SECONDS
    assert len(set(b"".join(frames))) > 50, "not silence"


async def test_mulaw_both_ways(server):
    async with converse(server) as talk:
        await hear(talk, "audio/pcmu", "u-law")


async def test_alaw_both_ways(server):
    async with converse(server) as talk:
        await hear(talk, "audio/pcma", "a-law")


class Binary:
    """A client that keeps text and binary frames apart."""

    def __init__(self, connection):
        self.connection = connection
        self.events = []
        self.sound = []

    async def send(self, **event):
        await self.connection.send(json.dumps(event))

    async def until(self, kind):
        while True:
            message = await asyncio.wait_for(self.connection.recv(), 60)
            if isinstance(message, bytes):
                self.sound.append(message)
                continue
            self.events.append(json.loads(message))
            if self.events[-1]["type"] == kind:
                return self.events[-1]


async def test_binary_frames_both_ways(server):
    async with websockets.connect(server.websocket_url, max_size=None) as connection:
        client = Binary(connection)
        await client.until("session.created")
        await connection.send(b"\0\0")
        assert "binary_audio" in (await client.until("error"))["error"]["message"]

        settings = {"antiphon": {"binary_audio": True}, "audio": {"input": {"turn_detection": None}}}
        await client.send(type="session.update", session={"type": "realtime", "max_output_tokens": 24, **settings})
        assert (await client.until("session.updated"))["session"]["antiphon"]["binary_audio"] is True
        await connection.send(b"\0\0\0")
        assert (await client.until("error"))["error"]["code"] == "invalid_value"
        sound = country_question()
        for at in range(0, len(sound), 960):
            await connection.send(sound[at : at + 960])
        await client.send(type="input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert "country" in words_of(completed["transcript"])

        await client.send(type="response.create")
        await client.until("response.output_item.added")
        assert not client.sound, "sound before the item that it belongs to"
        await client.until("response.done")
        assert max(len(frame) for frame in client.sound) == 960 and sum(map(len, client.sound)) > 0.3 * 48000
        assert "response.output_audio.delta" not in {e["type"] for e in client.events}

        # Off again.
        await client.send(type="session.update", session={"type": "realtime", "antiphon": {"binary_audio": False}})
        await client.until("session.updated")
        await connection.send(b"\0\0")
        await client.until("error")
    server.wait_until_no_calls()
