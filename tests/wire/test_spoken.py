"""Conversations that are spoken, in real time."""

import asyncio
import base64

from conversation import converse
from speech import country_question

TURN_ORDER = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
]


def words_of(text):
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


async def test_hears_a_turn_and_answers_it(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        since = len(talk.events)
        done = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), until=done)
        response = done.result()["response"]
        types = talk.types(since)
        assert types[: len(TURN_ORDER)] == TURN_ORDER

        started = await talk.until("input_audio_buffer.speech_started")
        stopped = await talk.until("input_audio_buffer.speech_stopped")
        assert 0 <= started["audio_start_ms"] < 700
        assert 2000 < stopped["audio_end_ms"] < 4500
        added = next(e for e in talk.events[since:] if e["type"] == "conversation.item.added")["item"]
        assert started["item_id"] == stopped["item_id"] == added["id"]
        assert added["role"] == "user" and added["content"] == [{"type": "input_audio", "transcript": None}]

        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert {"do", "your", "country"} <= set(words_of(completed["transcript"])), completed["transcript"]
        assert completed["item_id"] == added["id"] and completed["usage"]["type"] == "duration"
        assert completed["usage"]["seconds"] > 1

        assert types.index("input_audio_buffer.committed") < types.index("response.created")
        assert response["status"] == "completed" and response["output"][0]["content"][0]["transcript"]
        assert len(talk.sound()) > 0.3 * 48000
        turn = await talk.until("antiphon.turn")
        assert turn["response_id"] == response["id"] and turn["first_audio_seconds"] > 0


async def test_the_client_may_end_the_turn(server):
    async with converse(server) as talk:
        updated = await talk.update(
            instructions="Answer in one short sentence.", audio={"input": {"turn_detection": None}}
        )
        assert updated["audio"]["input"]["turn_detection"] is None
        since = len(talk.events)
        # All of it at once: without turn detection the time does not matter.
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(country_question()).decode())
        await talk.connection.input_audio_buffer.commit()
        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert "country" in words_of(completed["transcript"])
        types = talk.types(since)
        assert types[:2] == ["input_audio_buffer.committed", "conversation.item.added"]
        assert "response.created" not in types, "it answers only when it is asked to"
        await talk.connection.response.create()
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_the_buffer_can_be_cleared(server):
    async with converse(server) as talk:
        await talk.update(audio={"input": {"turn_detection": None}})
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(country_question()).decode())
        await talk.connection.input_audio_buffer.clear()
        await talk.until("input_audio_buffer.cleared")
        refused = await talk.reaction({"type": "input_audio_buffer.commit", "event_id": "mine"})
        assert refused["error"]["code"] == "input_audio_buffer_commit_empty"


async def test_the_caller_can_interrupt(server):
    async with converse(server) as talk:
        await talk.type("Tell a long story about a river and the people who live beside it.")
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
        await asyncio.sleep(0.5)
        cut = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), until=cut)
        response = cut.result()["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        item = response["output"][0]
        truncated = await talk.until("conversation.item.truncated")
        assert truncated["item_id"] == item["id"] and truncated["audio_end_ms"] > 0
        sent_ms = len(talk.sound()) / 48
        assert truncated["audio_end_ms"] <= sent_ms + 1, "more was heard than was sent"
        assert talk.words().startswith(item["content"][0]["transcript"] or "")

        # The interruption is a turn like any other.
        since = talk.index("conversation.item.truncated")
        answered = asyncio.create_task(
            talk.until("response.done", since=talk.events.index(cut.result()) + 1)
        )
        await talk.speak(b"", until=answered)
        completed = await talk.until("conversation.item.input_audio_transcription.completed", since=since)
        assert "country" in words_of(completed["transcript"])
        assert answered.result()["response"]["status"] == "completed"


async def test_without_interruption_the_answer_goes_on(server):
    async with converse(server) as talk:
        await talk.update(
            instructions="Answer in one sentence.",
            audio={"input": {"turn_detection": {"type": "server_vad", "interrupt_response": False, "create_response": False}}},
        )
        await talk.type("Tell me something about rivers.")
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
        done = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), silence=1.0, until=done)
        assert done.result()["response"]["status"] == "completed"
        await talk.until("conversation.item.input_audio_transcription.completed")
        assert talk.types().count("response.created") == 1
