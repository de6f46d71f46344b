"""The official `openai` Python client, asynchronous."""

import asyncio
import base64
import contextlib

import openai
from checks import INSTRUCTIONS, LONG_STORY, PATIENCE, TOOL, TOOL_ANSWER, TOOL_QUESTION, URL, Microphone, Report, answered, heard_enough, question


class Call:
    def __init__(self, connection):
        self.connection = connection
        self.events = []
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())
        self._closed = None

    async def _read(self):
        try:
            async for event in self.connection:
                async with self._news:
                    self.events.append(event)
                    self._news.notify_all()
        except Exception as end:
            self._closed = end

    async def until(self, kind, since=0):
        def found():
            return next((e for e in self.events[since:] if e.type == kind), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() or self.errors()), PATIENCE)
            except asyncio.TimeoutError:
                seen = list(dict.fromkeys(e.type for e in self.events[since:]))
                raise AssertionError(f"no {kind}, only {seen}; {self._closed!r}") from None
            self.no_errors()
            return found()

    def errors(self):
        return [event.error.message for event in self.events if event.type == "error"]

    def no_errors(self):
        assert not self.errors(), self.errors()

    async def type(self, text):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.connection.conversation.item.create(item=item)

    async def append(self, frame):
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())


@contextlib.asynccontextmanager
async def a_call(**session):
    async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key="none") as api:
        async with api.realtime.connect(model="gpt-realtime") as connection:
            call = Call(connection)
            await connection.session.update(session={"type": "realtime", "instructions": INSTRUCTIONS, **session})
            await call.until("session.updated")
            try:
                yield call
            finally:
                call._reader.cancel()


async def three_spoken_turns():
    async with a_call() as call:
        microphone = Microphone(call.append)
        for number in (1, 2, 3):
            since = len(call.events)
            await microphone.say(question(number))
            done = await call.until("response.done", since)
            answered(done.response)
            heard = await call.until("conversation.item.input_audio_transcription.completed", since)
            heard_enough(number, heard.transcript)
            sound = sum(len(base64.b64decode(e.delta)) for e in call.events[since:] if e.type == "response.output_audio.delta")
            assert sound > 0.3 * 48000, f"only {sound} bytes of sound"
        await microphone.stop()
        call.no_errors()


async def a_tool_call():
    async with a_call(tools=[TOOL], tool_choice="required") as call:
        await call.type(TOOL_QUESTION)
        await call.connection.response.create()
        done = await call.until("response.done")
        calls = [item for item in done.response.output if item.type == "function_call"]
        assert len(calls) == 1 and calls[0].name == "get_time", done.response.output
        arguments = await call.until("response.function_call_arguments.done")
        assert arguments.call_id == calls[0].call_id and "city" in arguments.arguments
        since = len(call.events)
        output = {"type": "function_call_output", "call_id": calls[0].call_id, "output": TOOL_ANSWER}
        await call.connection.conversation.item.create(item=output)
        await call.connection.response.create(response={"tool_choice": "none"})
        done = await call.until("response.done", since)
        answered(done.response)
        assert done.response.output[0].type == "message"
        call.no_errors()


async def an_interruption():
    async with a_call() as call:
        microphone = Microphone(call.append)
        await call.type(LONG_STORY)
        await call.connection.response.create()
        await call.until("response.output_audio.delta")
        await asyncio.sleep(0.5)
        await microphone.say(question(1))
        done = await call.until("response.done")
        assert done.response.status == "cancelled" and done.response.status_details.reason == "turn_detected"
        truncated = await call.until("conversation.item.truncated")
        assert truncated.audio_end_ms > 0
        since = next(i for i, e in enumerate(call.events) if e is done) + 1
        answered((await call.until("response.done", since)).response)
        await microphone.stop()
        call.no_errors()


async def main():
    report = Report("openai async")
    await report.check("three spoken turns", three_spoken_turns)
    await report.check("a tool call run once", a_tool_call)
    await report.check("an interruption", an_interruption)
    report.end()


asyncio.run(main())
