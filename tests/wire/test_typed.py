"""Conversations that are typed."""

from conversation import client, converse

TEXT_ORDER = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


async def test_the_session_is_shown_whole_and_changed_in_parts(server):
    async with converse(server, model="gpt-realtime-2.1") as talk:
        created = talk.events[0]["session"]
        assert created["type"] == "realtime" and created["object"] == "realtime.session"
        assert created["id"].startswith("sess_") and created["model"] == "gpt-realtime-2.1"
        assert created["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}

        # What the official JavaScript agents send first.
        updated = await talk.update(
            tracing="auto",
            audio={
                "input": {
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "semantic_vad", "interrupt_response": False},
                }
            },
        )
        detection = updated["audio"]["input"]["turn_detection"]
        assert detection["type"] == "semantic_vad" and detection["interrupt_response"] is False
        assert detection["eagerness"] == "auto" and updated["tracing"] == "auto"
        assert updated["audio"]["input"]["transcription"]["model"] == "gpt-4o-mini-transcribe"
        assert updated["instructions"] == created["instructions"]

        updated = await talk.update(instructions="", max_output_tokens=7, audio={"input": {"turn_detection": None}})
        assert updated["instructions"] == "" and updated["max_output_tokens"] == 7
        assert updated["audio"]["input"]["turn_detection"] is None


async def test_answers_in_text(server):
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"], instructions="Answer in one short sentence.")
        item = await talk.type("What is the capital of France?")
        assert item["status"] == "completed" and item["object"] == "realtime.item"

        since = len(talk.events)
        await talk.connection.response.create(response={"metadata": {"topic": "cities"}})
        done = (await talk.until("response.done"))["response"]
        assert talk.types(since)[: len(TEXT_ORDER)] == TEXT_ORDER
        assert done["status"] == "completed" and done["metadata"] == {"topic": "cities"}
        text = done["output"][0]["content"][0]["text"]
        assert "Paris" in text
        assert text == "".join(e["delta"] for e in talk.events if e["type"] == "response.output_text.delta")
        assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"] > 0
        assert not talk.sound()


async def test_answers_aloud(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        await talk.type("What is the capital of France?")
        since = len(talk.events)
        await talk.connection.response.create()
        done = (await talk.until("response.done"))["response"]
        assert done["status"] == "completed"
        order = [
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
        ]
        assert talk.types(since)[: len(order)] == order
        ends = [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        assert [t for t in talk.types(since) if t in ends] == ends
        part = next(e for e in talk.events if e["type"] == "response.content_part.added")["part"]
        assert part == {"type": "audio", "transcript": ""}
        content = done["output"][0]["content"][0]
        assert content["type"] == "output_audio" and content["transcript"] == talk.words() != ""
        seconds = len(talk.sound()) / 48000
        assert 0.3 < seconds < 60


async def test_remembers_and_forgets_items(server):
    async with converse(server) as talk:
        item = await talk.type("Remember the word zebra.")
        again = await talk.reaction(
            {"type": "conversation.item.retrieve", "item_id": item["id"]}, kind="conversation.item.retrieved"
        )
        assert again["item"] == item
        deleted = await talk.reaction(
            {"type": "conversation.item.delete", "item_id": item["id"]}, kind="conversation.item.deleted"
        )
        assert deleted["item_id"] == item["id"]
        gone = await talk.reaction(
            {"type": "conversation.item.retrieve", "item_id": item["id"], "event_id": "mine"}
        )
        assert gone["error"]["code"] == "item_retrieve_invalid_item_id" and gone["error"]["event_id"] == "mine"


async def test_items_stand_where_the_client_puts_them(server):
    async with converse(server) as talk:
        second = await talk.type("second")

        async def insert(text, previous):
            event = {
                "type": "conversation.item.create",
                "previous_item_id": previous,
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
            }
            return await talk.reaction(event, kind="conversation.item.added")

        assert (await insert("first", "root"))["previous_item_id"] is None
        assert (await insert("third", second["id"]))["previous_item_id"] == second["id"]
        refused = await talk.reaction(
            {
                "type": "conversation.item.create",
                "event_id": "mine",
                "previous_item_id": "nobody",
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
            }
        )
        assert refused["error"]["event_id"] == "mine" and refused["error"]["code"] == "item_create_invalid_previous_item_id"


async def test_cancels_an_answer(server):
    async with converse(server) as talk:
        await talk.type("Tell a long story about a river and the people who live beside it.")
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
        await talk.connection.response.cancel()
        done = (await talk.until("response.done"))["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        since = len(talk.events)
        again = await talk.reaction({"type": "response.cancel", "event_id": "mine"})
        assert again["error"]["code"] == "response_cancel_not_active" and again["error"]["event_id"] == "mine"
        assert "response.output_audio.delta" not in talk.types(since), "sound after the end of the answer"


async def test_truncates_an_answer_to_what_was_heard(server):
    async with converse(server) as talk:
        await talk.type("Say: one two three four five six seven eight nine ten.")
        await talk.connection.response.create()
        done = (await talk.until("response.done"))["response"]
        item = done["output"][0]
        whole = item["content"][0]["transcript"]

        beyond = {"type": "conversation.item.truncate", "item_id": item["id"], "content_index": 0, "audio_end_ms": 10**6}
        assert (await talk.reaction({**beyond, "event_id": "mine"}))["error"]["event_id"] == "mine"

        since = len(talk.events)
        await talk.connection.conversation.item.truncate(item_id=item["id"], content_index=0, audio_end_ms=300)
        truncated = await talk.until("conversation.item.truncated", since=since)
        assert truncated["audio_end_ms"] == 300 and truncated["item_id"] == item["id"]
        kept = (
            await talk.reaction(
                {"type": "conversation.item.retrieve", "item_id": item["id"]}, kind="conversation.item.retrieved"
            )
        )["item"]["content"][0]["transcript"]
        assert len(kept or "") < len(whole), f"{kept!r} of {whole!r}"


async def test_refuses_a_second_answer_at_the_same_time(server):
    async with converse(server) as talk:
        await talk.type("Tell a long story about a river.")
        await talk.connection.response.create()
        await talk.until("response.created")
        refused = await talk.reaction({"type": "response.create", "event_id": "second"})
        assert refused["error"]["code"] == "conversation_already_has_active_response"
        assert refused["error"]["event_id"] == "second"
        await talk.connection.response.cancel()
        await talk.until("response.done")


async def test_answers_out_of_the_conversation_leave_no_trace(server):
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"])
        question = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
        await talk.connection.response.create(response={"conversation": "none", "input": [question]})
        done = (await talk.until("response.done"))["response"]
        assert done["status"] == "completed" and done["output"][0]["content"][0]["text"]
        assert "conversation.item.added" not in talk.types()


async def test_lists_its_model(server):
    async with client(server) as api:
        models = [model async for model in api.models.list()]
        assert len(models) >= 1 and models[0].object == "model"
