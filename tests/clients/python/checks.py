"""What the Python clients share: the questions' sound, the list of checks, and how they are told."""

import asyncio
import os
import pathlib
import sys
import time
import traceback

URL = os.environ["ANTIPHON_URL"]  # for example http://127.0.0.1:8080
SPEECH = pathlib.Path(os.environ["ANTIPHON_SPEECH"])
FRAME = 960  # bytes of 20 ms: 24 kHz, 16 bits
FRAME_SECONDS = 0.02
PATIENCE = 60

INSTRUCTIONS = "Answer in one short sentence."
LONG_STORY = "Tell a long story about a river and the people who live beside it."
TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "Tells what time it is in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "the city's name"}},
        "required": ["city"],
    },
}
TOOL_QUESTION = "What time is it in Paris?"
TOOL_ANSWER = '{"time": "a quarter past ten"}'


def question(number):
    """The sound of question 1, 2 or 3, made by run.sh."""
    return (SPEECH / f"question{number}.raw").read_bytes()


def words_of_question(number):
    return (SPEECH / f"question{number}.words").read_text().split()


def heard_enough(number, transcript):
    """At least half of the question's telling words: whether the sound came through, not how good Whisper is."""
    heard = "".join(c if c.isalnum() else " " for c in transcript.lower()).split()
    wanted = words_of_question(number)
    assert sum(word in heard for word in wanted) * 2 >= len(wanted), f"of {wanted} was heard: {transcript!r}"


def answered(response):
    """To its end, or to the bound that run.sh sets: a small model does not keep to one sentence."""
    details = response.status_details
    assert response.status == "completed" or (response.status == "incomplete" and details.reason == "max_output_tokens"), details


def frames(sound):
    for at in range(0, len(sound), FRAME):
        yield sound[at : at + FRAME].ljust(FRAME, b"\0")


class Microphone:
    """Sends silence without pause, and between it what say() is given; `send` is a coroutine function of bytes."""

    def __init__(self, send):
        self._send = send
        self._frames = []
        self._said = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        clock = asyncio.get_running_loop()
        due = clock.time()
        while True:
            frame = self._frames.pop(0) if self._frames else bytes(FRAME)
            if not self._frames:
                self._said.set()
            await self._send(frame)
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - clock.time()))

    async def say(self, sound):
        self._said.clear()
        self._frames += frames(sound)
        await self._said.wait()

    async def stop(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Report:
    """One line for each check; the exit status says whether all have passed."""

    def __init__(self, client):
        self.client = client
        self.failed = 0

    def _tell(self, name, began, failure):
        seconds = time.monotonic() - began
        if failure is None:
            print(f"PASS {self.client}: {name} ({seconds:.1f} s)", flush=True)
            return
        self.failed += 1
        why = str(failure) or type(failure).__name__
        print(f"FAIL {self.client}: {name} ({seconds:.1f} s): {why[:600]}", flush=True)
        traceback.print_exception(failure, file=sys.stderr)

    async def check(self, name, action):
        began = time.monotonic()
        try:
            await asyncio.wait_for(action(), 3 * PATIENCE)
            self._tell(name, began, None)
        except Exception as failure:
            self._tell(name, began, failure)

    def check_now(self, name, action):
        began = time.monotonic()
        try:
            action()
            self._tell(name, began, None)
        except Exception as failure:
            self._tell(name, began, failure)

    def end(self):
        sys.exit(1 if self.failed else 0)
