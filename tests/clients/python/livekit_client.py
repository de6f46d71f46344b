"""`livekit-plugins-openai`: its realtime session, as livekit-agents drives it, without a room."""

import asyncio
import contextlib

from checks import INSTRUCTIONS, LONG_STORY, PATIENCE, TOOL_ANSWER, TOOL_QUESTION, URL, Microphone, Report, heard_enough, question
from livekit import rtc
from livekit.agents import llm
from livekit.plugins import openai


class Call:
    """A session and what it has told, read to the end as an agent does."""

    def __init__(self, session):
        self.session = session
        self.generations = asyncio.Queue()
        self.transcripts = asyncio.Queue()
        self.interruptions = 0
        self.errors = []
        self.sound = 0  # seconds of the answer so far
        self.words = ""
        session.on("generation_created", self.generations.put_nowait)
        session.on("input_audio_transcription_completed", self._transcribed)
        session.on("input_speech_started", self._speech_started)
        session.on("error", lambda event: self.errors.append(str(event.error)))

    def _transcribed(self, event):
        if event.is_final:
            self.transcripts.put_nowait(event.transcript)

    def _speech_started(self, _):
        self.interruptions += 1

    async def append(self, frame):
        self.session.push_audio(rtc.AudioFrame(frame, 24000, 1, len(frame) // 2))

    async def next(self, queue):
        return await asyncio.wait_for(queue.get(), PATIENCE)

    async def read(self, generation):
        """The function calls of one answer; its sound and words are added up."""
        self.sound, self.words = 0, ""
        async for message in generation.message_stream:

            async def listen(stream=message.audio_stream):
                async for frame in stream:
                    self.sound += frame.duration

            listener = asyncio.create_task(listen())
            async for text in message.text_stream:
                self.words += text
            await listener
        return [call async for call in generation.function_stream]


@contextlib.asynccontextmanager
async def a_call():
    model = openai.realtime.RealtimeModel(base_url=f"{URL}/v1", api_key="none", model="gpt-realtime")
    session = model.session()
    call = Call(session)
    try:
        await session.update_instructions(INSTRUCTIONS)
        yield call
        assert not call.errors, call.errors
    finally:
        await session.aclose()
        await model.aclose()


async def type_text(call, text):
    context = call.session.chat_ctx.copy()
    context.add_message(role="user", content=text)
    await call.session.update_chat_ctx(context)


async def three_spoken_turns():
    async with a_call() as call:
        microphone = Microphone(call.append)
        for number in (1, 2, 3):
            await microphone.say(question(number))
            generation = await call.next(call.generations)
            assert not generation.user_initiated
            await asyncio.wait_for(call.read(generation), PATIENCE)
            heard_enough(number, await call.next(call.transcripts))
            assert call.sound > 0.3 and call.words, f"{call.sound} s of sound, {call.words!r}"
        await microphone.stop()


async def a_tool_call():
    runs = []

    @llm.function_tool(name="get_time", description="Tells what time it is in a city.")
    async def get_time(city: str) -> str:
        runs.append(city)
        return TOOL_ANSWER

    async with a_call() as call:
        await call.session.update_tools([get_time])
        await type_text(call, TOOL_QUESTION)
        generation = await asyncio.wait_for(call.session.generate_reply(tool_choice="required"), PATIENCE)
        calls = await asyncio.wait_for(call.read(generation), PATIENCE)
        assert [one.name for one in calls] == ["get_time"], calls
        output = llm.FunctionCallOutput(
            call_id=calls[0].call_id, name="get_time", output=await get_time(city="Paris"), is_error=False
        )
        context = call.session.chat_ctx.copy()
        context.items.append(output)
        await call.session.update_chat_ctx(context)
        generation = await asyncio.wait_for(call.session.generate_reply(tool_choice="none"), PATIENCE)
        assert await asyncio.wait_for(call.read(generation), PATIENCE) == []
        assert call.words and len(runs) == 1


async def an_interruption():
    async with a_call() as call:
        await type_text(call, LONG_STORY)
        generation = await asyncio.wait_for(call.session.generate_reply(), PATIENCE)
        reading = asyncio.create_task(call.read(generation))
        async with asyncio.timeout(PATIENCE):
            while call.sound == 0:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        microphone = Microphone(call.append)
        await microphone.say(question(1))
        await asyncio.wait_for(reading, PATIENCE)
        assert call.interruptions > 0, "the session was not told of it"
        while not call.generations.empty():
            generation = call.generations.get_nowait()
        if generation.user_initiated:
            generation = await call.next(call.generations)
        await asyncio.wait_for(call.read(generation), PATIENCE)
        assert call.words
        await microphone.stop()


async def main():
    report = Report("livekit-plugins-openai")
    await report.check("three spoken turns", three_spoken_turns)
    await report.check("a tool call run once", a_tool_call)
    await report.check("an interruption", an_interruption)
    report.end()


asyncio.run(main())
