"""A client that calls over WebRTC and goes on over the WebSocket when the line does not carry, as docs/protocol.md has it.

It keeps its microphone's sound, falls back when for a while nothing came or nothing arrived, and takes the call over
with what the server has not heard.
"""

import array
import asyncio
import base64
import contextlib
import contextvars
import fractions
import http.client
import json
import time
import urllib.parse

import aioice.ice
import av
import websockets
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

import strict

FRAME = 960  # bytes of 20 ms: 24 kHz, 16 bits
BYTES_PER_MS = 48
LOUD = 500
# Less than the three seconds of a cut link that the tests have: a line that comes back by itself keeps its hole.
PATIENCE = 2.0

# aioice takes all addresses of the machine; here each caller of a test has one of its own.
_address = contextvars.ContextVar("address", default=None)
_all_addresses = aioice.ice.get_host_addresses
aioice.ice.get_host_addresses = lambda **kinds: [_address.get()] if _address.get() else _all_addresses(**kinds)


class Sound(MediaStreamTrack):
    """What the microphone takes in from now on, in real time."""

    kind = "audio"

    def __init__(self, call):
        super().__init__()
        self._call = call
        self.began = None  # where in the microphone's sound the line's begins
        self._frames = 0

    async def recv(self):
        if self.began is None:
            self.began = len(self._call.microphone)
        at = self.began + self._frames * FRAME
        await self._call.microphone_at(at + FRAME)
        if self._call.fell_back_at:
            # Should the line come back now, the server would take what it misses for lost.
            await asyncio.Event().wait()
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME // 2)
        frame.planes[0].update(bytes(self._call.microphone[at:at + FRAME]))
        frame.sample_rate = 24000
        frame.pts = self._frames * FRAME // 2
        frame.time_base = fractions.Fraction(1, 24000)
        self._frames += 1
        return frame


