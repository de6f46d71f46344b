"""Client secrets of several servers that share a Redis: made at one, presented at another, each good once."""

import asyncio
import hashlib
import json

import pytest
import websockets

from redis_server import Redis
from server import Server, error_of
from webrtc_call import Call as WebRtcCall

KEY = "ak_" + "5" * 64
SESSION = {"type": "realtime", "instructions": "Answer with one word.", "audio": {"input": {"turn_detection": None}}}


def bearer(what):
    return {"Authorization": "Bearer " + what}


class Replicas:
    """Two servers that ask for the same key."""

    def __init__(self, binary, folders):
        self.redis = Redis(folders.mktemp("redis"))
        self.servers = []
        for _ in range(2):
            self.servers.append(Server(binary, folders.mktemp("server"), [
                "redis.host=127.0.0.1", f"redis.port={self.redis.port}", "redis.timeout_ms=300", "webrtc.bind_address=127.0.0.1",
                "webrtc.ports=0", f"access.key_hashes=shop={hashlib.sha256(KEY.encode()).hexdigest()}"]))
            self.servers[-1].key = KEY
            self.servers[-1].wait_until_ready()

    def secret(self, server=0, **wanted):
        status, _, body = self.servers[server].get(
            "/v1/realtime/client_secrets", {**bearer(KEY), "Content-Type": "application/json"}, "POST", json.dumps(wanted).encode())
        assert status == 200, body
        return json.loads(body)["value"]

    def call(self, server, secret, origin=None):
        return websockets.connect(self.servers[server].websocket_url, additional_headers=bearer(secret), origin=origin)

    async def first_event(self, server, secret, origin=None):
        async with self.call(server, secret, origin) as connection:
            return json.loads(await asyncio.wait_for(connection.recv(), 20))

    async def refused(self, server, secret, origin=None):
        with pytest.raises(websockets.InvalidStatus) as caught:
            await self.first_event(server, secret, origin)
        return caught.value.response.status_code, error_of(caught.value.response.body)["code"]

    def end(self):
        for server in self.servers:
            server.stop()
        self.redis.end()


@pytest.fixture(scope="module")
def replicas(binary, tmp_path_factory):
    both = Replicas(binary, tmp_path_factory)
    yield both
    both.end()


@pytest.fixture(autouse=True)
def nothing_left(replicas):
    yield
    for server in replicas.servers:
        server.wait_until_no_calls()


async def test_a_secret_of_one_opens_one_call_at_another(replicas):
    secret = replicas.secret(session=SESSION)
    event = await replicas.first_event(1, secret)
    assert event["type"] == "session.created" and event["session"]["instructions"] == "Answer with one word."
    for server in (0, 1):
        assert await replicas.refused(server, secret) == (401, "invalid_client_secret"), "used up"


async def test_it_opens_a_call_where_it_was_made_and_none_elsewhere_after(replicas):
    secret = replicas.secret()
    assert (await replicas.first_event(0, secret))["type"] == "session.created"
    assert await replicas.refused(1, secret) == (401, "invalid_client_secret")


async def test_of_many_that_present_it_everywhere_one_gets_its_call(replicas):
    secret = replicas.secret()

    async def attempt(server):
        try:
            return (await replicas.first_event(server, secret))["type"]
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    outcomes = await asyncio.gather(*(attempt(number % 2) for number in range(12)))
    assert sorted(outcomes, key=str) == [401] * 11 + ["session.created"]


async def test_another_origin_is_refused_and_leaves_it_good(replicas):
    secret = replicas.secret(antiphon={"origin": "https://shop.example"})
    assert await replicas.refused(1, secret, origin="https://evil.example") == (403, "origin_not_allowed")
    assert await replicas.refused(1, secret) == (403, "origin_not_allowed"), "a program is no page of that origin"
    assert (await replicas.first_event(1, secret, origin="https://shop.example"))["type"] == "session.created"


async def test_ice_and_options_take_it_and_leave_it_good(replicas):
    secret = replicas.secret()
    for path in ("/ice", "/options"):
        assert replicas.servers[1].get(path, bearer(secret))[0] == 200
    assert (await replicas.first_event(1, secret))["type"] == "session.created"
    for path in ("/ice", "/options"):
        assert replicas.servers[1].get(path, bearer(secret))[0] == 401, "used up"


async def test_an_offer_over_webrtc_takes_it(replicas):
    secret = replicas.secret(session=SESSION)
    status, _, body = replicas.servers[1].get(
        "/v1/realtime/calls", {**bearer(secret), "Content-Type": "application/sdp"}, "POST", b"no offer")
    assert (status, error_of(body)["code"]) == (400, "invalid_offer"), "let in, and not used up by an offer that is none"
    call = WebRtcCall(replicas.servers[1])
    await call.begin(headers=bearer(secret))
    created = await call.until("session.created", seconds=20)
    assert created["session"]["instructions"] == "Answer with one word."
    assert await replicas.refused(0, secret) == (401, "invalid_client_secret")
    assert replicas.servers[1].get(call.location, bearer(KEY), "DELETE")[0] == 200
    await call.close()


async def test_forged_ones_open_nothing(replicas):
    real = replicas.secret()
    for forged in ("ek_", "ek_" + "0" * 48, real[:-1] + ("0" if real[-1] != "0" else "1"), real + "0", real[:-1]):
        for server in (0, 1):
            assert await replicas.refused(server, forged) == (401, "invalid_client_secret"), forged
    assert (await replicas.first_event(1, real))["type"] == "session.created"


async def test_redis_keeps_its_hash_and_no_longer_than_it_is_good(replicas):
    secret = replicas.secret(expires_after={"anchor": "created_at", "seconds": 30})
    name = "antiphon:note:secret:" + hashlib.sha256(secret.encode()).hexdigest()
    assert 25_000 < replicas.redis.ask("PTTL", name) <= 30_000
    assert secret not in str(replicas.redis.ask("HGETALL", name))
    replicas.redis.ask("HSET", name, "value", '{"agent": 1}')
    assert await replicas.refused(1, secret) == (401, "invalid_client_secret"), "what is none of ours opens nothing"
    replicas.servers[1].wait_for_log("client_secret.unreadable")


async def test_without_redis_it_is_good_where_it_was_made_and_elsewhere_nobody_knows(replicas):
    before = replicas.secret()
    replicas.redis.kill()
    here = replicas.secret()
    replicas.servers[0].wait_for_log("client_secret.kept_here")
    assert await replicas.refused(1, here) == (503, "unavailable")
    assert (await replicas.first_event(0, here))["type"] == "session.created"
    assert await replicas.refused(0, before) == (503, "unavailable"), "perhaps it has been used elsewhere"
    replicas.redis.start()
    await asyncio.sleep(1.1)  # so long it is not asked again
    assert (await replicas.first_event(1, before))["type"] == "session.created"
