"""WebSocket frames as RFC 6455 has them, byte by byte, against the real binary.

The Autobahn suite (tests/autobahn/run.sh) asks much more, but by hand; these run with every change.
"""

import json
import socket
import struct
import time

import pytest

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
CLEAR = b'{"type":"input_audio_buffer.clear","event_id":"\xc3\xbcber \xf0\x9f\x98\x80"}'
MASK = b"\x12\x34\x56\x78"


def masked(data):
    repeated = MASK * (len(data) // 4 + 1)
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated[: len(data)], "big")).to_bytes(len(data), "big")


def frame(opcode, payload=b"", *, final=True, reserved=0, mask=True, claimed=None, long_form=None):
    """One frame; `claimed` is another length than the payload's, `long_form` 16 or 64 a longer form than is needed."""
    length = len(payload) if claimed is None else claimed
    first = (0x80 if final else 0) | reserved << 4 | opcode
    bit = 0x80 if mask else 0
    if long_form == 64 or length >= 1 << 16:
        size = struct.pack(">BQ", bit | 127, length)
    elif long_form == 16 or length >= 126:
        size = struct.pack(">BH", bit | 126, length)
    else:
        size = struct.pack(">B", bit | length)
    return bytes([first]) + size + (MASK + masked(payload) if mask else payload)


class Wire:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.socket.sendall(
            b"GET /v1/realtime?model=test HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, "the accept key of the RFC's own example"
        assert self.event()["type"] == "session.created"
        assert self.event()["type"] == "antiphon.state"

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def read(self):
        first, second = self._take(2)
        assert first & 0x70 == 0, "a reserved bit is set"
        assert second & 0x80 == 0, "a server does not mask"
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", self._take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self._take(8))[0]
        opcode = first & 15
        if opcode >= 8:
            assert first & 0x80 and length <= 125, "control frames are short and whole"
        return opcode, self._take(length), bool(first & 0x80)

    def event(self):
        opcode, payload, final = self.read()
        while not final:
            _, more, final = self.read()
            payload += more
        assert opcode == TEXT, (opcode, payload[:100])
        return json.loads(payload)

    def closed(self):
        """The code with which the server closes (None: without one), and that the connection ends with it."""
        code = None
        try:
            while True:
                opcode, payload, _ = self.read()
                if opcode == CLOSE:
                    code = struct.unpack(">H", payload[:2])[0] if payload else None
                    payload[2:].decode()
        except (EOFError, ConnectionResetError):
            return code

    def still_works(self):
        self.send(frame(TEXT, b'{"type":"input_audio_buffer.clear"}'))
        assert self.event()["type"] == "input_audio_buffer.cleared"


@pytest.fixture
def wire(server):
    connection = Wire(server)
    yield connection
    connection.socket.close()


# ---- what must work


@pytest.mark.parametrize("cuts", [(1,), (46,), (47,), (53, 54, 55), (0,), (0, 0, 5, 5)], ids=str)
def test_a_message_in_fragments_is_one_message(wire, cuts):
    """Cut anywhere, inside a character as well, and with nothing in a fragment."""
    bad = CLEAR.replace(b"input_audio_buffer.clear", b"no.such.event!!!!!!!!!!!")
    pieces = [bad[a:b] for a, b in zip((0, *cuts), (*cuts, len(bad)))]
    frames = [frame(CONTINUATION if i else TEXT, piece, final=i == len(cuts)) for i, piece in enumerate(pieces)]
    wire.send(*frames)
    error = wire.event()["error"]
    assert error["code"] == "unknown_event" and error["event_id"] == "über 😀"
    wire.still_works()


def test_a_message_byte_by_byte(wire):
    for byte in frame(TEXT, CLEAR):
        wire.send(bytes([byte]))
    assert wire.event()["type"] == "input_audio_buffer.cleared"


def test_many_messages_in_one_piece(wire):
    wire.send(*[frame(TEXT, CLEAR)] * 100)
    for _ in range(100):
        assert wire.event()["type"] == "input_audio_buffer.cleared"


@pytest.mark.parametrize("payload", [b"", b"x" * 125, bytes(range(125))], ids=["empty", "text", "bytes"])
def test_pings_are_answered_with_their_payload(wire, payload):
    wire.send(frame(PING, payload))
    assert wire.read() == (PONG, payload, True)
    wire.still_works()


def test_control_frames_may_come_between_fragments(wire):
    wire.send(frame(TEXT, CLEAR[:20], final=False), frame(PING, b"between"))
    assert wire.read() == (PONG, b"between", True)
    wire.send(frame(PONG, b"nobody asked"), frame(CONTINUATION, CLEAR[20:]))
    assert wire.event()["type"] == "input_audio_buffer.cleared"


def test_ten_pings_have_ten_answers_in_order(wire):
    wire.send(*[frame(PING, b"%d" % i) for i in range(10)])
    assert [wire.read()[1] for _ in range(10)] == [b"%d" % i for i in range(10)]


def test_pongs_that_nobody_asked_for_are_passed_over(wire):
    wire.send(frame(PONG), frame(PONG, b"hello"))
    wire.still_works()


def test_a_binary_message_gets_an_error_event_and_the_call_goes_on(wire):
    wire.send(frame(BINARY, b"\x00\xff"), frame(BINARY, b"\x00" * 1000, final=False), frame(CONTINUATION, b"\xff"))
    for _ in range(2):
        assert wire.event()["type"] == "error"
    wire.still_works()


def test_a_large_message_within_the_limit_is_taken(wire):
    """15 MiB less a little, in frames of different sizes."""
    head, tail = b'{"type":"input_audio_buffer.append","audio":"', b'"}'
    sound = b"A" * ((15 << 20) - 1000 - (15 << 20) % 4)
    sound = sound[: len(sound) // 8 * 8]
    message = head + sound + tail
    pieces = [message[:65535], message[65535:131072], message[131072 : 5 << 20], message[5 << 20 :]]
    wire.send(
        json_frame({"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}}}),
        *[frame(CONTINUATION if i else TEXT, piece, final=i == 3) for i, piece in enumerate(pieces)],
    )
    while (kind := wire.event())["type"] != "session.updated":
        assert kind["type"] != "error", kind
    wire.send(frame(TEXT, b'{"type":"input_audio_buffer.clear"}'))
    while (kind := wire.event())["type"] != "input_audio_buffer.cleared":
        # Four minutes of sound are more than the buffer holds, which is said once.
        assert kind["error"]["code"] == "overloaded", kind


def json_frame(event):
    return frame(TEXT, json.dumps(event).encode())


# ---- what must not be taken


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(TEXT, CLEAR, reserved=4)], 1002),
        ([frame(TEXT, CLEAR, reserved=2)], 1002),
        ([frame(TEXT, CLEAR, reserved=1)], 1002),
        ([frame(PING, b"", reserved=4)], 1002),
        ([frame(3, b"x")], 1002),
        ([frame(7)], 1002),
        ([frame(11)], 1002),
        ([frame(15, b"x")], 1002),
        ([frame(TEXT, CLEAR, mask=False)], 1002),
        ([frame(PING, b"x" * 126)], 1002),
        ([frame(PING, b"x", final=False)], 1002),
        ([frame(CLOSE, b"\x03\xe8", final=False)], 1002),
        ([frame(CONTINUATION, b"x")], 1002),
        ([frame(TEXT, b"{", final=False), frame(TEXT, b"}")], 1002),
        ([frame(TEXT, b"{", final=False), frame(BINARY, b"}", final=False)], 1002),
        ([frame(TEXT, b"{}", long_form=16)], 1002),
        ([frame(TEXT, b"{}", long_form=64)], 1002),
        ([frame(TEXT, b"", claimed=1 << 63)], (1002, 1009)),
        ([frame(TEXT, b"", claimed=(15 << 20) + 1)], 1009),
        ([frame(TEXT, b"x" * (8 << 20), final=False), frame(CONTINUATION, b"x" * (8 << 20), final=False)], 1009),
    ],
    ids=[
        "rsv1", "rsv2", "rsv3", "ping-rsv", "opcode-3", "opcode-7", "opcode-11", "opcode-15", "unmasked", "long-ping",
        "ping-in-fragments", "close-in-fragments", "continuation-of-nothing", "text-in-text", "binary-in-text",
        "longer-length-16", "longer-length-64", "length-64-bit", "over-the-limit", "over-the-limit-in-fragments",
    ],
)  # fmt: skip
def test_wrong_frames_close_with_the_code(wire, frames, code):
    try:
        wire.send(*frames)
    except OSError:
        pass  # it closed before it had all of it
    seen = wire.closed()
    # With bytes of ours unread the system may reset the connection before the close frame is read here.
    assert seen in (code if isinstance(code, tuple) else (code,)) or (seen is None and code == 1009)