class KeptWebRtcCall:
    def __init__(self, place, address=None, ice_servers=None, policy=None):
        """`place` has url and websocket_url; `address` is the caller's own, where it has several."""
        self.place, self.address = place, address
        _address.set(address)
        configuration = RTCConfiguration(iceServers=ice_servers or [])
        if policy:
            configuration.iceTransportPolicy = policy
        self.connection = RTCPeerConnection(configuration)
        self.microphone = bytearray()
        self._to_say = b""
        self._taken_in = asyncio.Condition()
        self.line_sound = Sound(self)
        self.connection.addTrack(self.line_sound)
        self.channel = self.connection.createDataChannel("oai-events")
        self.channel.on("message", lambda raw: self._take(raw, self.channel))
        self.connection.on("track", lambda track: self._begin(self._listen(track)))
        self.events = []
        self.heard_ms = 0  # of our sound, as the server says
        self.last_event_id = ""
        self.socket = None
        self.socket_sound = b""  # what came over the WebSocket
        self._line_frames = 0  # what came over the line, from the first loud one on
        self.resumed = None  # what the server said to the take-over
        self.fell_back_at = None
        self._tasks = set()
        self._sign_of_server = self._sign_of_us = time.monotonic()

    def _begin(self, work):
        self._tasks.add(asyncio.create_task(work))

    # --- the microphone

    def say(self, sound):
        self._to_say += sound

    async def _take_in(self):
        began = time.monotonic()
        while True:
            piece, self._to_say = self._to_say[:FRAME], self._to_say[FRAME:]
            self.microphone += piece.ljust(FRAME, b"\0")
            async with self._taken_in:
                self._taken_in.notify_all()
            await asyncio.sleep(max(0.0, began + len(self.microphone) / FRAME * 0.02 - time.monotonic()))

    async def microphone_at(self, position):
        async with self._taken_in:
            await self._taken_in.wait_for(lambda: len(self.microphone) >= position)

    # --- the call

    async def begin(self, **session):
        """Posts the offer, with a session that outlives its connection."""
        self._begin(self._take_in())
        await self.connection.setLocalDescription(await self.connection.createOffer())
        session = {"type": "realtime", "antiphon": {"resumable": True}, **session}
        parts = [("sdp", "application/sdp", self.connection.localDescription.sdp), ("session", "application/json", json.dumps(session))]
        body = "".join(
            f'--b0undary\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n{text}\r\n'
            for name, kind, text in parts
        ) + "--b0undary--\r\n"
        status, headers, answer = await asyncio.to_thread(self._post, "/v1/realtime/calls", body.encode())
        assert status == 201, answer
        self.call_id = headers["Location"].rsplit("/", 1)[1]
        self.token = headers["Antiphon-Resume-Token"]
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self._sign_of_server = time.monotonic()
        self._sign_of_us = self._sign_of_server + 1  # it is told of once a second
        self._begin(self._watch())

    def _post(self, path, body):
        source = (self.address, 0) if self.address else None
        server = http.client.HTTPConnection(urllib.parse.urlsplit(self.place.url).netloc, timeout=30, source_address=source)
        with contextlib.closing(server):
            server.request("POST", path, body, {"Content-Type": "multipart/form-data; boundary=b0undary"})
            answer = server.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    async def _listen(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if self.fell_back_at:
                    return
                self._sign_of_server = time.monotonic()
                if self._line_frames or max(abs(sample) for sample in array.array("h", bytes(frame.planes[0]))) > LOUD:
                    self._line_frames += 1

    def _take(self, message, way):
        if way is not (self.socket or self.channel) or (self.fell_back_at and way is self.channel):
            return
        now = time.monotonic()
        self._sign_of_server = now
        event = json.loads(message)
        if event["type"] == "antiphon.heard":
            if event["input_audio_ms"] > self.heard_ms:
                self._sign_of_us = now
            self.heard_ms = event["input_audio_ms"]
            return
        strict.check(event)
        self.last_event_id = event["event_id"]
        if event["type"] == "response.output_audio.delta":
            self.socket_sound += base64.b64decode(event["delta"])
        self.events.append(event)

    async def _watch(self):
        while time.monotonic() - min(self._sign_of_server, self._sign_of_us) < PATIENCE:
            await asyncio.sleep(0.1)
        self.fell_back_at = time.monotonic()
        query = {"call_id": self.call_id, "resume": self.token, "last_event_id": self.last_event_id}
        url = self.place.websocket_url.split("?")[0] + "?" + urllib.parse.urlencode(query)
        while True:
            source = {"local_addr": (self.address, 0)} if self.address else {}
            try:
                self.socket = await websockets.connect(url, max_size=None, open_timeout=1, ping_interval=None, **source)
                break
            except (OSError, asyncio.TimeoutError, websockets.InvalidMessage):
                await asyncio.sleep(0.2)
        self.resumed = json.loads(await self.socket.recv())
        assert self.resumed["type"] == "antiphon.session" and self.resumed["resumed"], self.resumed
        # Not earlier: the end of its line, should it get through, would be the end of the call.
        self._begin(self.connection.close())
        self._begin(self._read())
        await self._send_microphone(self._unheard_from(self.resumed["input_audio_ms"]))

    def _unheard_from(self, input_audio_ms):
        """The server counts from the first packet that it had of the line."""
        return self.line_sound.began + input_audio_ms * BYTES_PER_MS if input_audio_ms else 0

    async def _read(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in self.socket:
                self._take(message, self.socket)

    async def _send_microphone(self, at):
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.microphone_at(at + FRAME)
                piece = bytes(self.microphone[at:at + 48000])
                at += len(piece)
                await self.socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}))

    # --- what a test looks at

    async def _wait(self, question, what, seconds, since=0):
        end = time.monotonic() + seconds
        while not (answer := question()):
            for task in self._tasks:
                if task.done() and not task.cancelled() and task.exception():
                    raise task.exception()
            types = [event["type"] for event in self.events[since:]]
            assert time.monotonic() < end, f"no {what} in {seconds} s, only {types}"
            await asyncio.sleep(0.05)
        return answer

    async def until(self, kind, *, since=0, seconds=90, where=lambda event: True):
        def found():
            return next((event for event in self.events[since:] if event["type"] == kind and where(event)), None)

        return await self._wait(found, kind, seconds, since)

    async def line_until(self, milliseconds):
        await self._wait(lambda: self.line_ms() >= milliseconds, "sound on the line", 30)

    async def taken_over(self):
        return await self._wait(lambda: self.resumed, "take-over", 60)

    def all(self, kind):
        return [event for event in self.events if event["type"] == kind]

    def expect_each_once(self):
        ids = [event["event_id"] for event in self.events]
        assert len(ids) == len(set(ids)), "an event came twice"

    def line_ms(self):
        """How much of the answer has come over the line, from its first loud moment on."""
        return self._line_frames * 20

    def socket_ms(self):
        return len(self.socket_sound) / BYTES_PER_MS

    async def close(self):
        if self.socket:
            await self.socket.close()
        await self.connection.close()
        for task in self._tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def keeping(place, **options):
    call = KeptWebRtcCall(place, **options)
    try:
        yield call
    finally:
        await call.close()
