"""POST /v1/realtime/client_secrets, by the official client: what a page's own server asks for, and what the page does with it."""

import asyncio
import json

import pytest
import websockets
from openai import OpenAI
from openai.types.realtime import ClientSecretCreateResponse

from server import error_of

SESSION = {
    "type": "realtime",
    "model": "gpt-realtime",
    "instructions": "Answer with one word.",
    "output_modalities": ["text"],
    "audio": {"input": {"turn_detection": None}},
}


def client(server):
    return OpenAI(api_key="none", base_url=server.url + "/v1")


def ask(server, body):
    return server.get("/v1/realtime/client_secrets", method="POST", headers={"Content-Type": "application/json"},
                      body=json.dumps(body).encode())


async def first_event(server, subprotocols=None, headers=None):
    async with websockets.connect(server.websocket_url, subprotocols=subprotocols, additional_headers=headers) as connection:
        return json.loads(await connection.recv()), connection.subprotocol


def refused(server, **how):
    with pytest.raises(websockets.InvalidStatus) as caught:
        asyncio.run(first_event(server, **how))
    assert caught.value.response.status_code == 401
    return error_of(caught.value.response.body)


def test_the_official_client_reads_the_answer(server):
    made = client(server).realtime.client_secrets.create(expires_after={"anchor": "created_at", "seconds": 30}, session=SESSION)
    assert isinstance(made, ClientSecretCreateResponse) and made.value.startswith("ek_")
    assert made.session.instructions == "Answer with one word." and made.session.model == "gpt-realtime"
    assert made.session.audio.input.turn_detection is None


def test_a_page_calls_with_it_once(server):
    made = client(server).realtime.client_secrets.create(session=SESSION)
    protocols = ["realtime", "openai-insecure-api-key." + made.value]
    event, chosen = asyncio.run(first_event(server, subprotocols=protocols))
    assert chosen == "realtime", "the secret never comes back"
    assert event["type"] == "session.created"
    assert event["session"]["instructions"] == "Answer with one word."
    assert event["session"]["output_modalities"] == ["text"] and event["session"]["audio"]["input"]["turn_detection"] is None
    again = refused(server, subprotocols=protocols)
    assert again["code"] == "invalid_client_secret" and again["type"] == "invalid_request_error"


def test_as_bearer(server):
    made = client(server).realtime.client_secrets.create(session=SESSION)
    event, _ = asyncio.run(first_event(server, headers={"Authorization": "Bearer " + made.value}))
    assert event["session"]["model"] == "gpt-realtime", "the secret's model counts, not the address's"
    refused(server, headers={"Authorization": "Bearer " + made.value})


def test_forged_and_expired_ones_open_nothing(server, start):
    refused(server, headers={"Authorization": "Bearer ek_" + "0" * 48})
    short = start("server.client_secret_lifetime=10")
    made = json.loads(ask(short, {"expires_after": {"anchor": "created_at", "seconds": 7200}})[2])
    import time

    assert made["expires_at"] - time.time() < 11, "no longer than the setting allows"


def test_a_call_without_a_secret_and_with_another_key_is_as_before(server):
    assert asyncio.run(first_event(server))[0]["type"] == "session.created"
    event, _ = asyncio.run(first_event(server, headers={"Authorization": "Bearer sk-anything"}))
    assert event["type"] == "session.created"


def test_what_is_wrong_is_said(server):
    status, _, body = ask(server, {"session": {"type": "realtime", "instructions": 1}})
    assert status == 400 and error_of(body)["param"] == "session.instructions"
    status, _, body = ask(server, {"expires_after": {"anchor": "created_at", "seconds": 5}})
    assert status == 400 and error_of(body)["param"] == "expires_after.seconds"
    assert ask(server, {"unknown": 1})[0] == 400
    assert server.get("/v1/realtime/client_secrets")[0] == 405
    granted = server.get("/v1/realtime/client_secrets", method="OPTIONS", headers={"Origin": "https://a.example"})[1]
    assert granted["Access-Control-Allow-Methods"] == "POST, OPTIONS"
