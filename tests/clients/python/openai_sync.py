"""The official `openai` Python client, synchronous: one thread reads, another is the microphone."""

import base64
import contextlib
import threading
import time

import openai
from checks import FRAME, FRAME_SECONDS, INSTRUCTIONS, LONG_STORY, PATIENCE, TOOL, TOOL_ANSWER, TOOL_QUESTION, URL, Report, answered, frames, heard_enough, question


class Call:
    def __init__(self, connection):
        self.connection = connection
        self.events = []
        self._news = threading.Condition()
        self._to_say = []
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(Exception):
            for event in self.connection:
                with self._news:
                    self.events.append(event)
                    self._news.notify_all()

    def until(self, kind, since=0):
        def found():
            return next((e for e in self.events[since:] if e.type == kind), None)

        with self._news:
            self._news.wait_for(lambda: found() or self.errors(), PATIENCE)
            event = found()
        self.no_errors()
        assert event, f"no {kind}, only {list(dict.fromkeys(e.type for e in self.events[since:]))}"
        return event

    def errors(self):
        return [event.error.message for event in self.events if event.type == "error"]

    def no_errors(self):
        assert not self.errors(), self.errors()

    def type(self, text):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.connection.conversation.item.create(item=item)

    def open_microphone(self):
        self._microphone = threading.Thread(target=self._send_sound, daemon=True)
        self._microphone.start()

    def close_microphone(self):
        self._ended = True
        self._microphone.join()

    def say(self, sound):
        self._to_say += frames(sound)

    def _send_sound(self):
        due = time.monotonic()
        while not self._ended:
            frame = self._to_say.pop(0) if self._to_say else bytes(FRAME)
            self.connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())
            due += FRAME_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))


@contextlib.contextmanager
def a_call(**session):
    with openai.OpenAI(base_url=f"{URL}/v1", api_key="none") as api:
        with api.realtime.connect(model="gpt-realtime") as connection:
            call = Call(connection)
            connection.session.update(session={"type": "realtime", "instructions": INSTRUCTIONS, **session})
            call.until("session.updated")
            yield call


def three_spoken_turns():
    with a_call() as call:
        call.open_microphone()
        for number in (1, 2, 3):
            since = len(call.events)
            call.say(question(number))
            done = call.until("response.done", since)
            answered(done.response)
            heard_enough(number, call.until("conversation.item.input_audio_transcription.completed", since).transcript)
            assert any(e.type == "response.output_audio.delta" for e in call.events[since:])
        call.close_microphone()
        call.no_errors()


def a_tool_call():
    with a_call(tools=[TOOL], tool_choice={"type": "function", "name": "get_time"}) as call:
        call.type(TOOL_QUESTION)
        call.connection.response.create()
        done = call.until("response.done")
        calls = [item for item in done.response.output if item.type == "function_call"]
        assert len(calls) == 1 and calls[0].name == "get_time", done.response.output
        since = len(call.events)
        output = {"type": "function_call_output", "call_id": calls[0].call_id, "output": TOOL_ANSWER}
        call.connection.conversation.item.create(item=output)
        call.connection.response.create(response={"tool_choice": "none"})
        done = call.until("response.done", since)
        answered(done.response)
        assert done.response.output[0].type == "message"
        call.no_errors()


def an_interruption():
    with a_call() as call:
        call.type(LONG_STORY)
        call.connection.response.create()
        call.until("response.output_audio.delta")
        call.open_microphone()
        time.sleep(0.5)
        call.say(question(1))
        done = call.until("response.done")
        assert done.response.status == "cancelled" and done.response.status_details.reason == "turn_detected"
        assert call.until("conversation.item.truncated").audio_end_ms > 0
        since = next(i for i, e in enumerate(call.events) if e is done) + 1
        answered(call.until("response.done", since).response)
        call.close_microphone()
        call.no_errors()


report = Report("openai sync")
report.check_now("three spoken turns", three_spoken_turns)
report.check_now("a tool call run once", a_tool_call)
report.check_now("an interruption", an_interruption)
report.end()
