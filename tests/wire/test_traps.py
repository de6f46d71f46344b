"""What has broken real clients, one test each; the fourth is in test_tools.py. `strict` looks at every event that
any of these tests sees."""

import asyncio
import json

import pytest
import websockets

import agents_js
from conversation import converse
from speech import country_question

async def answered(talk, text="What is the capital of France?", **response):
    await talk.type(text)
    since = len(talk.events)
    await talk.connection.response.create(response=response)
    return (await talk.until("response.done", since=since))["response"]


async def test_1_parts_are_of_type_audio_or_text(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        await answered(talk)
        await answered(talk, output_modalities=["text"])
        for kind in ("added", "done"):
            parts = [e["part"]["type"] for e in talk.events if e["type"] == f"response.content_part.{kind}"]
            assert parts == ["audio", "text"]
        wrong = {"type": "response.content_part.added", "event_id": "e", "response_id": "r", "item_id": "i"}
        wrong |= {"output_index": 0, "content_index": 0, "part": {"type": "output_audio", "transcript": ""}}
        with pytest.raises(agents_js.Misfit):
            agents_js.check(wrong)


async def test_2_transcription_is_paid_by_the_second(server):
    async with converse(server) as talk:
        done = asyncio.create_task(talk.until("conversation.item.input_audio_transcription.completed"))
        await talk.speak(country_question(), until=done)
        usage = done.result()["usage"]
        assert usage.keys() == {"type", "seconds"} and usage["type"] == "duration" and usage["seconds"] > 1


async def test_3_a_retrieved_item_is_whole(server):
    async with converse(server) as talk:
        item = {"type": "conversation.item.retrieve"}
        done = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), until=done)
        heard = (await talk.until("conversation.item.input_audio_transcription.completed"))["item_id"]
        whole = (await talk.reaction({**item, "item_id": heard}, kind="conversation.item.retrieved"))["item"]
        assert "transcript" in whole["content"][0] and whole["content"][0]["type"] == "input_audio"
        assert whole["status"] == "completed" and whole["object"] == "realtime.item"
        said = done.result()["response"]["output"][0]["id"]
        await talk.connection.conversation.item.truncate(item_id=said, content_index=0, audio_end_ms=200)
        await talk.until("conversation.item.truncated")
        whole = (await talk.reaction({**item, "item_id": said}, kind="conversation.item.retrieved"))["item"]
        assert whole["role"] == "assistant" and "transcript" in whole["content"][0]


async def test_5_the_session_says_whether_it_interrupts(server):
    async with converse(server) as talk:
        for detection in ({"type": "server_vad"}, {"type": "semantic_vad"}):
            session = await talk.update(audio={"input": {"turn_detection": detection}})
            assert session["audio"]["input"]["turn_detection"]["interrupt_response"] is True
        await talk.type("Tell a long story about a river.")
        await talk.connection.response.create()
        item = (await talk.until("response.output_item.added"))["item"]["id"]
        await talk.until("response.output_audio.delta")
        # Truncated by itself while it speaks, as agents-js does on every speech_started.
        since = len(talk.events)
        await talk.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=20)
        truncated = await talk.until("conversation.item.truncated", since=since, where=lambda e: e["audio_end_ms"] == 20)
        assert truncated["item_id"] == item
        assert all(isinstance(e.get("audio_end_ms", 0), int) for e in talk.events)


async def test_6_what_agents_js_sends_first(server):
    async with converse(server, model="gpt-realtime-2.1") as talk:
        assert (await talk.update(tracing="auto"))["tracing"] == "auto"
        format = {"type": "audio/pcm", "rate": 24000}
        session = await talk.update(
            model="gpt-realtime-2.1",
            instructions="Be brief.",
            output_modalities=["audio"],
            audio={
                "input": {
                    "format": format,
                    "transcription": {"model": "gpt-4o-mini-transcribe"},
                    "turn_detection": {"type": "semantic_vad"},
                    "noise_reduction": None,
                },
                "output": {"format": format, "speed": 1, "voice": "alloy"},
            },
            tool_choice="auto",
        )
        assert session["model"] == "gpt-realtime-2.1"
        assert session["audio"]["input"]["transcription"]["model"] == "gpt-4o-mini-transcribe"
        assert session["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
        tracing = {"workflow_name": "w", "group_id": "g", "metadata": {"a": "b"}}
        assert (await talk.update(tracing=tracing))["tracing"] == tracing
        assert "error" not in talk.types()


async def test_7_a_second_response_is_refused_by_name(server):
    async with converse(server) as talk:
        await talk.type("Tell a long story about a river.")
        await talk.connection.response.create()
        await talk.until("response.created")
        error = (await talk.reaction({"type": "response.create", "event_id": "mine"}))["error"]
        assert error["code"] == "conversation_already_has_active_response" and error["event_id"] == "mine"


async def test_8_only_webrtc_has_an_output_buffer(server):
    async with converse(server) as talk:
        error = (await talk.reaction({"type": "output_audio_buffer.clear", "event_id": "mine"}))["error"]
        assert error["code"] == "unsupported" and error["event_id"] == "mine"
        await talk.update(instructions="Answer in one short sentence.")
        await answered(talk)
        assert not [kind for kind in talk.types() if kind.startswith("output_audio_buffer.")]


async def test_9_a_shutdown_closes_with_a_code_that_is_tried_again(start):
    server = start()
    async with websockets.connect(server.websocket_url) as connection:
        await connection.recv()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await asyncio.wait_for(connection.recv(), 30)
        await stopping
    # 1001, 1005, 1006, 1011, 1012, 1013 and 1015 are.
    assert closed.value.rcvd and closed.value.rcvd.code == 1012


async def test_10_items_of_the_beta_are_known_before_their_parts(server):
    from test_beta import BetaItems, converse as converse_in_beta

    async with converse_in_beta(server) as talk:
        await talk.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
        )
        await talk.connection.response.create()
        await talk.until("response.done")
        BetaItems().check(talk.events)
        part = next(e for e in talk.events if e["type"] == "response.content_part.added")["part"]
        assert part == {"type": "audio", "transcript": ""}


async def test_11_what_pipecat_and_livekit_wait_for(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        done = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), until=done)
        item = done.result()["response"]["output"][0]["id"]
        await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.reaction({"type": "conversation.item.retrieve", "item_id": item}, kind="conversation.item.retrieved")
        await talk.reaction({"type": "conversation.item.delete", "item_id": item}, kind="conversation.item.deleted")
        await answered(talk, output_modalities=["text"])
        assert {
            "session.created",
            "session.updated",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.retrieved",
            "conversation.item.deleted",
            "conversation.item.input_audio_transcription.completed",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.output_item.done",
            "response.done",
        } <= set(talk.types())


async def test_12_events_of_other_apis_do_no_harm(server):
    async with websockets.connect(server.websocket_url) as connection:
        await connection.send('{"type":"session.start","event_id":"mine"}')
        while (event := json.loads(await asyncio.wait_for(connection.recv(), 30)))["type"] != "error":
            pass
        assert event["error"]["code"] == "unknown_event" and event["error"]["event_id"] == "mine"
        await connection.send('{"type":"input_audio_buffer.clear"}')
        while json.loads(await asyncio.wait_for(connection.recv(), 30))["type"] != "input_audio_buffer.cleared":
            pass
