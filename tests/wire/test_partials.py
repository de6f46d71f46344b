"""What Antiphon tells beyond the API while a turn goes on: partial captions, word times, the agent's state."""

import asyncio

from conversation import converse
from speech import cut
from test_spoken import words_of


def ours(talk, kind, since=0):
    return [e for e in talk.events[since:] if e["type"] == f"antiphon.{kind}"]


async def test_partials_come_while_the_caller_speaks(server):
    async with converse(server) as talk:
        session = await talk.update(antiphon={"partials": True}, instructions="Answer in one short sentence.")
        assert session["antiphon"]["partials"] is True
        done = asyncio.create_task(talk.until("conversation.item.input_audio_transcription.completed"))
        await talk.speak(cut(0, 11), until=done)
        partials = ours(talk, "partial")
        assert partials, "no partial in eleven seconds of speech"
        started = {e["item_id"] for e in talk.events if e["type"] == "input_audio_buffer.speech_started"}
        assert {e["item_id"] for e in partials} <= started
        first = partials[0]
        # The first that was completed need not be the one that had a partial.
        completed = asyncio.create_task(
            talk.until("conversation.item.input_audio_transcription.completed", where=lambda e: e["item_id"] == first["item_id"])
        )
        await talk.speak(b"", until=completed)
        completed = completed.result()
        assert talk.events.index(first) < talk.events.index(completed)
        assert set(words_of(first["transcript"])) & set(words_of(completed["transcript"]))


async def test_no_partials_unless_asked_for(server):
    async with converse(server) as talk:
        done = asyncio.create_task(talk.until("conversation.item.input_audio_transcription.completed"))
        await talk.speak(cut(0, 4), until=done)
        assert not ours(talk, "partial")


async def test_words_come_with_their_times(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        await talk.type("What is the capital of France?")
        await talk.connection.response.create()
        done = (await talk.until("response.done"))["response"]
        item = done["output"][0]
        timed = ours(talk, "words")
        words = [word for event in timed for word in event["words"]]
        assert "".join(word["text"] for word in words) == item["content"][0]["transcript"]
        assert all(event["item_id"] == item["id"] and event["response_id"] == done["id"] for event in timed)
        assert all(word["start_ms"] <= word["end_ms"] for word in words)
        assert all(a["end_ms"] <= b["start_ms"] + 1 for a, b in zip(words, words[1:]))
        assert words[-1]["end_ms"] <= len(talk.sound()) / 48 + 1
        first_sound = next(i for i, e in enumerate(talk.events) if e["type"] == "response.output_audio.delta")
        assert talk.events.index(timed[0]) < first_sound


async def test_the_agent_tells_its_state(server):
    async with converse(server) as talk:
        await talk.until("antiphon.state")
        await talk.update(instructions="Answer in one short sentence.")
        await talk.type("What is the capital of France?")
        await talk.connection.response.create()
        await talk.until("response.done")
        await talk.until("antiphon.state", where=lambda e: e["state"] == "listening", since=talk.index("response.done"))
        assert [e["state"] for e in ours(talk, "state")] == ["listening", "thinking", "speaking", "listening"]
        speaking = next(i for i, e in enumerate(talk.events) if e.get("state") == "speaking")
        assert abs(speaking - talk.index("response.output_audio.delta")) < 5
