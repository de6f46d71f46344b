"""A conversation held with the official openai client, with every event checked against the client's own types."""

import asyncio
import base64
import contextlib
import json

import openai

import strict

FRAME = 960  # bytes of 20 ms: 24 kHz, 16 bits
FRAME_SECONDS = 0.02


class Conversation:
    def __init__(self, connection, check=strict.check):
        self.connection = connection
        self._check = check
        self.events = []
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())
        self._closed = None

    async def _read(self):
        try:
            while True:
                raw = await self.connection.recv_bytes()
                event = json.loads(raw)
                # The client itself builds its objects without looking; here all that it promises must be there.
                self._check(event)
                async with self._news:
                    self.events.append(event)
                    self._news.notify_all()
        except Exception as end:
            async with self._news:
                self._closed = end
                self._news.notify_all()

    async def until(self, kind, *, since=0, seconds=90, where=lambda event: True):
        """The first event of that type from `since` on that has come or comes."""

        def found():
            return next((e for e in self.events[since:] if e["type"] == kind and where(e)), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() or self._closed), seconds)
            except asyncio.TimeoutError:
                raise AssertionError(f"no {kind} in {seconds} s, only {self.types(since)}") from None
            event = found()
            assert event, f"the connection ended without {kind}: {self._closed!r}; there were {self.types(since)}"
            return event

    async def reaction(self, event, *, kind="error", seconds=30):
        """What of that type comes after the event was sent."""
        since = len(self.events)
        await self.connection.send(event)
        return await self.until(kind, since=since, seconds=seconds)

    def types(self, since=0):
        """The API's own types in order, those that come in a row once."""
        types = []
        for event in self.events[since:]:
            if event["type"].startswith("antiphon."):
                continue
            if not types or types[-1] != event["type"]:
                types.append(event["type"])
        return types

    def index(self, kind):
        return next(i for i, event in enumerate(self.events) if event["type"] == kind)

    def sound(self, since=0):
        return b"".join(base64.b64decode(e["delta"]) for e in self.events[since:] if e["type"] == "response.output_audio.delta")

    def words(self, since=0):
        return "".join(e["delta"] for e in self.events[since:] if e["type"] == "response.output_audio_transcript.delta")

    async def update(self, **session):
        since = len(self.events)
        await self.connection.session.update(session={"type": "realtime", **session})
        return (await self.until("session.updated", since=since))["session"]

    async def type(self, text):
        since = len(self.events)
        await self.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        )
        return (await self.until("conversation.item.done", since=since))["item"]

    async def speak(self, sound, *, silence=0.0, until=None):
        """Streams the sound as a microphone does, then silence: for so long, or until the task is done."""
        clock = asyncio.get_running_loop()
        start, sent = clock.time(), 0

        async def frame(data):
            nonlocal sent
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())
            sent += 1
            await asyncio.sleep(max(0.0, start + sent * FRAME_SECONDS - clock.time()))

        for at in range(0, len(sound), FRAME):
            await frame(sound[at : at + FRAME].ljust(FRAME, b"\0"))
        end = clock.time() + silence
        while clock.time() < end or (until is not None and not until.done()):
            await frame(bytes(FRAME))


def client(server):
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


@contextlib.asynccontextmanager
async def converse(server, model="gpt-realtime", extra_query=None):
    async with client(server) as api:
        async with api.realtime.connect(
            model=model, extra_query=extra_query or {}, websocket_connection_options={"max_size": None}
        ) as connection:
            conversation = Conversation(connection)
            await conversation.until("session.created")
            try:
                yield conversation
            finally:
                conversation._reader.cancel()
