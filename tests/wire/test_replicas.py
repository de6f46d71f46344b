"""Calls spread over several servers, and go on elsewhere when one of them is killed or told to end."""

import asyncio

import pytest

from nginx import Balancer
from redis_server import Redis
from replicas import Outcome, Replica, callers_of, play

CALLS = 12


@pytest.mark.real_time
async def test_calls_go_on_when_a_server_is_killed_and_another_drained(binary, tmp_path):
    program = binary.parent / "tests/fake_server"
    assert program.exists(), f"{program} is missing: build the target fake_server"
    redis = Redis(tmp_path)
    replicas = [Replica(program, tmp_path / f"replica{i}", redis.port) for i in range(3)]
    balancer = None
    try:
        balancer = Balancer(tmp_path / "nginx", [one.port for one in replicas])
        callers = callers_of(f"ws://127.0.0.1:{balancer.port}", CALLS, 7)

        async def trouble():
            await asyncio.sleep(3)
            replicas[0].kill()
            await asyncio.sleep(3)
            replicas[1].drain()
            await asyncio.sleep(4)

        await play(callers, asyncio.Event(), trouble)
        await asyncio.sleep(0.5)  # for the last writes
        outcome = Outcome(callers, redis)
        assert not outcome.faulty, outcome.faulty
        assert outcome.lost == outcome.doubled == 0
        codes = [loss.code for loss in outcome.losses]
        assert codes.count(1006) >= 3 and codes.count(1012) >= 3, f"the calls were not spread: {codes}"
        assert len(outcome.resumed) == len(outcome.losses), "not all have come back"
        assert max(outcome.resumed) <= 2, outcome.resumed
        assert all(resumable for caller in callers for resumable in caller.restarting)
        assert replicas[1].end() == 0
        for caller in callers:
            await caller.leave()
        await asyncio.sleep(0.2)  # nginx notes a connection at its end
        assert {str(one.port) for one in replicas} <= set(balancer.asked())
    finally:
        if balancer:
            balancer.stop()
        for one in replicas:
            one.end()
        redis.end()
