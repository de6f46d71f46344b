"""The language of a call on the real binary with the multilingual Whisper; espeak-ng is the caller. A switch in mid-call is
proven by the scenes alone: of this voice's German, whisper-base does not tell enough (docs/benchmarks.md, Languages)."""

import functools
import json
import pathlib
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conversation import converse

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/mms_lid"
ENGLISH = "Good morning. I would like to know what the weather is going to be like tomorrow."
SPANISH = "Buenos días. Quisiera saber qué tiempo va a hacer mañana por la mañana en Madrid."


@functools.lru_cache
def said(text, voice):
    """The sentence as espeak-ng says it: 24 kHz, 16 bits, with a little silence before."""
    wav = subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "--stdout", text], check=True, capture_output=True).stdout
    command = ["sox", "-t", "wav", "-", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "24000", "-",
               "gain", "-n", "-3", "pad", "0.3", "0"]
    return subprocess.run(command, check=True, capture_output=True, input=wav).stdout


@pytest.fixture
def thinker():
    """A language model that writes down what it is asked and answers with the same words."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer("application/json", json.dumps({"data": [{"id": "echo"}]}).encode())

        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            chunks = [{"choices": [{"index": 0, "delta": {"content": "Das ist gut."}}]},
                      {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
            self.answer("text/event-stream", "".join(lines).encode())

        def answer(self, kind, body):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = asked
        server.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def turn(call, text, voice):
    """Says the sentence; gives the transcript's event once the answer is over."""
    since = len(call.events)
    await call.speak(said(text, voice), silence=1.5)
    words = await call.until("conversation.item.input_audio_transcription.completed", since=since)
    await call.until("response.done", since=since)
    await call.speak(b"", silence=2.0)  # the answer is heard to its end
    return words


def system(thinker):
    return thinker.asked[-1]["messages"][0]["content"]


async def test_the_language_of_a_call_is_found_and_told(start, thinker):
    server = start("language_model.backend=openai", f"openai.base_url={thinker.url}", "language_model.fallback=",
                   "synthesizer.edge_allowed=false")
    ready = json.loads(server.get("/ready")[2])
    assert ready["lid_ready"] is True
    async with converse(server) as call:
        words = await turn(call, ENGLISH, "en-gb")
        assert words["antiphon.language"] == "en" and "weather" in words["transcript"].lower()
        first = await call.until("antiphon.language")
        assert first["language"] == "en" and 0.5 < first["confidence"] <= 1
        assert "Answer in English" not in system(thinker)


async def test_a_fixed_language_is_left_alone(server):
    async with converse(server) as call:
        await call.update(audio={"input": {"transcription": {"model": "whisper-1", "language": "en"}}})
        await turn(call, SPANISH, "es")
        assert not [event for event in call.events if event["type"] == "antiphon.language"]


@pytest.fixture
def damaged_export(tmp_path):
    """An export of MMS-LID whose network is cut short."""
    folder = tmp_path / "mms-lid-126"
    shutil.copytree(GOLDEN, folder)
    network = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(network[:len(network) // 2])
    return folder


def detector_of(start, *settings):
    server = start(*settings)
    ready = json.loads(server.get("/ready")[2])
    assert ready["ready"] is True
    return server, ready["lid_ready"], " ".join(ready.get("degraded", []))


def test_whisper_takes_the_place_of_a_damaged_export(start, damaged_export):
    server, ready, degraded = detector_of(start, f"language.model={damaged_export}")
    assert ready is True, "the languages are told all the same"
    assert degraded.startswith("Whisper tells the languages of callers instead of MMS-LID: "), degraded
    assert str(damaged_export / "model.onnx") in degraded and "docs/mms-lid.md" in degraded
    server.wait_for_log("language.whisper_instead")
    assert "language.off" not in server.log()


def test_a_damaged_export_that_was_asked_for_by_name_is_not_replaced(start, damaged_export):
    server, ready, degraded = detector_of(start, f"language.model={damaged_export}", "language.detector=mms_lid")
    assert ready is False
    assert degraded.startswith("the languages of callers cannot be told: "), degraded
    assert str(damaged_export / "model.onnx") in degraded
    server.wait_for_log("language.off")


def test_a_whole_export_is_used(start):
    server, ready, degraded = detector_of(start, f"language.model={GOLDEN}")
    assert ready is True and degraded == ""
    server.wait_for_log("engine=language_detector")


def test_a_detector_that_is_off_is_not_ready(start):
    server = start("language.detector=off")
    assert json.loads(server.get("/ready")[2])["lid_ready"] is False
