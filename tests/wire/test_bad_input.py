"""Clients that are wrong, slow, gone, or too many. The server says so, and the others go on."""

import asyncio
import base64
import json
import socket
import struct
import subprocess

import pytest
import websockets

from conversation import converse
from server import environment, error_of
from speech import country_question

WRONG = [
    ('{"type":', "invalid_json", None),
    ("[" * 50_000, "invalid_json", None),
    ('{"a":' * 50_000, "invalid_json", None),
    ("[]", "invalid_type", None),
    ('{"type":"no.such.event"}', "unknown_event", "type"),
    ('{"type":7}', "invalid_type", "type"),
    ('{"type":"session.update","session":{"type":"realtime","instructions":7}}', "invalid_type", "session.instructions"),
    (
        '{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":'
        '{"type":"server_vad","threshold":"loud"}}}}}',
        "invalid_type",
        "session.audio.input.turn_detection.threshold",
    ),
    (
        '{"type":"session.update","session":{"type":"realtime","tools":[{"type":"mcp","server_label":"x"}]}}',
        "unsupported",
        "session.tools[0].type",
    ),
    (
        '{"type":"session.update","session":{"type":"realtime","tool_choice":{"type":"function","name":"nobody"}}}',
        "invalid_value",
        "session.tool_choice",
    ),
    (
        '{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":'
        '{"type":"server_vad","idle_timeout_ms":1}}}}}',
        "invalid_value",
        "session.audio.input.turn_detection.idle_timeout_ms",
    ),
    ('{"type":"input_audio_buffer.append","audio":7}', "invalid_type", "audio"),
    ('{"type":"input_audio_buffer.append","audio":"?!"}', "invalid_value", "audio"),
    ('{"type":"input_audio_buffer.append","audio":"AAAA"}', "invalid_value", "audio"),
    ('{"type":"input_audio_buffer.commit"}', "input_audio_buffer_commit_empty", None),
    ('{"type":"conversation.item.truncate","item_id":"x","audio_end_ms":"soon"}', "invalid_type", "audio_end_ms"),
    ('{"type":"conversation.item.delete","item_id":"x"}', "item_delete_invalid_item_id", "item_id"),
    ('{"type":"conversation.item.retrieve","item_id":"x"}', "item_retrieve_invalid_item_id", "item_id"),
    ('{"type":"conversation.item.truncate","item_id":"x","audio_end_ms":1}', "item_truncate_invalid_item_id", "item_id"),
    (
        '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":'
        '[{"type":"input_image","image_url":"data:"}]}}',
        "unsupported",
        "item.content[0].type",
    ),
    (
        '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":'
        '[{"type":"input_audio","audio":"AAAA"}]}}',
        "invalid_value",
        "item.content[0].audio",
    ),
    ('{"type":"response.create","response":{"tool_choice":"required"}}', "invalid_value", "response.tool_choice"),
    (
        '{"type":"response.create","response":{"audio":{"output":{"format":{"type":"audio/pcmu"}}}}}',
        "unsupported",
        "response.audio.output.format",
    ),
    ('{"type":"response.cancel"}', "response_cancel_not_active", "response_id"),
    ('{"type":"output_audio_buffer.clear"}', "unsupported", "type"),
    ('{"type":"response.create","response":[]}', "invalid_type", "response"),
]


async def next_error(connection):
    while True:
        event = json.loads(await asyncio.wait_for(connection.recv(), 30))
        if event["type"] == "error":
            return event["error"]


async def test_wrong_messages_get_an_error_each_and_the_call_goes_on(server):
    async with converse(server) as talk:
        await talk.until("antiphon.state")  # the last that a call says by itself
        since = len(talk.events)
        async with websockets.connect(server.websocket_url) as connection:
            for message, code, param in WRONG:
                await connection.send(message)
                error = await next_error(connection)
                assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param), message[:80]
                assert error["message"]
            await connection.send(b"\x00\x01binary")
            assert (await next_error(connection))["code"] == "invalid_type"
            await connection.send('{"type":"input_audio_buffer.clear"}')
            while json.loads(await asyncio.wait_for(connection.recv(), 30))["type"] != "input_audio_buffer.cleared":
                pass
        assert len(talk.events) == since, "another call heard of it"


async def test_errors_name_the_event_that_caused_them(server):
    async with converse(server) as talk:
        error = (await talk.reaction({"type": "no.such.event", "event_id": "mine"}))["error"]
        assert error["event_id"] == "mine"


async def test_fifteen_mebibytes_of_sound_in_one_message(server):
    async with converse(server) as talk:
        await talk.update(audio={"input": {"turn_detection": None}})
        sound = base64.b64encode(bytes(11 << 20)).decode()
        assert len(sound) > 14 << 20
        await talk.connection.input_audio_buffer.append(audio=sound)
        await talk.reaction({"type": "input_audio_buffer.clear"}, kind="input_audio_buffer.cleared", seconds=60)
        # Not all of it may find room, which is no fault of the message.
        assert {e["error"]["type"] for e in talk.events if e["type"] == "error"} <= {"server_error"}


async def test_what_is_no_sound_may_have_one_mebibyte(server):
    async with converse(server) as talk:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * (1 << 20)}]}
        refused = await talk.reaction({"type": "conversation.item.create", "event_id": "mine", "item": item})
        assert refused["error"]["code"] == "message_too_large" and refused["error"]["event_id"] == "mine"


async def test_a_message_that_is_too_big_closes_with_1009(server):
    async with websockets.connect(server.websocket_url) as connection:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await connection.send('{"type":"input_audio_buffer.append","audio":"' + "A" * (16 << 20) + '"}')
            while True:
                await asyncio.wait_for(connection.recv(), 30)
        assert closed.value.rcvd and closed.value.rcvd.code == 1009


