"""The plain HTTP routes of the running server, and the negotiation of the WebSocket."""

import json

import pytest
import websockets

from server import error_of


def test_ready_names_its_parts(server):
    status, headers, body = server.get("/ready")
    assert status == 200 and headers["Content-Type"] == "application/json"
    ready = json.loads(body)
    assert {k: ready[k] for k in ("ready", "whisper_ready", "lid_ready")} == dict.fromkeys(
        ("ready", "whisper_ready", "lid_ready"), True
    )
    assert ready["device"] in ("cpu", "cuda") and "failure" not in ready


def test_the_page_is_built_in(server):
    status, headers, body = server.get("/call")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.lstrip().lower().startswith("<!doctype html") and "</html>" in body
    assert server.get("/")[2] == body, "/ leads to the page"


def test_metrics_are_prometheus_text(server):
    status, headers, body = server.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE antiphon_turn_seconds histogram" in body and "# TYPE antiphon_calls gauge" in body


def test_errors_are_json(server):
    status, _, body = server.get("/v1/nothing")
    assert status == 404 and error_of(body)["type"] == "invalid_request_error"
    status, headers, body = server.get("/ready", method="POST", body=b"{}")
    assert status == 405 and "GET" in headers["Allow"]
    status, _, body = server.get("/ready", method="POST", body=b"x" * (2 << 20))
    assert status == 413 and error_of(body)["code"] == "body_too_large"
    assert server.get("/ready", headers={"X-Long": "x" * 20_000})[0] == 431
    assert server.get("/v1/realtime")[0] == 426


def test_pages_from_elsewhere_may_ask(server):
    headers = {"Origin": "null", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    status, granted, _ = server.get("/v1/realtime", headers=headers, method="OPTIONS")
    assert status == 204 and granted["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in granted["Access-Control-Allow-Headers"]


async def test_browsers_get_the_subprotocol_that_they_offer(server):
    offered = ["realtime", "openai-insecure-api-key.secret", "openai-agents-sdk.1.0"]
    async with websockets.connect(server.websocket_url, subprotocols=offered) as connection:
        assert connection.subprotocol == "realtime"
    async with websockets.connect(server.websocket_url) as connection:
        assert connection.subprotocol is None


async def test_only_pages_from_allowed_origins_may_call(start):
    server = start("server.allowed_origins=https://a.example")
    async with websockets.connect(server.websocket_url, origin="https://a.example"):
        pass
    async with websockets.connect(server.websocket_url, origin=server.url):
        pass
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(server.websocket_url, origin="https://b.example")
    assert refused.value.response.status_code == 403
    assert error_of(refused.value.response.body)["code"] == "origin_not_allowed"
    server.wait_until_no_calls()
