"""The language model on another machine: what its server does wrong is told or stood in for, and the call goes on."""

import json
import time

import pytest

from conversation import converse
from remote_llm import WORDS, RemoteModel
from server import Server

SAID = "".join(WORDS)


@pytest.fixture(scope="module")
def remote():
    model = RemoteModel()
    yield model
    model.close()


@pytest.fixture(autouse=True)
def well(request):
    yield
    if "remote" in request.fixturenames:
        request.getfixturevalue("remote").mode = "well"


def settings(url, *more):
    return ["language_model.backend=ollama", f"ollama.base_url={url}", "language_model.first_token_ms=500",
            "language_model.stall_ms=400", *more]


@pytest.fixture(scope="module")
def alone(start, remote):
    """Thinks with the remote model only."""
    return start(*settings(remote.url, "language_model.fallback="))


def ready(server):
    status, _, body = server.get("/ready")
    return status, json.loads(body)


async def answer(talk, question="Hello?"):
    """The response, and its words as far as they came."""
    since = len(talk.events)
    await talk.type(question)
    await talk.connection.response.create()
    response = (await talk.until("response.done", since=since, seconds=60))["response"]
    words = "".join(e["delta"] for e in talk.events[since:] if e["type"] == "response.output_text.delta")
    return response, words


def reason(response):
    assert response["status"] == "failed", response
    return json.dumps(response["status_details"]["error"])


async def healed(server, talk, seconds=30):
    """Asks until it is answered again: after three failures the server is left alone until a probe succeeds."""
    end = time.monotonic() + seconds
    while True:
        response, words = await answer(talk)
        if response["status"] == "completed":
            return words
        assert time.monotonic() < end, response


FAULTS = {
    "hang": "gave no first word within 500 ms",
    "one_byte_a_second": "gave no first word within 500 ms",
    "http500": "status 500: llama runner process has terminated",
    "html": "a page of HTML",
    "cut_json": "no stream of Ollama's",
    "long_line": "more than 1048576 bytes",
    "stall": "stopped in the middle of its answer for 400 ms",
}


@pytest.mark.parametrize("mode", FAULTS)
async def test_each_fault_is_told_and_the_call_goes_on(alone, remote, mode):
    async with converse(alone) as talk:
        await talk.update(output_modalities=["text"])
        assert await healed(alone, talk) == SAID
        remote.mode = mode
        response, words = await answer(talk)
        assert FAULTS[mode] in alone.log() or FAULTS[mode] in reason(response)
        assert reason(response)
        assert words == (SAID if mode == "stall" else "")
        remote.mode = "well"
        assert await healed(alone, talk) == SAID


async def test_invalid_utf8_is_made_safe(alone, remote):
    async with converse(alone) as talk:
        await talk.update(output_modalities=["text"])
        await healed(alone, talk)
        remote.mode = "invalid_utf8"
        response, words = await answer(talk)
        assert response["status"] == "completed" and words == "Bad \ufffd bytes."


async def test_an_endless_stream_ends_at_the_wanted_length(alone, remote):
    async with converse(alone) as talk:
        await talk.update(output_modalities=["text"], max_output_tokens=20)
        await healed(alone, talk)
        remote.mode = "endless"
        remote.left.clear()
        response, words = await answer(talk)
        assert response["status"] == "incomplete" and words.count("la") == 20
        assert remote.left.wait(5), "its connection was not closed"


async def test_a_cancelled_response_closes_the_connection(alone, remote):
    async with converse(alone) as talk:
        await talk.update(output_modalities=["text"])
        await healed(alone, talk)
        remote.mode = "stall"
        remote.left.clear()
        since = len(talk.events)
        await talk.type("Hello?")
        await talk.connection.response.create()
        await talk.until("response.output_text.delta", since=since)
        await talk.connection.response.cancel()
        response = (await talk.until("response.done", since=since))["response"]
        assert response["status"] == "cancelled"
        assert remote.left.wait(0.4), "the stall would have closed it only later"