class RawClient:
    """A WebSocket client that does only what a test says, down to the bytes."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", server.port))

    def request(self):
        self.socket.sendall(
            b"GET /v1/realtime?model=test HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        return self

    def upgrade(self):
        self.request()
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1)
        assert b" 101 " in answer.split(b"\r\n")[0], answer
        return self

    @staticmethod
    def frame(event, claimed=None):
        """A text frame whose mask changes nothing; `claimed` is a length that is more than there is."""
        payload = json.dumps(event).encode()
        length = claimed or len(payload)
        if length < 126:
            size = struct.pack(">B", 0x80 | length)
        elif length < 1 << 16:
            size = struct.pack(">BH", 0xFE, length)
        else:
            size = struct.pack(">BQ", 0xFF, length)
        return b"\x81" + size + b"\0\0\0\0" + payload

    def send(self, event):
        self.socket.sendall(self.frame(event))

    def type(self, text):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.send({"type": "conversation.item.create", "item": item})

    def wait_for(self, text):
        seen = b""
        while text.encode() not in seen:
            data = self.socket.recv(65536)
            assert data, f"closed before {text}"
            seen = (seen + data)[-200_000:]

    def vanish(self, politely):
        if not politely:
            # The connection is reset instead of closed.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


SOUND = {"type": "input_audio_buffer.append", "audio": base64.b64encode(country_question()).decode()}
MANUAL = {"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}}}


def before_any_byte(client):
    pass


def in_the_handshake(client):
    client.socket.sendall(b"GET /v1/realtime HTTP/1.1\r\nHost: h")


def right_after_the_request(client):
    client.request()


def once_connected(client):
    client.upgrade().wait_for("session.created")


def in_the_middle_of_a_message(client):
    client.upgrade()
    client.socket.sendall(RawClient.frame({"type": "x"}, claimed=100_000))


def while_speaking(client):
    client.upgrade().send(SOUND)
    client.wait_for("speech_started")


def while_it_listens(client):
    client.upgrade().send(MANUAL)
    client.send(SOUND)
    client.send({"type": "input_audio_buffer.commit"})
    client.wait_for("input_audio_buffer.committed")


def while_it_thinks(client):
    client.upgrade().type("Tell a long story about a river.")
    client.send({"type": "response.create"})
    client.wait_for("response.created")


def while_it_speaks(client):
    while_it_thinks(client)
    client.wait_for("response.output_audio.delta")


STAGES = [
    before_any_byte,
    in_the_handshake,
    right_after_the_request,
    once_connected,
    in_the_middle_of_a_message,
    while_speaking,
    while_it_listens,
    while_it_thinks,
    while_it_speaks,
]


@pytest.mark.parametrize("politely", [True, False], ids=["closed", "reset"])
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_a_client_may_vanish(server, stage, politely):
    client = RawClient(server)
    stage(client)
    client.vanish(politely)
    server.wait_until_no_calls()
    assert server.get("/health")[0] == 200


@pytest.fixture(scope="module")
def narrow_server(start):
    return start("server.max_queued_bytes=1048576", "server.max_calls=2")


@pytest.fixture
def narrow(narrow_server):
    yield narrow_server
    narrow_server.wait_until_no_calls()


BIG = {
    "type": "conversation.item.create",
    "item": {"id": "big", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "y" * 300_000}]},
}


async def test_a_client_that_does_not_read_is_cut_and_the_others_go_on(narrow):
    async with converse(narrow) as talk:
        await talk.update(output_modalities=["text"])
        lazy = RawClient(narrow, receive_buffer=4096)
        lazy.upgrade().send(BIG)
        lazy.socket.settimeout(1)
        try:
            for _ in range(60):  # more than all the buffers on the way hold
                lazy.send({"type": "conversation.item.retrieve", "item_id": "big"})
        except OSError:
            pass  # it is held back, or cut already
        narrow.wait_for_log("reason=too_slow")
        narrow._wait_for(lambda: narrow.metric("antiphon_calls") == 1, "the cut call's place", 20)

        await talk.type("What is the capital of France?")
        await talk.connection.response.create()
        assert (await talk.until("response.done"))["response"]["status"] == "completed"
        lazy.socket.close()


async def test_a_client_that_asks_for_much_and_reads_gets_all_of_it(narrow):
    async with converse(narrow) as talk:
        await talk.connection.send(BIG)
        for _ in range(60):
            await talk.connection.send({"type": "conversation.item.retrieve", "item_id": "big"})
        await talk.reaction({"type": "input_audio_buffer.clear"}, kind="input_audio_buffer.cleared", seconds=60)
        assert sum(event["type"] == "conversation.item.retrieved" for event in talk.events) == 60


async def test_more_calls_than_the_limit_are_refused_and_the_others_go_on(narrow):
    async with converse(narrow) as first:
        async with converse(narrow):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(narrow.websocket_url)
            answer = refused.value.response
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
            error = error_of(answer.body)
            assert error["code"] == "overloaded" and "2" in error["message"]
            await first.type("still here")
        # A place that was given back can be taken again.
        narrow._wait_for(lambda: narrow.metric("antiphon_calls") == 1, "one call's end", 20)
        async with converse(narrow) as third:
            await third.type("hello")


def test_a_port_in_use_ends_the_second_server(server, binary, tmp_path):
    second = subprocess.run(
        [binary, "serve", "--port", str(server.port)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    said = second.stderr.strip().splitlines()
    assert said[-1] == f"antiphon: cannot listen on 127.0.0.1:{server.port}: the port is in use by another program"
    assert server.get("/health")[0] == 200
