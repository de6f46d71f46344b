"""TTS_BACKEND on the real binary: espeak-ng, the Edge service (a stand-in of a few lines of Python that knows nothing of
our client), and what happens when that service is not there."""

import json
import subprocess
import threading

import openai
import pytest
from websockets.sync.server import serve


@pytest.fixture(scope="module")
def service():
    """Speaks a second of A for every text; .heard has what it was sent."""
    tone = subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-ar", "24000",
                           "-ac", "1", "-b:a", "48k", "-f", "mp3", "-"], capture_output=True, check=True).stdout

    def answer(connection):
        config, ssml = connection.recv(), connection.recv()
        service.heard.append((connection.request, config, ssml))
        header = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
        connection.send("X-RequestId:1\r\nPath:turn.start\r\n\r\n{}")
        for at in range(0, len(tone), 1000):
            connection.send(len(header).to_bytes(2, "big") + header + tone[at:at + 1000])
        connection.send("X-RequestId:1\r\nPath:turn.end\r\n\r\n{}")

    with serve(answer, "127.0.0.1", 0) as service:
        service.heard = []
        service.url = f"ws://127.0.0.1:{service.socket.getsockname()[1]}/edge/v1"
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def spoken(server, voice, text="Hej, hur mår du?"):
    client = openai.OpenAI(base_url=server.url + "/v1", api_key="none")
    return client.audio.speech.create(model="tts-1", voice=voice, input=text, response_format="pcm").content


def options(server):
    return json.loads(server.get("/options")[2])


def test_espeak_alone_speaks_any_language(start):
    server = start("synthesizer.backend=espeak")
    offered = options(server)
    assert all(voice["id"].startswith("espeak-") for voice in offered["voices"]) and len(offered["voices"]) > 90
    for voice in ("espeak-sv", "espeak-ja", "alloy"):
        assert 0.3 < len(spoken(server, voice)) / 48_000 < 5, voice


def test_the_edge_service_speaks_when_it_is_chosen(start, service):
    server = start("synthesizer.backend=edge", f"synthesizer.edge_url={service.url}")
    sound = spoken(server, "sv-SE-SofieNeural", "Hej <du> & jag")
    assert 0.9 < len(sound) / 48_000 < 1.5
    request, config, ssml = service.heard[-1]
    assert request.headers["Origin"].startswith("chrome-extension://") and "Sec-MS-GEC=" in request.path
    assert "Path:speech.config" in config and "<voice name='Microsoft Server Speech Text to Speech Voice (sv-SE, SofieNeural)'>" in ssml
    assert "speak.text_leaves_the_machine to=127.0.0.1" in server.log()


def test_auto_prefers_what_is_installed_and_names_what_is_not(start, service):
    server = start(f"synthesizer.edge_url={service.url}", "synthesizer.voices=is=espeak-is")
    before = len(service.heard)
    assert len(spoken(server, "alloy", "Hello there.")) > 10_000
    assert len(service.heard) == before, "an installed voice speaks English"
    assert options(server)["default_voice"] == "en_US-joe-medium"
    spoken(server, "sv-SE-SofieNeural")
    assert len(service.heard) == before + 1


def test_a_service_that_is_not_there_is_replaced(start):
    server = start("synthesizer.backend=edge", "synthesizer.edge_url=ws://127.0.0.1:1/")
    assert len(spoken(server, "alloy", "Hello there.")) > 10_000
    assert "speak.voice_failed voice=edge" in server.log()


def test_a_language_whose_voice_nobody_has_is_a_fault_of_the_settings(binary, tmp_path):
    ended = subprocess.run([str(binary), "serve", "--port", "0", "--set", "synthesizer.voices=sv=nobody"], cwd=tmp_path,
                           capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0 and "nobody" in ended.stderr