async def test_another_model_of_the_server_stands_in(start, remote):
    server = start(*settings(remote.url, "language_model.fallback=llama3.2:1b"))
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"])
        remote.mode = "only_small"
        since = len(remote.asked)
        response, words = await answer(talk)
        assert response["status"] == "completed" and words == SAID
        assert remote.asked[since:] == ["llama3.2:3b", "llama3.2:1b"]


async def test_the_embedded_model_stands_in_and_the_server_is_taken_back(binary, tmp_path):
    remote = RemoteModel()
    server = Server(binary, tmp_path, settings(remote.url))  # the embedded model stands in by default
    try:
        server.wait_until_ready()
        assert ready(server) == (200, ready(server)[1]) and "degraded" not in ready(server)[1]
        async with converse(server) as talk:
            await talk.update(output_modalities=["text"], instructions="Answer in one short sentence.")
            assert (await answer(talk))[1] == SAID
            port = remote.port
            remote.close()
            for _ in range(3):
                response, words = await answer(talk, "What is the capital of France?")
                assert response["status"] == "completed" and words and words != SAID
            status, body = ready(server)
            assert status == 200 and body["ready"]
            assert "llama3.2:3b" in body["degraded"][0] and "cannot be reached" in body["degraded"][0]
            assert f"127.0.0.1:{port}" in body["degraded"][0]
            assert server.metric("antiphon_language_model_fallback") == server.metric("antiphon_degraded_parts") == 1
            assert server.metric('antiphon_language_model_usable{model="llama3.2:3b"}') == 0
            remote = RemoteModel(port)
            server.wait_for_log("language_model.recovered", 60)
            assert "degraded" not in ready(server)[1]
            assert server.metric("antiphon_language_model_fallback") == server.metric("antiphon_degraded_parts") == 0
            assert server.metric('antiphon_language_model_usable{model="llama3.2:3b"}') == 1
            assert (await answer(talk))[1] == SAID
    finally:
        remote.close()
        server.stop()


async def test_it_starts_without_the_server_when_something_stands_in(start):
    server = start("ollama.base_url=http://127.0.0.1:9", "models.set=tiny")
    status, body = ready(server)
    assert status == 200 and body["llm_ready"]
    assert "the Ollama server at http://127.0.0.1:9 cannot be reached (Connection refused)" in body["degraded"][0]
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"])
        assert (await answer(talk))[0]["status"] == "completed"


def test_a_missing_model_is_named_with_the_command_that_gets_it(binary, tmp_path, remote):
    remote.models.remove("llama3.2:3b")
    try:
        server = Server(binary, tmp_path, settings(remote.url, "language_model.fallback="))
        assert server.process.wait(60) != 0
        assert "`ollama pull llama3.2:3b`" in server.log()
        assert "`docker compose exec ollama ollama pull llama3.2:3b`" in server.log()
    finally:
        remote.models.insert(0, "llama3.2:3b")


async def test_another_antiphon_is_an_openai_compatible_server(start, shared_server):
    """Its /v1/chat/completions is streamed, with tools."""
    server = start("language_model.backend=openai", f"openai.base_url={shared_server.url}/v1",
                   "language_model.fallback=", "openai.api_key=sk-secret")
    assert "degraded" not in ready(server)[1]
    assert "sk-secret" not in server.log()
    tool = {"type": "function", "name": "get_weather", "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"], instructions="Answer in one short sentence.")
        response, words = await answer(talk, "What is the capital of France?")
        assert response["status"] == "completed" and "Paris" in words
        await talk.update(tools=[tool], tool_choice="required")
        response, _ = await answer(talk, "What is the weather in Paris?")
        call = response["output"][0]
        assert call["type"] == "function_call" and call["name"] == "get_weather"
        assert isinstance(json.loads(call["arguments"])["city"], str)
