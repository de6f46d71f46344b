"""A call over WebRTC, held by aiortc."""

import array
import asyncio
import contextlib
import fractions
import json
import time
import urllib.parse

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

import strict

FRAME = 960  # bytes of 20 ms: 24 kHz, 16 bits
LOUD = 500


class Microphone(MediaStreamTrack):
    """Silence in real time, and what is put into it."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self._waiting = b""
        self.taken = b""  # all that it has heard, silence too
        self._frames = 0
        self._began = None

    def say(self, sound):
        self._waiting += sound

    def rest(self):
        return self._waiting

    async def recv(self):
        now = time.monotonic()
        self._began = self._began or now
        await asyncio.sleep(max(0.0, self._began + self._frames * 0.02 - now))
        piece, self._waiting = self._waiting[:FRAME], self._waiting[FRAME:]
        piece = piece.ljust(FRAME, b"\0")
        self.taken += piece
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME // 2)
        frame.planes[0].update(piece)
        frame.sample_rate = 24000
        frame.pts = self._frames * FRAME // 2
        frame.time_base = fractions.Fraction(1, 24000)
        self._frames += 1
        return frame


def with_session(offer, session):
    """Headers and body of the request; a form if a session comes with the offer."""
    if session is None:
        return {"Content-Type": "application/sdp"}, offer.encode()
    boundary = "b0undary"
    parts = [("sdp", "application/sdp", offer), ("session", "application/json", json.dumps(session))]
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n{text}\r\n'
        for name, kind, text in parts
    )
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, (body + f"--{boundary}--\r\n").encode()


def return_query(call_id, token, last_event_id="", after_binary=0):
    return "?" + urllib.parse.urlencode(
        {"call_id": call_id, "resume": token, "last_event_id": last_event_id, "after_binary": after_binary})


class Call:
    def __init__(self, server, data=True, configuration=None):
        self.server = server
        self.connection = RTCPeerConnection(configuration)
        self.microphone = Microphone()
        self.connection.addTrack(self.microphone)
        self.channel = self.connection.createDataChannel("oai-events") if data else None
        self.events = []
        self.aside = False
        self.loud_seconds = 0.0
        self.location = None
        self.token = None
        self._news = asyncio.Condition()
        self._tasks = []
        if self.channel:
            self.channel.on("message", self._on_message)
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._listen(track))))

    def _on_message(self, raw):
        event = json.loads(raw)
        strict.check(event)
        self._tasks.append(asyncio.create_task(self._note(event)))

    async def _note(self, event):
        async with self._news:
            if self.aside:
                return
            self.events.append(event)
            self._news.notify_all()

    async def _listen(self, track):
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if max(abs(sample) for sample in array.array("h", bytes(frame.planes[0]))) > LOUD:
                    self.loud_seconds += frame.samples / frame.sample_rate

    async def offer(self):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, status, headers, answer):
        assert status == 201, answer
        assert headers["Content-Type"] == "application/sdp"
        self.location = headers["Location"]
        self.token = headers["Antiphon-Resume-Token"]
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def post(self, query="?model=gpt-realtime", session=None, headers=None):
        """The server's answer to the offer, which is not taken yet: the connection does not open."""
        kind, body = with_session(await self.offer(), session)
        return await asyncio.to_thread(self.server.get, f"/v1/realtime/calls{query}", {**kind, **(headers or {})}, "POST", body)

    async def begin(self, query="?model=gpt-realtime", session=None, headers=None):
        await self.take(*await self.post(query, session, headers))

    async def until(self, kind, since=0, seconds=90):
        def found():
            return next((e for e in self.events[since:] if e["type"] == kind), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(found), seconds)
            except asyncio.TimeoutError:
                raise AssertionError(f"no {kind} in {seconds} s, only {[e['type'] for e in self.events[since:]]}") from None
            return found()

    def return_query(self):
        """The way back into this call. From now on its events are put aside: they come again over the new connection."""
        last = next((e["event_id"] for e in reversed(self.events) if e["type"] != "antiphon.heard"), "")
        self.aside = True
        return return_query(self.location.rpartition("/")[2], self.token, last)

    def all(self, kind):
        return [e for e in self.events if e["type"] == kind]

    def tell(self, event):
        self.channel.send(json.dumps(event))

    async def hang_up(self):
        return await asyncio.to_thread(self.server.get, self.location, {}, "DELETE")

    async def close(self):
        await self.connection.close()
        for task in self._tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def calling(server, **options):
    call = Call(server, **options)
    try:
        yield call
    finally:
        await call.close()
