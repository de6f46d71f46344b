"""A TCP proxy whose connections can be cut, or go dead without anybody being told; and a client that lives with it."""

import asyncio
import base64
import contextlib
import json
import struct
import socket
import urllib.parse

import websockets

FRAME = 960  # bytes of 20 ms: 24 kHz, 16 bits
FRAME_SECONDS = 0.02


class Proxy:
    """Forwards to 127.0.0.1:port. dead(): what is connected now hears nothing more, and no FIN. cut(): it is reset."""

    def __init__(self, port):
        self.target = port
        self.alive = set()
        self.all_writers = []

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        pair = (writer, up_writer)
        self.alive.add(pair)
        self.all_writers += pair

        async def pump(source, sink):
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65536):
                    if pair in self.alive:
                        sink.write(data)
                        await sink.drain()
            if pair in self.alive:
                sink.close()

        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))

    def dead(self):
        self.alive.clear()

    def cut(self):
        for pair in self.alive:
            for writer in pair:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
        self.alive.clear()

    async def stop(self):
        for writer in self.all_writers:
            writer.transport.abort()
        self.server.close()


class KeptCall:
    """A client as docs/protocol.md describes one that comes back: it keeps its microphone's sound, and counts."""

    def __init__(self, port):
        self.port = port
        self.events = []
        self.sound = b""
        self.microphone = b""
        self.last_event_id = ""
        self.after_binary = 0
        self.kept = None
        self.aside = False  # what comes is not taken any more
        self.socket = None
        self.news = asyncio.Condition()

    async def connect(self, **session):
        await self._open("model=test")
        await self.until("session.created")
        await self.send({"type": "session.update", "session": {"type": "realtime", "antiphon": {"resumable": True}, **session}})
        self.kept = await self.until("antiphon.session")

    async def open_for_good(self):
        """A call that ends with its connection."""
        await self._open("model=test")
        await self.until("session.created")

    async def resume(self, seconds=15):
        """Comes back, and sends what was not heard."""
        since = len(self.events)
        query = {"call_id": self.kept["call_id"], "resume": self.kept["resume_token"],
                 "last_event_id": self.last_event_id, "after_binary": self.after_binary}
        await self._open(urllib.parse.urlencode(query))
        back = await self.until("antiphon.session", since=since, seconds=seconds)
        assert self.events[since] is back, "it comes first"
        assert back["resumed"] and back["call_id"] == self.kept["call_id"]
        unheard = self.microphone[back["input_audio_ms"] * 48:]
        for at in range(0, len(unheard), 48000):
            await self._append(unheard[at:at + 48000])
        return back

    async def _open(self, query):
        self.socket = await websockets.connect(f"ws://127.0.0.1:{self.port}/v1/realtime?{query}", max_size=None, ping_interval=None)
        self.reader = asyncio.create_task(self._read(self.socket))

    async def _read(self, connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                if connection is not self.socket:
                    return
                async with self.news:
                    self._take(message)
                    self.news.notify_all()

    def _take(self, message):
        if self.aside:
            return
        if isinstance(message, bytes):
            self.after_binary += 1
            self.sound += message
            return
        event = json.loads(message)
        if event["type"] == "antiphon.heard":
            return
        self.last_event_id, self.after_binary = event["event_id"], 0
        if event["type"] == "response.output_audio.delta":
            self.sound += base64.b64decode(event["delta"])
        self.events.append(event)

    async def send(self, event):
        await self.socket.send(json.dumps(event))

    async def _append(self, data):
        await self.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()})

    async def speak(self, sound, until=None):
        """The microphone runs in real time; what cannot be sent is kept all the same."""
        clock = asyncio.get_running_loop()
        start, sent = clock.time(), 0
        at = 0
        while at < len(sound) or (until is not None and not until.done()):
            frame = sound[at:at + FRAME].ljust(FRAME, b"\0")
            at += FRAME
            self.microphone += frame
            with contextlib.suppress(websockets.ConnectionClosed):
                await asyncio.wait_for(self._append(frame), 1)
            sent += 1
            await asyncio.sleep(max(0.0, start + sent * FRAME_SECONDS - clock.time()))

    async def until(self, kind, *, since=0, seconds=60):
        def found():
            return next((e for e in self.events[since:] if e["type"] == kind), None)

        async with self.news:
            try:
                await asyncio.wait_for(self.news.wait_for(found), seconds)
            except asyncio.TimeoutError:
                raise AssertionError(f"no {kind} in {seconds} s, only {[e['type'] for e in self.events[since:]]}") from None
            return found()

    def all(self, kind):
        return [e for e in self.events if e["type"] == kind]

    def expect_each_once(self):
        ids = [e["event_id"] for e in self.events]
        assert len(ids) == len(set(ids)), "an event came twice"

    async def leave(self):
        await self.socket.close()
