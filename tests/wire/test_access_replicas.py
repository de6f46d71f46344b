"""Two servers with the same keys that share a Redis: whose a call is goes with it."""

import pytest
import websockets

from redis_server import Redis
from server import Server
from test_access import Secured, bearer, first, is_told_of_its_keys_limit, kept


@pytest.fixture
def replicas(binary, tmp_path, tmp_path_factory):
    redis = Redis(tmp_path)
    servers = []

    def begin(*settings):
        servers.append(Server(binary, tmp_path_factory.mktemp("server"),
                              ["redis.host=127.0.0.1", f"redis.port={redis.port}", "access.events_per_key=5", *settings]))
        servers[-1].wait_until_ready()
        return servers[-1]

    one = Secured(binary, tmp_path, begin)
    one.other = one.keys.add("desk")
    two = begin(f"access.keys_file={one.keys.file}")
    two.key = one.key
    yield one, two
    for server in servers:
        if server.process.poll() is None:
            server.stop()
    redis.end()


async def test_a_call_that_another_process_has_left_is_still_its_keys(replicas):
    one, two = replicas

    def at_two(query, **how):
        return websockets.connect(two.websocket_url + query, **how)

    call = await one.call(headers=bearer(one.secret()))
    call_id, token = await kept(call)
    one.server.stop()
    await call.wait_closed()
    async with at_two(f"&call_id={call_id}&resume={token}") as back:
        assert (await first(back))["resumed"] is True
        async with at_two(f"&call_id={call_id}", additional_headers=bearer(one.key)) as watcher:
            assert (await first(watcher))["type"] == "session.created"
        with pytest.raises(websockets.InvalidStatus) as refused:
            await at_two(f"&call_id={call_id}", additional_headers=bearer(one.other))
        assert refused.value.response.status_code == 404, "another key's"
        assert two.get(f"/v1/realtime/calls/{call_id}/hangup", bearer(one.other), "POST")[0] == 404
        assert await is_told_of_its_keys_limit(back, times=60), "though no key was shown"
        assert two.get(f"/v1/realtime/calls/{call_id}/hangup", bearer(one.key), "POST")[0] == 200