INVALID_UTF8 = {
    "a-lone-continuation": b"\x80",
    "an-overlong-form": b"\xc0\xaf",
    "a-surrogate": b"\xed\xa0\x80",
    "beyond-unicode": b"\xf4\x90\x80\x80",
    "a-cut-character": b"\xf0\x9f\x98",
    "latin-1": "Grüße".encode("latin-1"),
    "fe-ff": b"\xfe\xff",
}


@pytest.mark.parametrize("bad", INVALID_UTF8.values(), ids=INVALID_UTF8)
@pytest.mark.parametrize("in_fragments", [False, True], ids=["whole", "fragments"])
def test_text_that_is_no_utf8_closes_with_1007(wire, bad, in_fragments):
    message = b'{"type":"' + bad + b'"}'
    if in_fragments:
        cut = 9 + len(bad) // 2
        wire.send(frame(TEXT, message[:cut], final=False), frame(CONTINUATION, message[cut:]))
    else:
        wire.send(frame(TEXT, message))
    assert wire.closed() == 1007


def test_text_that_can_be_no_utf8_any_more_closes_before_the_message_is_whole(wire):
    wire.send(frame(TEXT, b'{"type":"\xff', final=False))
    assert wire.closed() == 1007


# ---- the end


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code(wire, code):
    wire.send(frame(CLOSE, struct.pack(">H", code) + "bis später".encode()))
    assert wire.closed() == code


def test_a_close_without_a_code_is_answered(wire):
    wire.send(frame(CLOSE))
    assert wire.closed() in (None, 1000)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999])
def test_a_close_with_a_code_that_must_not_be_sent_is_a_protocol_error(wire, code):
    wire.send(frame(CLOSE, struct.pack(">H", code)))
    assert wire.closed() == 1002


@pytest.mark.parametrize(("payload", "code"), [(b"\x03", 1002), (b"\x03\xe8\xff\xfe", 1007)], ids=["one-byte", "no-utf8"])
def test_a_close_that_is_wrong_inside(wire, payload, code):
    wire.send(frame(CLOSE, payload))
    assert wire.closed() in (code, 1002, 1007)


def test_nothing_is_taken_after_a_close(wire, server):
    wire.send(frame(CLOSE, b"\x03\xe8"), frame(TEXT, CLEAR), frame(PING))
    began = time.monotonic()
    assert wire.closed() == 1000
    # The call ends with the close; it does not wait until this socket is closed as well.
    server.wait_until_no_calls(seconds=2)
    assert time.monotonic() - began < 5
