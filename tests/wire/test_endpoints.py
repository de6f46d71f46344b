"""OpenAI's plain endpoints on the real binary with the real models, by the official client; and docs/openapi.yaml,
which every answer that is seen here must keep."""

import base64
import difflib
import json
import re
import socket
import struct
import subprocess
import threading
import time
import urllib.parse

import httpx2 as httpx
import jsonschema
import openai
import pytest
import yaml

from conftest import ROOT
from server import Server

SENTENCE = "The weather is nice today, and we are going to the park."
DOCUMENT = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def resolved(node):
    while "$ref" in node:
        target = DOCUMENT
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def operation_of(method, path):
    for pattern, item in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in item:
            return item[method.lower()]
    raise AssertionError(f"docs/openapi.yaml has no {method} {path}")


def check(instance, schema):
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(instance)


def check_answer(method, path, status, content_type, body):
    """That the file has this status with this content type, and that the body keeps its schema."""
    responses = operation_of(method, path)["responses"]
    assert str(status) in responses, f"{method} {path} answered {status}, which docs/openapi.yaml does not have"
    content = resolved(responses[str(status)])["content"]
    media = content_type.partition(";")[0]
    assert media in content, f"{method} {path} {status} is {media}, which docs/openapi.yaml does not have"
    schema = content[media]["schema"]
    if media == "application/json":
        check(json.loads(body), schema)
    elif media == "text/event-stream":
        for event in body.decode().split("\n\n")[:-1]:
            assert event.startswith("data: ")
            if event != "data: [DONE]":
                check(json.loads(event[6:]), schema)


class Checked(httpx.BaseTransport):
    """Passes requests on, and holds each answer against the file."""

    def __init__(self):
        self.inner = httpx.HTTPTransport()
        self.seen = set()

    def handle_request(self, request):
        response = self.inner.handle_request(request)
        body = response.read()
        path = urllib.parse.unquote(request.url.path)
        check_answer(request.method, path, response.status_code, response.headers["content-type"], body)
        self.seen.add((request.method, path, response.status_code))
        # The body as it was: the client splits events by itself.
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)

    def close(self):
        self.inner.close()


@pytest.fixture(scope="module")
def transport():
    return Checked()


@pytest.fixture(scope="module")
def client(shared_server, transport):
    with openai.OpenAI(base_url=shared_server.url + "/v1", api_key="none", max_retries=0,
                       http_client=httpx.Client(transport=transport)) as client:
        yield client


@pytest.fixture(scope="module")
def plain(shared_server):
    """The client as anybody has it."""
    with openai.OpenAI(base_url=shared_server.url + "/v1", api_key="none", max_retries=0) as client:
        yield client


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def same_words(heard, meant):
    """All but one word of ten: no two readings of the voice are alike, and Whisper mishears one now and then."""
    matcher = difflib.SequenceMatcher(None, heard, meant, autojunk=False)
    right = sum(block.size for block in matcher.get_matching_blocks())
    return max(len(heard), len(meant)) - right <= -(-len(meant) // 10)


def speech(client, text=SENTENCE, **more):
    return client.audio.speech.create(model="tts-1", voice="alloy", input=text, **more).content


@pytest.fixture(scope="module")
def spoken(client):
    return speech(client, response_format="wav")


def transcribe(client, file, name="speech.wav", **more):
    return client.audio.transcriptions.create(model="whisper-1", file=(name, file), **more)


# ---- speech, and back


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac", "aac"])
def test_what_was_spoken_is_read_back_word_for_word(client, form):
    sound = speech(client, response_format=form)
    assert same_words(words(transcribe(client, sound, f"speech.{form}").text), words(SENTENCE))


@pytest.mark.parametrize("name, arguments", [
    ("webm", ["-c:a", "libopus", "-f", "webm"]),
    ("m4a", ["-c:a", "aac", "-f", "ipod"]),
    ("ogg", ["-c:a", "libvorbis", "-f", "ogg"]),
])
def test_other_kinds_are_read(client, spoken, tmp_path, name, arguments):
    source, target = tmp_path / "in.wav", tmp_path / f"out.{name}"
    source.write_bytes(spoken)
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-ar", "48000", "-ac", "2", *arguments, target], check=True)
    assert same_words(words(transcribe(client, target.read_bytes(), f"speech.{name}").text), words(SENTENCE))


def test_pcm_is_24_khz_and_speed_counts(client):
    usual, fast = (len(speech(client, response_format="pcm", speed=speed)) / 48000 for speed in (1.0, 2.0))
    assert 1.5 < usual < 6 and 0.35 < fast / usual < 0.7


def test_sound_comes_while_it_is_made(plain):
    text = " ".join(f"This is sentence number {n}." for n in ("one", "two", "three", "four", "five", "six", "seven", "eight"))
    with plain.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=text, response_format="pcm") as answer:
        began = time.monotonic()
        times, size = [], 0
        for piece in answer.iter_bytes(4096):
            times.append(time.monotonic() - began)
            size += len(piece)
    assert size > 8 * 24000 and times[0] < times[-1] / 2, f"first {times[0]:.2f} s, last {times[-1]:.2f} s"


