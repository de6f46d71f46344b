"""A server behind a real nginx and with a real coturn: who cannot reach its media address calls through the relay."""

import asyncio
import json
import subprocess

import pytest
import websockets
from aiortc import RTCConfiguration, RTCIceServer

from coturn import SECRET, Coturn
from network import SERVER_ADDRESS
from nginx import Nginx
from server import Server, environment
from test_webrtc_network import UDP_FROM_OUTSIDE, ask, begin
from webrtc_call import calling

pytestmark = pytest.mark.surroundings
RELAY_ADDRESS = "10.77.0.3"
MEDIA = f"{UDP_FROM_OUTSIDE.removesuffix('drop')}ip daddr {SERVER_ADDRESS} drop"


class ThroughNginx:
    url = f"http://{SERVER_ADDRESS}"
    websocket_url = f"ws://{SERVER_ADDRESS}/v1/realtime?model=test"
    tls = None

    def get(self, *request):
        return Server.get(self, *request)


@pytest.fixture
def relay(network, tmp_path):
    network.run("server", "ip", "address", "add", f"{RELAY_ADDRESS}/32", "dev", "wire")
    (tmp_path / "coturn").mkdir()
    one = Coturn(tmp_path / "coturn", SERVER_ADDRESS, network=network, at=RELAY_ADDRESS)
    yield one
    one.stop()


@pytest.fixture
def relayed_server(networked_server, relay):
    return networked_server(
        f"ice.stun_urls=stun:{RELAY_ADDRESS}:{relay.port}", f"ice.turn_urls=turn:{RELAY_ADDRESS}:{relay.port}",
        f"ice.turn_secret={SECRET}",
    )


@pytest.fixture
def nginx(relayed_server, network, tmp_path):
    one = Nginx(tmp_path / "nginx", network, f"{SERVER_ADDRESS}:{relayed_server.port}")
    yield one
    one.stop()


def pair(call):
    """The ways that the call's packets go: our candidate and the other side's."""
    ice = call.connection.sctp.transport.transport._connection
    chosen = next(iter(ice._nominated.values()))
    return chosen.local_candidate, chosen.remote_candidate


async def talk(call):
    await begin(call)
    heard, loud = await ask(call)
    assert "country" in heard.lower(), heard
    assert loud > 0.5


async def call_with_ice(place):
    """As the page does it: with what GET /ice says."""
    servers = json.loads(place.get("/ice")[2])["iceServers"]
    return calling(place, configuration=RTCConfiguration([RTCIceServer(**one) for one in servers]))


async def type_over_websocket(place):
    async with websockets.connect(place.websocket_url, max_size=None) as socket:
        async def next_of(kind):
            while True:
                event = json.loads(await asyncio.wait_for(socket.recv(), 60))
                if event["type"] == kind:
                    return event

        await next_of("session.created")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await socket.send(json.dumps({"type": "response.create"}))
        assert (await next_of("response.output_audio.delta"))["delta"]
        assert (await next_of("response.done"))["response"]["status"] == "completed"


def check(network, binary, url):
    command = network.command("client", [binary, "check", url, "--json", "--timeout", "3"])
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment())
    return {leg["leg"]: leg for leg in map(json.loads, done.stdout.splitlines())}


def failed(legs):
    return {leg["code"] for leg in legs.values() if leg["state"] == "failed"}


def test_offers_and_websockets_go_through_nginx_and_sound_beside_it(network, relayed_server, nginx, binary):
    async def hold(_):
        place = ThroughNginx()
        for _ in range(100):
            if nginx.is_there(place.url):
                break
            await asyncio.sleep(0.1)
        assert "<html" in place.get("/call")[2]

        async def talk_over_webrtc():
            async with await call_with_ice(place) as call:
                await talk(call)
                ours, theirs = pair(call)
                assert (ours.type, theirs.host, theirs.port) == ("host", SERVER_ADDRESS, 10000), "the shortest way"
                assert (await call.hang_up())[0] == 200

        await asyncio.gather(talk_over_webrtc(), type_over_websocket(place))

    relayed_server.call_from_client(hold)
    relayed_server.wait_until_no_calls()
    for line in ("GET /ice 200", "POST /v1/realtime/calls?model=gpt-realtime 201", "GET /v1/realtime?model=test 101"):
        assert line in nginx.requests()
    assert not failed(check(network, binary, ThroughNginx.url))


def test_a_caller_who_cannot_reach_the_media_address_calls_through_the_relay(network, relayed_server, relay, binary):
    network.firewall("server", MEDIA)

    async def hold(place):
        async with await call_with_ice(place) as call:
            await talk(call)
            ours, theirs = pair(call)
            assert (ours.type, ours.host) == ("relay", RELAY_ADDRESS), ours
            assert (theirs.host, theirs.port) == (SERVER_ADDRESS, 10000)
            assert (await call.hang_up())[0] == 200

    relayed_server.call_from_client(hold)
    relayed_server.wait_until_no_calls()
    legs = check(network, binary, relayed_server.url)
    assert not failed(legs), legs
    assert RELAY_ADDRESS in legs["turn"]["detail"]
    relay.stop()
    assert failed(check(network, binary, relayed_server.url)) == {"stun.no_answer", "turn.no_answer", "webrtc.no_media"}
