"""When the caller says nothing for long, the assistant speaks up."""

import asyncio

from conversation import converse

IDLE = {"type": "server_vad", "idle_timeout_ms": 5000}


async def test_silence_after_an_answer_is_answered(server):
    async with converse(server) as talk:
        session = await talk.update(
            instructions="Answer in one short sentence.", audio={"input": {"turn_detection": IDLE}}
        )
        assert session["audio"]["input"]["turn_detection"]["idle_timeout_ms"] == 5000
        await talk.type("What is the capital of France?")
        await talk.connection.response.create()
        first = await talk.until("response.done")
        since = talk.events.index(first) + 1
        answered = asyncio.create_task(talk.until("response.done", since=since))
        await talk.speak(b"", until=answered)
        triggered = await talk.until("input_audio_buffer.timeout_triggered", since=since)
        assert 4500 < triggered["audio_end_ms"] - triggered["audio_start_ms"] < 7000
        types = talk.types(since)
        assert types.index("input_audio_buffer.timeout_triggered") < types.index("input_audio_buffer.committed")
        assert types.index("input_audio_buffer.committed") < types.index("response.created")
        committed = await talk.until("input_audio_buffer.committed", since=since)
        assert committed["item_id"] == triggered["item_id"]
        assert answered.result()["response"]["status"] == "completed"


async def test_without_it_silence_stays_silence(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        await talk.type("What is the capital of France?")
        await talk.connection.response.create()
        done = await talk.until("response.done")
        await talk.speak(b"", silence=7.0)
        assert talk.types(talk.events.index(done) + 1) == []