def test_markup_is_not_spoken(client):
    text = "# The weather today\n\n**This** is [a link](https://example.com/long/path)."
    heard = words(transcribe(client, speech(client, text, response_format="wav")).text)
    assert same_words(heard, ["the", "weather", "today", "this", "is", "a", "link"]), heard


# ---- transcriptions


def test_every_format(client, spoken):
    verbose = transcribe(client, spoken, response_format="verbose_json", timestamp_granularities=["segment"])
    assert verbose.language == "en" and 2 < verbose.duration < 6
    assert same_words(words(verbose.text), words(SENTENCE)) and words(verbose.text) == words(" ".join(s.text for s in verbose.segments))
    assert same_words(words(transcribe(client, spoken, response_format="text")), words(SENTENCE))
    srt = transcribe(client, spoken, response_format="srt")
    assert re.fullmatch(r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nThe weather .*\n\n", srt, re.DOTALL), srt
    vtt = transcribe(client, spoken, response_format="vtt")
    assert re.match(r"WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\nThe weather ", vtt), vtt


def test_a_long_recording_is_cut_at_its_pauses_with_right_times(client, spoken, tmp_path):
    source, target = tmp_path / "one.wav", tmp_path / "long.wav"
    # sox wants true sizes in the header, which a stream cannot have.
    source.write_bytes(spoken[44:])
    raw = ["-t", "raw", "-r", "24000", "-e", "signed", "-b", "16", "-c", "1"]
    subprocess.run(["sox", *raw, source, target, "pad", "1", "1.5", "repeat", "9"], check=True)
    period = (len(spoken) - 44) / 48000 + 2.5
    verbose = transcribe(client, target.read_bytes(), response_format="verbose_json", language="en")
    assert verbose.duration == pytest.approx(10 * period, abs=0.1) and verbose.duration > 45
    assert same_words(words(verbose.text), 10 * words(SENTENCE))
    assert len(verbose.segments) == 10
    for number, segment in enumerate(verbose.segments):
        assert segment.start == pytest.approx(number * period + 1 - 0.2, abs=0.25)
        assert segment.end == pytest.approx((number + 1) * period - 1.5 + 0.2, abs=0.4)


def test_segments_stream(client, spoken):
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", spoken), stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert words(events[-1].text) == words("".join(e.delta for e in events[:-1]))
    assert same_words(words(events[-1].text), words(SENTENCE))


def wav_of(samples, form=1, bits=16):
    data = samples
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + form.to_bytes(2, "little") + b"\1\0" + (16000).to_bytes(4, "little")
    head += (16000 * bits // 8).to_bytes(4, "little") + (bits // 8).to_bytes(2, "little") + bits.to_bytes(2, "little")
    head += b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(head).to_bytes(4, "little") + head


@pytest.mark.parametrize("file", [
    b"", b"This is a text, not a sound.\n", b"RIFF", wav_of(b""), wav_of(b"\0\0\xc0\x7f" * 16000, 3, 32),
    b"\xff\xfb\x90\x00" + bytes(50), b"OggS" + bytes(200), bytes(100_000),
], ids=["empty", "text", "four bytes", "no samples", "NaN", "a broken mp3", "a broken ogg", "zeros"])
def test_files_that_are_no_sound_are_refused(client, file):
    with pytest.raises(openai.BadRequestError) as refused:
        transcribe(client, file)
    assert refused.value.param == "file" and refused.value.code == "invalid_value"


def test_a_truncated_mp3_is_taken_as_far_as_it_goes(client):
    mp3 = speech(client, response_format="mp3")
    heard = words(transcribe(client, mp3[: len(mp3) * 2 // 3]).text)
    assert same_words(heard[:3], words(SENTENCE)[:3]) and len(heard) < len(words(SENTENCE)) + 1


def test_silence_has_no_words(client):
    assert transcribe(client, wav_of(bytes(64000))).text == ""


def test_a_body_over_the_limit_is_refused(client):
    with pytest.raises(openai.APIStatusError) as refused:
        transcribe(client, bytes(26 << 20))
    assert refused.value.status_code == 413


# ---- chat


def ask(client, **more):
    return client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "What is the capital of France?"}],
                                          max_tokens=40, **more)


def test_chat_whole_and_streamed(client):
    whole = ask(client)
    assert "Paris" in whole.choices[0].message.content
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 10
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage or chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason


def test_chat_takes_content_parts_and_stops_at_max_tokens(client):
    answer = client.chat.completions.create(
        model="gpt-4o-mini", max_completion_tokens=3,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Tell a story."}]}])
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 3


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Tells the weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
                   "required": ["city", "unit"], "additionalProperties": False}}}
