"""The beta dialect, with the official client's own beta module and as openai-realtime-api-beta takes it."""

import asyncio
import base64
import contextlib
import copy
import json

import openai
import websockets

import strict
from conversation import Conversation
from speech import country_question


@contextlib.asynccontextmanager
async def converse(server):
    """The client of that name adds the header OpenAI-Beta by itself."""
    # Left to itself it would ask for TLS whatever base_url says.
    plain = f"ws://127.0.0.1:{server.port}/v1"
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", websocket_base_url=plain, api_key="none") as api:
        options = {"max_size": None}
        async with api.beta.realtime.connect(
            model="gpt-4o-realtime-preview", websocket_connection_options=options
        ) as connection:
            conversation = Conversation(connection, strict.check_beta)
            await conversation.until("conversation.created")
            try:
                yield conversation
            finally:
                conversation._reader.cancel()


class BetaItems:
    """The bookkeeping of openai-realtime-api-beta (lib/conversation.js), with everything upon which it throws."""

    def __init__(self):
        self.items = {}
        self.responses = {}

    def take(self, event):
        assert event["event_id"] and event["type"]
        kind = event["type"]
        if kind == "conversation.item.created":
            self.items.setdefault(event["item"]["id"], copy.deepcopy(event["item"]))
        elif kind in ("conversation.item.truncated", "conversation.item.deleted"):
            assert event["item_id"] in self.items, event
        elif kind == "conversation.item.input_audio_transcription.completed":
            assert event["item_id"] in self.items
            self.items[event["item_id"]]["content"][event["content_index"]]["transcript"] = event["transcript"]
        elif kind == "response.created":
            assert event["response"]["output"] == []
            self.responses[event["response"]["id"]] = copy.deepcopy(event["response"])
        elif kind == "response.output_item.added":
            self.responses[event["response_id"]]["output"].append(event["item"]["id"])
        elif kind == "response.output_item.done":
            self.items[event["item"]["id"]]["status"] = event["item"]["status"]
        elif kind == "response.content_part.added":
            self.items[event["item_id"]]["content"].append(dict(event["part"]))
        elif kind == "response.audio_transcript.delta":
            self.items[event["item_id"]]["content"][event["content_index"]]["transcript"] += event["delta"]
        elif kind == "response.text.delta":
            self.items[event["item_id"]]["content"][event["content_index"]]["text"] += event["delta"]
        elif kind == "response.audio.delta":
            assert event["item_id"] in self.items
            assert len(base64.b64decode(event["delta"])) % 2 == 0
        elif kind == "response.function_call_arguments.delta":
            self.items[event["item_id"]]["arguments"] += event["delta"]

    def check(self, events):
        for event in events:
            self.take(event)


async def test_a_typed_answer_in_text(server):
    async with converse(server) as talk:
        created = talk.events[0]["session"]
        assert created["object"] == "realtime.session" and created["modalities"] == ["text", "audio"]
        assert created["input_audio_format"] == "pcm16" and "audio" not in created
        await talk.connection.session.update(
            session={"modalities": ["text"], "instructions": "Answer in one short sentence.", "temperature": 0.7}
        )
        session = (await talk.until("session.updated"))["session"]
        assert session["modalities"] == ["text"] and session["temperature"] == 0.7
        await talk.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is the capital of France?"}]}
        )
        await talk.until("conversation.item.created")
        since = len(talk.events)
        await talk.connection.response.create()
        done = (await talk.until("response.done"))["response"]
        assert talk.types(since) == [
            "response.created",
            "rate_limits.updated",
            "response.output_item.added",
            "conversation.item.created",
            "response.content_part.added",
            "response.text.delta",
            "response.text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        assert done["output"][0]["content"][0]["type"] == "text" and "Paris" in done["output"][0]["content"][0]["text"]
        BetaItems().check(talk.events)


async def test_a_spoken_turn(server):
    async with converse(server) as talk:
        await talk.connection.session.update(
            session={"instructions": "Answer in one short sentence.", "input_audio_transcription": {"model": "whisper-1"}}
        )
        await talk.until("session.updated")
        done = asyncio.create_task(talk.until("response.done"))
        await talk.speak(country_question(), until=done)
        response = done.result()["response"]
        assert response["status"] == "completed" and response["modalities"] == ["text", "audio"]
        content = response["output"][0]["content"][0]
        assert content["type"] == "audio" and content["transcript"]
        await talk.until("conversation.item.input_audio_transcription.completed")
        items = BetaItems()
        items.check(talk.events)
        answer = items.items[response["output"][0]["id"]]
        assert answer["content"][0]["transcript"] == content["transcript"]
        assert sum(e["type"] == "response.audio.delta" for e in talk.events) > 10


async def test_telephone_sound(server):
    async with converse(server) as talk:
        await talk.connection.session.update(
            session={"input_audio_format": "g711_ulaw", "output_audio_format": "g711_alaw", "turn_detection": None}
        )
        session = (await talk.until("session.updated"))["session"]
        assert session["input_audio_format"] == "g711_ulaw" and session["output_audio_format"] == "g711_alaw"
        assert session["turn_detection"] is None


async def test_its_own_fields_are_named_in_errors(server):
    async with converse(server) as talk:
        error = await talk.reaction(
            {"type": "session.update", "event_id": "mine", "session": {"output_modalities": ["text"]}}
        )
        assert error["error"]["param"] == "session.output_modalities" and error["error"]["event_id"] == "mine"


async def dialect_of(connection):
    async def event():
        while True:
            message = json.loads(await asyncio.wait_for(connection.recv(), 30))
            if not message["type"].startswith("antiphon."):
                return message

    first = await event()
    return "ga" if "audio" in first["session"] else "beta"


async def test_each_marker(server):
    async with websockets.connect(server.websocket_url) as connection:
        assert await dialect_of(connection) == "ga"
    async with websockets.connect(server.websocket_url, additional_headers={"OpenAI-Beta": "realtime=v1"}) as connection:
        assert await dialect_of(connection) == "beta"
    offered = ["realtime", "openai-insecure-api-key.secret", "openai-beta.realtime-v1"]
    async with websockets.connect(server.websocket_url, subprotocols=offered) as connection:
        assert connection.subprotocol == "realtime"
        assert await dialect_of(connection) == "beta"
    async with websockets.connect(server.websocket_url + "&api-key=secret") as connection:
        assert await dialect_of(connection) == "beta"


async def test_the_first_session_without_a_type(server):
    async with websockets.connect(server.websocket_url.replace("=test", "=gpt-4o-realtime-preview")) as connection:
        assert await dialect_of(connection) == "ga"
        await connection.send('{"type":"session.update","session":{"instructions":"Be brief."}}')
        while (event := json.loads(await asyncio.wait_for(connection.recv(), 30)))["type"] != "session.updated":
            pass
        strict.check_beta(event)
        assert event["session"]["modalities"] == ["text", "audio"] and event["session"]["instructions"] == "Be brief."
