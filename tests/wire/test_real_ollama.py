"""The language model and the embedder on a real Ollama; skipped where there is none."""

import json
import time

import pytest

from conversation import converse
from ollama_server import EMBEDDER, THINKER, Ollama, needed
from server import Server
from test_remote_llm import answer, ready

pytestmark = needed


@pytest.fixture(scope="module")
def ollama(tmp_path_factory):
    one = Ollama(tmp_path_factory.mktemp("ollama"))
    yield one
    one.end()


def settings(ollama, *more):
    return ["language_model.backend=ollama", f"ollama.base_url={ollama.url}", f"ollama.model={THINKER}",
            "embedder.backend=ollama", f"ollama.embedder_model={EMBEDDER}", *more]


@pytest.fixture(scope="module")
def server(start, ollama):
    return start(*settings(ollama))


def post(server, path, body):
    status, _, answered = server.get(path, {"Content-Type": "application/json"}, "POST", json.dumps(body).encode())
    assert status == 200, answered
    return json.loads(answered)


async def test_it_answers_word_by_word_and_remembers(server, ollama):
    assert "degraded" not in ready(server)[1]
    asked = ollama.log().count('"/api/chat"')
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"], instructions="Answer in one short sentence.", max_output_tokens=30)
        response, words = await answer(talk, "What is the capital of France?")
        assert "Paris" in words and response["status"] in ("completed", "incomplete")
        assert len([e for e in talk.events if e["type"] == "response.output_text.delta"]) > 3, "it is streamed"
        assert response["usage"]["output_tokens"] > 3
        await answer(talk, "Say it again.")
    assert ollama.log().count('"/api/chat"') == asked + 2, "nobody stood in"


async def test_an_interrupted_answer_ends_the_work_there(server, ollama):
    asked = ollama.log().count('"/api/chat"')
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"], max_output_tokens=1000)
        since = len(talk.events)
        await talk.type("Count from one to one thousand, and leave none out.")
        await talk.connection.response.create()
        await talk.until("response.output_text.delta", since=since)
        await talk.connection.response.cancel()
        assert (await talk.until("response.done", since=since))["response"]["status"] == "cancelled"
        # Ollama writes the line of a request when it is over.
        server._wait_for(lambda: ollama.log().count('"/api/chat"') > asked, "the end of the request", 5)
        assert (await answer(talk, "Stop. What is two and two?"))[0]["status"] != "failed"


def test_a_tool_that_must_be_called_comes_with_arguments_that_fit(server):
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}}
    done = post(server, "/v1/chat/completions", {"model": "antiphon", "max_tokens": 60, "tools": [tool], "tool_choice": "required",
                                                 "messages": [{"role": "user", "content": "What is the weather in Rome?"}]})
    call = done["choices"][0]["message"]["tool_calls"][0]["function"]
    arguments = json.loads(call["arguments"])
    assert call["name"] == "get_weather" and list(arguments) == ["city"] and isinstance(arguments["city"], str)


def test_embeddings_are_ollamas(server, ollama):
    texts = ["A cat sits on the mat.", "Kitten on a rug", "Quarterly tax report"]
    ours = [e["embedding"] for e in post(server, "/v1/embeddings", {"model": EMBEDDER, "input": texts})["data"]]
    theirs = ollama.ask("POST", "/api/embed", {"model": EMBEDDER, "input": texts})["embeddings"]

    def alike(a, b):
        return sum(x * y for x, y in zip(a, b)) / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5

    assert all(alike(a, b) > 0.999 for a, b in zip(ours, theirs))
    assert alike(ours[0], ours[1]) > alike(ours[0], ours[2]) + 0.2


def test_a_missing_model_is_named_with_the_command_that_gets_it(binary, tmp_path, ollama):
    server = Server(binary, tmp_path, settings(ollama, "ollama.model=mistral", "language_model.fallback="))
    assert server.process.wait(60) != 0
    assert "`ollama pull mistral`" in server.log()


async def test_killed_in_mid_answer_it_is_stood_in_for_until_it_is_back(start, tmp_path):
    ollama = Ollama(tmp_path)
    try:
        server = start(*settings(ollama, "language_model.fallback=embedded", "language_model.stall_ms=2000"))
        async with converse(server) as talk:
            await talk.update(output_modalities=["text"], max_output_tokens=400, instructions="Talk at length.")
            since = len(talk.events)
            await talk.type("Tell me a very long story.")
            await talk.connection.response.create()
            await talk.until("response.output_text.delta", since=since)
            ollama.kill()
            response = (await talk.until("response.done", since=since))["response"]
            assert response["status"] == "failed", "what was begun is not continued by another model"
            await talk.update(max_output_tokens=20)
            for _ in range(3):
                assert (await answer(talk, "Hello?"))[0]["status"] != "failed", "the embedded model stands in"
            ollama.start()
            server.wait_for_log("language_model.recovered", 60)
            asked = ollama.log().count('"/api/chat"')
            await answer(talk, "Hello again?")
            end = time.monotonic() + 5
            while ollama.log().count('"/api/chat"') == asked and time.monotonic() < end:
                time.sleep(0.05)
            assert ollama.log().count('"/api/chat"') > asked
    finally:
        ollama.end()