HANG_UP = {"type": "function", "function": {"name": "hang_up", "description": "Ends the call"}}
QUESTION = {"role": "user", "content": "What is the weather in Oslo?"}


def with_tools(client, messages=(QUESTION,), **more):
    return client.chat.completions.create(model="gpt-4o-mini", messages=list(messages), tools=[WEATHER, HANG_UP],
                                          max_tokens=100, **more)


def check_weather_call(call):
    assert call.id.startswith("call_") and call.type == "function" and call.function.name == "get_weather"
    jsonschema.validate(json.loads(call.function.arguments), WEATHER["function"]["parameters"])


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}],
                         ids=["required", "by name"])
def test_a_tool_is_called_and_its_result_read(client, choice):
    answer = with_tools(client, tool_choice=choice, parallel_tool_calls=False).choices[0]
    assert answer.finish_reason == "tool_calls" and answer.message.content is None
    [call] = answer.message.tool_calls
    if choice != "required":
        check_weather_call(call)
    assert isinstance(json.loads(call.function.arguments), dict)
    # The client's own form of the message goes back as it is.
    after = with_tools(client, [QUESTION, answer.message, {"role": "tool", "tool_call_id": call.id,
                                                           "content": '{"sky": "snow", "degrees": -7}'}], tool_choice="none")
    assert after.choices[0].finish_reason in ("stop", "length") and after.choices[0].message.content
    assert after.choices[0].message.tool_calls is None


def test_tool_calls_stream(client):
    chunks = list(with_tools(client, tool_choice={"type": "function", "function": {"name": "get_weather"}},
                             parallel_tool_calls=False, stream=True, stream_options={"include_usage": True}))
    pieces = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices and c.choices[0].delta.tool_calls]
    assert len(pieces) > 2 and {piece.index for piece in pieces} == {0}
    assert pieces[0].id.startswith("call_") and pieces[0].function.name == "get_weather"
    assert all(piece.id is None and piece.function.name is None for piece in pieces[1:])
    jsonschema.validate(json.loads("".join(piece.function.arguments for piece in pieces)), WEATHER["function"]["parameters"])
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"


def test_the_clients_own_stream_puts_tool_calls_together(client):
    with client.chat.completions.stream(model="gpt-4o-mini", messages=[QUESTION], tools=[WEATHER], max_tokens=100,
                                        tool_choice="required", parallel_tool_calls=False) as stream:
        check_weather_call(stream.get_final_completion().choices[0].message.tool_calls[0])


@pytest.mark.parametrize("parameters", [{"type": "string"}, {"type": "object", "not": {}}], ids=["no object", "not"])
def test_schemas_that_cannot_be_held_to_are_refused(client, parameters):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, tools=[{"type": "function", "function": {"name": "weird", "parameters": parameters}}])
    assert "weird" in refused.value.message
    assert "Paris" in ask(client).choices[0].message.content


def test_results_without_calls_are_refused(client):
    with pytest.raises(openai.BadRequestError) as refused:
        with_tools(client, [QUESTION, {"role": "tool", "tool_call_id": "call_1", "content": "x"}])
    assert refused.value.param == "messages[1].tool_call_id"


def test_a_prompt_longer_than_the_context_is_refused(client):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "word " * 20_000}])


