"""`pipecat-ai`: its OpenAI Realtime service in a pipeline, with the questions as the incoming sound."""

import asyncio
import contextlib

from checks import FRAME_SECONDS, INSTRUCTIONS, LONG_STORY, PATIENCE, TOOL_ANSWER, TOOL_QUESTION, URL, Microphone, Report, heard_enough, question
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner


class Watch(FrameProcessor):
    """Keeps what comes by, on one side of the service."""

    def __init__(self, seen, news):
        super().__init__()
        self._seen = seen
        self._news = news

    async def process_frame(self, frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        async with self._news:
            if not isinstance(frame, InputAudioRawFrame):
                self._seen.append(frame)
            self._news.notify_all()
        await self.push_frame(frame, direction)


class Call:
    def __init__(self, worker, service, context):
        self.worker = worker
        self.service = service
        self.context = context
        self.seen = []
        self.news = asyncio.Condition()

    async def append(self, frame):
        await self.worker.queue_frame(InputAudioRawFrame(audio=frame, sample_rate=24000, num_channels=1))

    async def until(self, kind, since=0):
        def found():
            return next((frame for frame in self.seen[since:] if isinstance(frame, kind)), None)

        async with self.news:
            try:
                await asyncio.wait_for(self.news.wait_for(found), PATIENCE)
            except asyncio.TimeoutError:
                seen = list(dict.fromkeys(type(frame).__name__ for frame in self.seen[since:]))
                raise AssertionError(f"no {kind.__name__}, only {seen}") from None
            return found()

    def no_errors(self):
        errors = [frame.error for frame in self.seen if isinstance(frame, ErrorFrame)]
        assert not errors, errors


def session_properties(tool_choice=None):
    return events.SessionProperties(
        audio=events.AudioConfiguration(
            input=events.AudioInput(
                transcription=events.InputAudioTranscription(), turn_detection=events.TurnDetection()
            )
        ),
        tool_choice=tool_choice,
    )


@contextlib.asynccontextmanager
async def a_call(messages=(), tools=None, handler=None, tool_choice=None):
    service = OpenAIRealtimeLLMService(
        api_key="none",
        base_url=f"{URL.replace('http', 'ws', 1)}/v1/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            model="gpt-realtime",
            system_instruction=INSTRUCTIONS,
            session_properties=session_properties(tool_choice),
        ),
    )
    if handler:
        service.register_function("get_time", handler)
    context = LLMContext(list(messages), tools) if tools else LLMContext(list(messages))
    user, assistant = LLMContextAggregatorPair(context)
    call = Call(None, service, context)
    pipeline = Pipeline([user, Watch(call.seen, call.news), service, Watch(call.seen, call.news), assistant])
    call.worker = PipelineWorker(
        pipeline, params=PipelineParams(audio_in_sample_rate=24000, audio_out_sample_rate=24000), idle_timeout_secs=None
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call.worker)
    running = asyncio.create_task(runner.run())
    try:
        # The service opens its session with the first context.
        await call.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1)
        yield call
        call.no_errors()
    finally:
        await call.worker.cancel()
        with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(running, 10)


async def three_spoken_turns():
    async with a_call([{"role": "user", "content": "Hello."}]) as call:
        await call.until(LLMFullResponseEndFrame)
        microphone = Microphone(call.append)
        for number in (1, 2, 3):
            since = len(call.seen)
            await microphone.say(question(number))
            heard = await call.until(TranscriptionFrame, since)
            heard_enough(number, heard.text)
            await call.until(TTSAudioRawFrame, since)
            await call.until(LLMFullResponseEndFrame, since)
            assert any(isinstance(frame, TTSTextFrame) for frame in call.seen[since:])
        await microphone.stop()


async def a_tool_call():
    runs = []

    async def get_time(parameters):
        runs.append(parameters.arguments)
        # The session's choice holds until it is changed: as pipecat documents it, by a frame of settings.
        settings = OpenAIRealtimeLLMService.Settings(session_properties=session_properties("none"))
        await parameters.llm.queue_frame(LLMUpdateSettingsFrame(delta=settings))
        await parameters.result_callback({"time": TOOL_ANSWER})

    schema = FunctionSchema(
        name="get_time",
        description="Tells what time it is in a city.",
        properties={"city": {"type": "string"}},
        required=["city"],
    )
    messages = [{"role": "user", "content": TOOL_QUESTION}]
    async with a_call(messages, ToolsSchema(standard_tools=[schema]), get_time, "required") as call:
        sound = await call.until(TTSAudioRawFrame)
        await call.until(LLMFullResponseEndFrame, call.seen.index(sound))
        assert any(isinstance(frame, TTSTextFrame) for frame in call.seen)
        assert len(runs) == 1 and "city" in runs[0], runs


async def an_interruption():
    async with a_call([{"role": "user", "content": LONG_STORY}]) as call:
        await call.until(TTSAudioRawFrame)
        await asyncio.sleep(25 * FRAME_SECONDS)
        since = len(call.seen)
        microphone = Microphone(call.append)
        await microphone.say(question(1))
        await call.until(InterruptionFrame, since)
        heard = await call.until(TranscriptionFrame, since)
        heard_enough(1, heard.text)
        after = call.seen.index(heard)
        await call.until(LLMFullResponseEndFrame, after)
        await microphone.stop()


async def main():
    report = Report("pipecat-ai")
    await report.check("three spoken turns", three_spoken_turns)
    await report.check("a tool call run once", a_tool_call)
    await report.check("an interruption", an_interruption)
    report.end()


asyncio.run(main())
