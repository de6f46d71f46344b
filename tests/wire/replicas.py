"""Several servers around engines that answer at once (tests/bench/fake_server.cpp), one Redis, nginx before them, and
callers that talk to them by a script and come back whenever their connection is lost.

Used by test_replicas.py, and by tests/bench/replicas.py with more calls. A turn is lost when it has no answer in the
stored conversation, or is not there itself; it is doubled when it, or its answer, is there twice.
"""

import asyncio
import base64
import contextlib
import json
import math
import random
import signal
import struct
import subprocess
import time
import urllib.parse

import websockets

RATE = 24000
PIECE_SECONDS = 0.1
PIECE = int(RATE * PIECE_SECONDS)
TONE = struct.pack(f"<{PIECE}h", *(int(9000 * math.sin(0.07 * i)) for i in range(PIECE)))
SILENCE = bytes(2 * PIECE)
UTTERANCE_PIECES = 6
TURN_SECONDS = 20
PAUSES = [0, 0.05, 0.1, 0.2, 0.4]  # between attempts to come back; the last one again and again
GIVE_UP_SECONDS = 20


class Replica:
    def __init__(self, program, folder, redis_port, *options):
        folder.mkdir()
        self.log_path = folder / "log"
        port_file = folder / "port"
        command = [program, "--port-file", port_file, "--redis-port", str(redis_port), "--webrtc-ports", "off",
                   "--answer-ms", "400", *options]
        self.process = subprocess.Popen([str(word) for word in command], stderr=open(self.log_path, "w"))
        end = time.monotonic() + 30
        while not port_file.exists():
            assert self.process.poll() is None and time.monotonic() < end, self.log_path.read_text()
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def drain(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        """In order; the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"a server did not end: {self.log_path.read_text()}") from None


class Loss:
    def __init__(self, code):
        self.code = code
        self.at = time.monotonic()
        self.seconds = None  # until the call went on
        self.refusals = []


class Caller:
    """Types its turns, or speaks them: then its microphone runs in real time all the while."""

    def __init__(self, url, name, speaks, chance):
        self.url, self.name, self.speaks, self.chance = url, name, speaks, chance
        self.kept = None
        self.turns = []          # what was said so far: the typed items' ids, or numbers
        self.late = []           # turns whose answer did not come in time
        self.items = {}          # id: (item, the id before it), of items that are over
        self.errors = []
        self.losses = []
        self.told = []           # (event id, event) that the server may not have taken
        self.counter = 0
        self.microphone = []     # its pieces
        self.tone_pieces = 0     # to come
        self.last_event_id = ""
        self.restarting = []     # what the server has said when it ended
        self.live = False
        self.leaving = False
        self.socket = None
        self.sending = asyncio.Lock()
        self.news = asyncio.Condition()

    async def talk(self, over: asyncio.Event):
        await self._open("model=fake")
        output = "audio" if self.speaks else "text"
        await self._tell({"type": "session.update", "session": {
            "type": "realtime", "output_modalities": [output], "antiphon": {"resumable": True}}})
        self.live = True
        await self._until(lambda: self.kept is not None, 20)
        microphone = asyncio.create_task(self._run_microphone()) if self.speaks else None
        try:
            while not over.is_set():
                await self._turn()
                await asyncio.sleep(self.chance.uniform(0.1, 0.5))
        finally:
            if microphone:
                microphone.cancel()

    async def leave(self):
        self.leaving = True
        await self.socket.close()
        await asyncio.gather(self.life, return_exceptions=True)

    async def _turn(self):
        number = len(self.turns)
        if self.speaks:
            self.turns.append(number)
            self.tone_pieces = UTTERANCE_PIECES
        else:
            self.turns.append(f"{self.name}_{number}")
            await self._tell({"type": "conversation.item.create", "item": {
                "id": self.turns[-1], "type": "message", "role": "user",
                "content": [{"type": "input_text", "text": f"Turn {number}."}]}})
            await self._tell({"type": "response.create"})
        try:
            await self._until(self._answered, TURN_SECONDS)
        except asyncio.TimeoutError:
            self.late.append(self.turns[-1])

    def _answered(self):
        """Whether the last turn is there, with an answer behind it."""
        if self.speaks:
            spoken = [id for id, (item, _) in self.items.items() if is_spoken(item)]
            if len(spoken) < len(self.turns):
                return False
            asked = spoken[-1]
        else:
            asked = self.turns[-1]
        return any(item["role"] == "assistant" and previous == asked for item, previous in self.items.values())

    async def _run_microphone(self):
        clock = asyncio.get_running_loop()
        began, count = clock.time(), 0
        while True:
            loud, self.tone_pieces = self.tone_pieces > 0, max(0, self.tone_pieces - 1)
            async with self.sending:
                self.microphone.append(TONE if loud else SILENCE)
                if self.live:
                    await self._say(self.microphone[-1])
            count += 1
            await asyncio.sleep(max(0.0, began + count * PIECE_SECONDS - clock.time()))

    async def _say(self, sound):
        await self._put({"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()})

    async def _tell(self, event):
        self.counter += 1
        event = {"event_id": f"e{self.counter}", **event}
        async with self.sending:
            self.told.append((event["event_id"], event))
            if self.live or self.kept is None:
                await self._put(event)

    async def _put(self, event):
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.socket.send(json.dumps(event))

    async def _until(self, question, seconds):
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(question), seconds)

    async def _open(self, query):
        self.socket = await websockets.connect(f"{self.url}/v1/realtime?{query}", max_size=None, ping_interval=None,
                                               open_timeout=5)
        self.life = asyncio.create_task(self._live(self.socket))

    async def _live(self, connection):
        try:
            async for message in connection:
                await self._take(json.loads(message))
        except websockets.ConnectionClosed:
            pass
        self.live = False
        if self.leaving or self.kept is None:
            return
        self.losses.append(Loss(connection.close_code))
        await self._come_back(self.losses[-1])

    async def _come_back(self, loss):
        query = urllib.parse.urlencode({"call_id": self.kept["call_id"], "resume": self.kept["resume_token"],
                                        "last_event_id": self.last_event_id})
        for attempt in range(1000):
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            try:
                return await self._open(query)
            except (OSError, websockets.InvalidHandshake, asyncio.TimeoutError) as refusal:
                response = getattr(refusal, "response", None)
                loss.refusals.append(response.status_code if response else type(refusal).__name__)
            if time.monotonic() > loss.at + GIVE_UP_SECONDS:
                return None

    async def _take(self, event):
        kind = event["type"]
        if kind == "antiphon.heard":
            return
        self.last_event_id = event["event_id"]
        if kind == "antiphon.session":
            self.kept = self.kept or event
            if event["resumed"]:
                if not event["complete"]:
                    self.items.clear()  # the history follows; what is not in it begins anew
                await self._say_again(event)
        elif kind == "conversation.item.done":
            self.items[event["item"]["id"]] = (event["item"], event["previous_item_id"])
        elif kind == "antiphon.restarting":
            self.restarting.append(event["resumable"])
        elif kind == "error":
            self.errors.append(event["error"])
        async with self.news:
            self.news.notify_all()

    async def _say_again(self, back):
        if self.losses[-1].seconds is None:
            self.losses[-1].seconds = time.monotonic() - self.losses[-1].at
        async with self.sending:
            taken = [id for id, _ in self.told]
            if back["last_client_event_id"] in taken:
                del self.told[:taken.index(back["last_client_event_id"]) + 1]
            rest = b"".join(self.microphone)[back["input_audio_ms"] * RATE // 1000 * 2:]
            for at in range(0, len(rest), 2 * RATE):
                await self._say(rest[at:at + 2 * RATE])
            for _, event in self.told:
                await self._put(event)
            self.live = True


def is_spoken(item):
    return item["role"] == "user" and any(part["type"] == "input_audio" for part in item["content"])


def stored_items(redis, call_id):
    """What another process would find: the items in their order."""
    fields = redis.ask("HGETALL", f"antiphon:session:{call_id}")
    fields = dict(zip(fields[::2], fields[1::2]))
    ids, order = [], fields.get("order", "")
    while order:
        length, _, rest = order.partition(":")
        ids.append(rest[:int(length)])
        order = rest[int(length):]
    return [json.loads(fields[f"item:{id}"]) for id in ids]


def faults_of(caller, items):
    """(lost, doubled): turns of this caller, by what is stored of its call."""
    said = [item for item in items if (is_spoken(item) if caller.speaks else item["role"] == "user")]
    answered = {}
    last = None
    for item in items:
        if item["role"] == "user":
            last = item["id"]
        elif item["role"] == "assistant":
            answered[last] = answered.get(last, 0) + 1
    ids = [item["id"] for item in said]
    unanswered = sum(1 for id in ids if id not in answered)
    answered_twice = sum(1 for id in ids if answered.get(id, 0) > 1)
    if caller.speaks:
        return max(0, len(caller.turns) - len(ids)) + unanswered, max(0, len(ids) - len(caller.turns)) + answered_twice
    missing = len(set(caller.turns) - set(ids))
    doubled = len(ids) - len(set(ids))
    return missing + unanswered, doubled + answered_twice


class Outcome:
    def __init__(self, callers, redis):
        self.callers = callers
        self.losses = [loss for caller in callers for loss in caller.losses]
        self.resumed = [loss.seconds for loss in self.losses if loss.seconds is not None]
        self.turns = sum(len(caller.turns) for caller in callers)
        self.lost = self.doubled = 0
        self.faulty = []
        for caller in callers:
            items = stored_items(redis, caller.kept["call_id"])
            lost, doubled = faults_of(caller, items)
            self.lost += lost
            self.doubled += doubled
            if lost or doubled or caller.late:
                shown = [(item["id"], item["role"]) for item in items]
                self.faulty.append((caller.name, lost, doubled, caller.turns, caller.late, shown,
                                    [(loss.code, loss.seconds, loss.refusals) for loss in caller.losses],
                                    caller.errors))

    def percentile(self, share):
        ordered = sorted(self.resumed)
        return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else 0.0


async def play(callers, over, between):
    """All callers talk; `between` does what happens meanwhile, and then they finish their turns."""
    talks = []
    for caller in callers:
        talks.append(asyncio.create_task(caller.talk(over)))
        await asyncio.sleep(0.02)
    await between()
    over.set()
    await asyncio.gather(*talks)


def callers_of(url, count, seed):
    chance = random.Random(seed)
    return [Caller(url, f"caller{number}", number % 2 == 1, random.Random(chance.random())) for number in range(count)]