# ---- the others


def test_models(client):
    names = [model.id for model in client.models.list()]
    assert len(names) == len(set(names)) >= 4
    for name in names:
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("nobody")
    assert refused.value.code == "model_not_found"


def test_unknown_models_and_voices(client, spoken):
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(model="nobody", file=("a.wav", spoken))
    with pytest.raises(openai.NotFoundError):
        client.audio.speech.create(model="nobody", voice="alloy", input="x")
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="tts-1", voice="nobody", input="x")
    assert refused.value.code == "voice_not_found"
    with pytest.raises(openai.BadRequestError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 4097)


def embed(client, *texts, **more):
    return [one.embedding for one in client.embeddings.create(model="text-embedding-3-small", input=list(texts), **more).data]


def nearness(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_embeddings_of_like_sentences_are_nearer(client):
    question, answer, other, noise = embed(client, "How do I reset my password?", "I forgot my login and need a new password.",
                                           "The train to Hamburg leaves at noon.", "zxq vbk wpl")
    assert len(question) == 384 and abs(nearness(question, question) - 1) < 1e-4
    assert nearness(question, answer) > 0.5
    assert nearness(question, answer) > nearness(question, other) + 0.3
    assert nearness(question, answer) > nearness(question, noise) + 0.3
    morning, alike, french = embed(client, "Good morning, Zürich! ☀", "good morning zurich", "日本語のテキスト")
    assert nearness(morning, alike) > 0.8 > nearness(morning, french)


def test_embeddings_forms_and_figures(client):
    name = next(model.id for model in client.models.list() if "minilm" in model.id)
    floats = client.embeddings.create(model=name, input="Hello, world.", encoding_format="float", dimensions=384)
    assert floats.model == name and floats.object == "list" and floats.data[0].object == "embedding"
    assert floats.usage.prompt_tokens == floats.usage.total_tokens == 6, "hello , world . and the two marks"
    raw = client.embeddings.create(model=name, input="Hello, world.", encoding_format="base64").data[0].embedding
    assert isinstance(raw, str)
    unpacked = struct.unpack("<384f", base64.b64decode(raw))
    assert max(abs(a - b) for a, b in zip(unpacked, floats.data[0].embedding, strict=True)) < 1e-6
    many = [f"Text number {i} of a longer list." for i in range(100)]
    answer = client.embeddings.create(model=name, input=many)
    assert [one.index for one in answer.data] == list(range(100))
    assert nearness(answer.data[57].embedding, embed(client, many[57])[0]) > 0.999, "what stands beside it does not matter"


@pytest.mark.parametrize("bad", [
    {"input": ""}, {"input": []}, {"input": ["good", ""]}, {"input": [1, 2, 3]}, {"input": [[1, 2], [3]]},
    {"input": ["good", 7]}, {"input": None}, {"input": {"text": "x"}}, {"input": ["x"] * 2049},
    {"input": "word " * 511}, {"input": ["good", "word " * 600]}, {"input": "x", "dimensions": 256},
    {"input": "x", "dimensions": -1}, {"input": "x", "encoding_format": "hex"}, {"input": "x", "model": 7},
], ids=str)
def test_embeddings_that_are_refused(client, bad):
    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/embeddings", body={"model": "text-embedding-3-small", **bad}, cast_to=object)
    assert refused.value.param.partition("[")[0] in bad
    assert len(embed(client, "word " * 510)[0]) == 384, "the longest that is taken"


def test_a_text_that_is_too_long_is_told_its_length(client):
    with pytest.raises(openai.BadRequestError, match="602 tokens.*at most 512") as refused:
        embed(client, "good", "word " * 600)
    assert refused.value.param == "input[1]"


def test_embeddings_beside_each_other(client):
    expected = embed(client, "One of several at the same time.")[0]
    found = []
    threads = [threading.Thread(target=lambda: found.append(embed(client, "One of several at the same time.")[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(nearness(one, expected) > 0.999 for one in found)


def test_without_an_embedder_there_are_no_embeddings_and_all_the_rest(start, transport):
    server = start("embedder.model=none")
    assert "embeddings.off" in server.log()
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0,
                       http_client=httpx.Client(transport=transport)) as client:
        with pytest.raises(openai.NotFoundError) as refused:
            client.embeddings.create(model="text-embedding-3-small", input="x")
        assert refused.value.code == "model_not_found"
        assert not any("minilm" in model.id for model in client.models.list())
        assert ask(client).choices


def test_a_client_secret_keeps_its_schema(client):
    assert client.realtime.client_secrets.create(session={"type": "realtime"}).value.startswith("ek_")


def test_the_file_is_served_and_has_every_route(server, transport):
    status, headers, body = server.get("/openapi.yaml")
    assert status == 200 and headers["Content-Type"] == "application/yaml" and yaml.safe_load(body) == DOCUMENT
    for path in ("/ready", "/health", "/metrics", "/openapi.yaml", "/v1/models", "/ice"):
        status, headers, body = server.get(path)
        check_answer("GET", path, status, headers["Content-Type"], body)
    for path, item in DOCUMENT["paths"].items():
        allowed = server.get(path.replace("{model}", "x"), method="OPTIONS")[1]["Allow"].split(", ")
        assert {method.upper() for method in item} == set(allowed) - {"OPTIONS", "HEAD"}, path
    seen = {(method, path) for method, path, _ in transport.seen}
    for method, path in (("POST", p) for p in DOCUMENT["paths"] if "post" in DOCUMENT["paths"][p]):
        if not path.startswith("/v1/realtime/calls"):  # those are test_webrtc.py's
            assert (method, path) in seen, f"no test asked {method} {path}"


# ---- clients that go, and that do not read


def raw_post(server, path, body):
    connection = socket.create_connection(("127.0.0.1", server.port))
    data = json.dumps(body).encode()
    connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                       % (path.encode(), len(data)) + data)
    return connection


def test_clients_that_go_amidst_an_answer_leave_nothing_behind(server, client):
    long = " ".join(["This sentence is only here to keep the voice busy for a while."] * 60)
    for _ in range(6):
        connection = raw_post(server, "/v1/audio/speech", {"model": "tts-1", "voice": "alloy", "input": long, "response_format": "pcm"})
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.close()
        connection = raw_post(server, "/v1/chat/completions",
                              {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Tell a very long story."}]})
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.close()
    began = time.monotonic()
    assert same_words(words(transcribe(client, speech(client, response_format="wav")).text), words(SENTENCE))
    assert ask(client).choices
    assert time.monotonic() - began < 30, "the engines are free again"


def established(port, client):
    """Whether the server's end of this connection is open, by the system's table."""
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[2].endswith(client) and row[3] == "01" for row in rows)


def test_a_client_that_does_not_read_is_cut(start):
    server = start("server.idle_timeout_ms=1000", "server.max_queued_bytes=65536")
    text = " ".join(["This sentence is one of many that nobody reads."] * 80)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    data = json.dumps({"model": "tts-1", "voice": "alloy", "input": text, "response_format": "pcm"}).encode()
    connection.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
    ours = f":{connection.getsockname()[1]:04X}"
    end = time.monotonic() + 120
    while time.monotonic() < end and established(server.port, ours):
        time.sleep(0.2)
    connection.settimeout(20)
    received = bytearray()
    try:
        while piece := connection.recv(1 << 16):
            received += piece
    except ConnectionError:
        pass
    assert not received.endswith(b"0\r\n\r\n"), "it was not waited for"


def test_too_many_at_once_are_told_to_come_again(server):
    answers = []

    def one():
        answers.append(httpx.post(server.url + "/v1/audio/speech", timeout=120,
                                  json={"model": "tts-1", "voice": "alloy", "input": SENTENCE, "response_format": "pcm"}))

    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused and any(answer.status_code == 200 for answer in answers)
    for answer in refused:
        assert int(answer.headers["Retry-After"]) > 0 and answer.json()["error"]["code"] == "overloaded"
        check_answer("POST", "/v1/audio/speech", 503, answer.headers["Content-Type"], answer.content)


def test_not_ready_is_said_while_loading(binary, tmp_path):
    # Asked as soon as the port is open: the first answers are from before the engines are there.
    server = Server(binary, tmp_path)
    try:
        answer = httpx.post(server.url + "/v1/chat/completions", json={"model": "gpt-4o", "messages": []})
        assert answer.status_code == 503 and answer.json()["error"]["code"] == "not_ready"
        check_answer("POST", "/v1/chat/completions", 503, answer.headers["Content-Type"], answer.content)
        server.wait_until_ready()
    finally:
        server.stop()
