"""Sessions that hear and never answer."""

import asyncio
import base64
import contextlib

from conversation import Conversation, client
from speech import country_question
from test_spoken import words_of


@contextlib.asynccontextmanager
async def listen(server):
    async with client(server) as api:
        options = {"max_size": None}
        async with api.realtime.connect(
            extra_query={"intent": "transcription"}, websocket_connection_options=options
        ) as connection:
            conversation = Conversation(connection)
            await conversation.until("session.created")
            try:
                yield conversation
            finally:
                conversation._reader.cancel()


async def update(talk, **fields):
    session = {"type": "transcription", "audio": {"input": fields}}
    return (await talk.reaction({"type": "session.update", "session": session}, kind="session.updated"))["session"]


async def test_its_session_has_no_output(server):
    async with listen(server) as talk:
        created = talk.events[0]["session"]
        assert created["type"] == "transcription" and created["object"] == "realtime.transcription_session"
        assert created["audio"].keys() == {"input"} and "instructions" not in created
        session = await update(talk, transcription={"model": "whisper-1", "language": "en", "prompt": "Country."})
        assert session["audio"]["input"]["transcription"] == {"model": "whisper-1", "language": "en", "prompt": "Country."}
        refused = await talk.reaction(
            {"type": "session.update", "event_id": "mine", "session": {"type": "transcription", "instructions": "x"}}
        )
        assert refused["error"]["param"] == "session.instructions" and refused["error"]["event_id"] == "mine"


async def test_hears_and_does_not_answer(server):
    async with listen(server) as talk:
        done = asyncio.create_task(talk.until("conversation.item.input_audio_transcription.completed"))
        await talk.speak(country_question(), until=done)
        completed = done.result()
        assert "country" in words_of(completed["transcript"]) and completed["usage"]["type"] == "duration"
        deltas = [e["delta"] for e in talk.events if e["type"].endswith("input_audio_transcription.delta")]
        assert "".join(deltas) == completed["transcript"]
        await talk.speak(b"", silence=1.0)
        assert not [kind for kind in talk.types() if kind.startswith("response.")]
        item = await talk.until("conversation.item.done")
        assert item["item"]["id"] == completed["item_id"] and item["item"]["status"] == "completed"


async def test_the_client_may_commit(server):
    async with listen(server) as talk:
        await update(talk, turn_detection=None)
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(country_question()).decode())
        await talk.connection.input_audio_buffer.commit()
        completed = await talk.until("conversation.item.input_audio_transcription.completed")
        assert "country" in words_of(completed["transcript"])


async def test_a_response_is_refused(server):
    async with listen(server) as talk:
        error = await talk.reaction({"type": "response.create", "event_id": "mine"})
        assert error["error"]["event_id"] == "mine" and error["error"]["type"] == "invalid_request_error"
