"""Conversations outlive their server: kept in a real redis-server, gone on with in another process.

ANTIPHON_KILLS: how often the server is killed in test_no_turn_is_lost_or_doubled_by_kills (3 without it).
"""

import asyncio
import json
import os
import random
import signal

import pytest

from lossy import KeptCall
from nginx import Balancer
from redis_server import Redis
from server import Server
from speech import country_question
from test_resume import refused
from test_spoken import words_of
from test_terminal_webrtc import Caller
from webrtc_call import Call as WebRtcCall

KILLS = int(os.environ.get("ANTIPHON_KILLS", "3"))
BRIEF = {"output_modalities": ["text"], "max_output_tokens": 12}


@pytest.fixture
def redis(tmp_path):
    one = Redis(tmp_path)
    yield one
    one.end()


@pytest.fixture
def serve(binary, tmp_path_factory, redis):
    """serve(KEY=VALUE...) gives a server that keeps its conversations in redis; killed ones may stay killed."""
    servers = []

    def begin(*settings):
        servers.append(Server(binary, tmp_path_factory.mktemp("server"),
                              ["redis.host=127.0.0.1", f"redis.port={redis.port}", "redis.timeout_ms=300", *settings]))
        servers[-1].wait_until_ready()
        return servers[-1]

    yield begin
    for one in servers:
        if one.process.poll() is None:
            one.stop()


def kill(server):
    server.process.kill()
    server.process.wait()
    server.stopped = True


def store_of(server):
    ready = json.loads(server.get("/ready")[2])
    return ready["session_store"], ready.get("session_store_failure", "")


def wait_for_store(server, state, seconds=15):
    server._wait_for(lambda: store_of(server)[0] == state, f"a session store that is {state}", seconds)
    return store_of(server)[1]


def keys(redis):
    return [key for key in redis.ask("KEYS", "antiphon:session:*")]


class StoredCall(KeptCall):
    """Knows what the server has said to be saved, and how the items read."""

    def saved(self):
        return {id for e in self.all("antiphon.saved") for id in e["item_ids"]}

    async def until_saved(self, ids, seconds=20):
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: set(ids) <= self.saved()), seconds)

    async def say(self, text, id=None):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        since = len(self.events)
        await self.send({"type": "conversation.item.create", "item": {**item, **({"id": id} if id else {})}})
        return (await self.until("conversation.item.done", since=since))["item"]

    async def answer(self):
        since = len(self.events)
        await self.send({"type": "response.create"})
        done = await self.until("response.done", since=since)
        assert done["response"]["status"] in ("completed", "incomplete"), done
        return done["response"]["output"][0]

    async def go_on_at(self, server):
        """At another server; gives what antiphon.session says, and the items that came with it."""
        self.port = server.port
        since = len(self.events)
        back = await self.resume()
        await self.send({"type": "input_audio_buffer.clear"})  # its answer comes behind the history
        await self.until("input_audio_buffer.cleared", since=since)
        items = [e["item"] for e in self.events[since:] if e["type"] == "conversation.item.added"]
        return back, items


def words(item):
    return " ".join(c.get("text") or c.get("transcript") or "" for c in item["content"])


async def test_a_summary_goes_on_in_another_process(serve, redis):
    small = "language_model.context_tokens=700"
    first = serve(small)
    call = StoredCall(first.port)
    await call.connect(**BRIEF, instructions="Answer in one word.")
    for number in range(12):
        await call.say(f"My brother number {number} lives in house {number * 7} beside the river with two dogs.")
        await call.answer()
    # Notes are made while the caller says nothing.
    first._wait_for(lambda: first.metric("antiphon_summaries_total") > 0, "a summary", 60)
    key = keys(redis)[0]
    first._wait_for(lambda: json.loads(redis.ask("HGET", key, "summary") or "{}").get("text"), "the stored summary", 10)
    kill(first)
    await call.reader  # what it had still said
    second = serve(small)
    _, items = await call.go_on_at(second)
    second.wait_for_log("context.summary_resumed")
    summary = json.loads(redis.ask("HGET", key, "summary"))
    assert set(summary["items"]) < {item["id"] for item in items}, "the conversation keeps what was summarized"
    await call.say("Where do they live?")
    await call.answer()
    assert second.metric("antiphon_context_cut_items_total") == 0
    # Nothing of an erased item stays, in the summary neither.
    since = len(call.events)
    await call.send({"type": "conversation.item.delete", "item_id": summary["items"][0]})
    await call.until("conversation.item.deleted", since=since)
    second.wait_for_log("context.summary_dropped")
    second._wait_for(lambda: summary["items"][0] not in (redis.ask("HGET", key, "summary") or ""), "the summary's erasure", 10)
    await call.leave()


async def test_a_call_goes_on_in_another_process_after_the_first_was_killed(serve, redis):
    first = serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF, instructions="Answer in one word.", tools=[
        {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {}}}], tool_choice="none")
    told = [await call.say("The password is %s \r\n swordfish."), await call.answer(), await call.say("Say hello.")]
    told.append(await call.answer())
    await call.until_saved([item["id"] for item in told])
    assert call.kept["resume_token"] not in json.dumps(redis.ask("HGETALL", keys(redis)[0])), "only as a hash"
    kill(first)
    second = serve()
    back, items = await call.go_on_at(second)
    assert back["complete"] is False and back["last_client_event_id"] is None
    assert [(i["id"], i["role"], words(i)) for i in items] == [(i["id"], i["role"], words(i)) for i in told]
    added = [e for e in call.all("conversation.item.added") if e["item"]["id"] == told[1]["id"]][-1]
    assert added["previous_item_id"] == told[0]["id"]
    since = len(call.events)
    await call.send({"type": "session.update", "session": {"type": "realtime"}})
    session = (await call.until("session.updated", since=since))["session"]
    assert (session["instructions"], session["max_output_tokens"], session["tools"][0]["name"]) == ("Answer in one word.", 12, "look_up")
    assert session["antiphon"]["resumable"] is True
    more = [await call.say("And again."), await call.answer()]
    await call.until_saved([item["id"] for item in more])
    # A connection that breaks is not the end of it, and a third server has all of it.
    kill(second)
    third = serve()
    _, items = await call.go_on_at(third)
    assert [i["id"] for i in items] == [i["id"] for i in told + more]
    since = len(call.events)
    await call.send({"type": "conversation.item.delete", "item_id": told[0]["id"]})
    await call.until("conversation.item.deleted", since=since)
    third._wait_for(lambda: f"item:{told[0]['id']}" not in redis.ask("HGETALL", keys(redis)[0]), "the item's erasure")
    await call.leave()
    third.wait_until_no_calls()
    third._wait_for(lambda: redis.ask("HLEN", keys(redis)[0]) == 1, "the end of what is stored")
    assert redis.ask("HGETALL", keys(redis)[0]) == ["owner", ""], "a call that ended in order leaves nothing to read"


async def test_a_call_over_webrtc_goes_on_in_another_process(serve):
    webrtc = ["webrtc.bind_address=127.0.0.1", "webrtc.ports=0"]
    first = serve(*webrtc)
    call = WebRtcCall(first)
    await call.begin(session={"type": "realtime", "instructions": "Answer in one word.", "antiphon": {"resumable": True}})
    await call.until("session.created", seconds=20)
    item = {"id": "item_told", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
    call.tell({"type": "conversation.item.create", "item": item})
    call.tell({"type": "response.create"})
    answer = (await call.until("response.done"))["response"]["output"][0]["id"]
    await call.until("output_audio_buffer.stopped")
    for _ in range(200):
        saved = {id for e in call.all("antiphon.saved") for id in e["item_ids"]}
        if {"item_told", answer} <= saved:
            break
        await asyncio.sleep(0.05)
    assert {"item_told", answer} <= saved
    kill(first)
    second = serve(*webrtc)
    status, _, body = await WebRtcCall(second).post(call.return_query().replace(call.token, "wrong"))
    assert status == 404 and json.loads(body)["error"]["code"] == "call_not_found"
    back = WebRtcCall(second)
    await back.begin(call.return_query())
    told = await back.until("antiphon.session", seconds=20)
    assert told["resumed"] and told["complete"] is False
    await back.until("conversation.item.done", seconds=20)
    since = len(back.events)
    back.tell({"type": "conversation.item.create", "item": {**item, "id": "item_more"}})
    back.tell({"type": "response.create"})
    assert (await back.until("response.done", since=since))["response"]["status"] == "completed"
    await back.until("output_audio_buffer.stopped", since=since)
    items = [e["item"]["id"] for e in back.events if e["type"] == "conversation.item.added"]
    assert items[:2] == ["item_told", answer]
    assert back.loud_seconds > 0.2, "it is heard over the new line"
    assert (await back.hang_up())[0] == 200
    second.wait_until_no_calls()
    await back.close()
    await call.close()


async def test_who_was_in_mid_question_is_answered_by_the_other_server(serve):
    first = serve()
    call = StoredCall(first.port)
    await call.connect(instructions="Answer in one short sentence.")
    speaking = asyncio.create_task(call.speak(country_question(), until=asyncio.get_running_loop().create_future()))
    await asyncio.sleep(1.5)
    kill(first)
    second = serve()
    call.port = second.port
    back = await call.resume()
    assert back["complete"] is False
    await call.until("response.done")
    speaking.cancel()
    heard = [e["transcript"].lower() for e in call.all("conversation.item.input_audio_transcription.completed")]
    assert len(heard) == 1 and "country" in heard[0], heard
    await call.leave()


async def test_only_the_right_token_and_an_erased_call_is_gone(serve, redis):
    first = serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    await call.until_saved([(await call.say("Keep this."))["id"]])
    kill(first)
    second = serve()
    base = f"ws://127.0.0.1:{second.port}/v1/realtime?call_id={call.kept['call_id']}"
    token = call.kept["resume_token"]
    for wrong in ["", "x", token[:-1], token + "x", token[:-1] + ("a" if token[-1] != "a" else "b")]:
        assert await refused(f"{base}&resume={wrong}") == (404, "call_not_found")
    assert await refused(base) == (404, "call_not_found"), "nobody watches what does not run here"
    assert second.get(f"/v1/realtime/calls/{call.kept['call_id']}", method="DELETE")[0] == 200
    assert second.get(f"/v1/realtime/calls/{call.kept['call_id']}", method="DELETE")[0] == 404
    assert second.get("/v1/realtime/calls/rtc_none", method="DELETE")[0] == 404
    assert await refused(f"{base}&resume={token}") == (404, "call_not_found")
    assert "Keep this" not in json.dumps([redis.ask("HGETALL", key) for key in keys(redis)])
    assert second.metric("antiphon_calls") == 0


async def test_a_call_is_at_one_server_at_a_time_and_erased_everywhere(serve):
    first, second = serve(), serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    await call.until_saved([(await call.say("One."))["id"]])
    older = call.socket
    _, items = await call.go_on_at(second)
    assert [words(i) for i in items] == ["One."]
    # What the first still writes is refused, and with that the call is over there.
    await older.send(json.dumps({"type": "conversation.item.create", "item": {
        "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Late."}]}}))
    await asyncio.wait_for(older.wait_closed(), 10)
    first.wait_until_no_calls()
    await call.until_saved([(await call.say("Two."))["id"]])
    assert first.get(f"/v1/realtime/calls/{call.kept['call_id']}", method="DELETE")[0] == 200
    await call.say("Three.")
    await asyncio.wait_for(call.socket.wait_closed(), 10)
    second.wait_until_no_calls()


async def test_a_restart_in_order_keeps_the_calls(serve):
    first = serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    item = await call.say("Before the restart.")
    first.stop()
    await call.reader  # what it had still said
    _, items = await call.go_on_at(serve())
    assert [i["id"] for i in items] == [item["id"]]
    await call.leave()


async def test_a_server_that_ends_lets_the_answer_end_and_saves_it_first(serve):
    """What a client finds elsewhere when it is sent away is all of it, at once."""
    first, second = serve("server.drain_ms=30000"), serve()
    call = StoredCall(first.port)
    await call.connect(instructions="Answer in one short sentence.", max_output_tokens=12)
    question = await call.say("Say hello.")
    await call.send({"type": "response.create"})
    await call.until("response.output_audio.delta")
    first.process.send_signal(signal.SIGTERM)
    first.stopped = True
    first._wait_for(lambda: first.get("/ready")[0] == 503, "the end of being ready", 5)
    assert "shutting down" in json.loads(first.get("/ready")[2])["failure"]
    assert first.get("/health")[0] == 200
    assert (await refused(f"ws://127.0.0.1:{first.port}/v1/realtime?model=test"))[0] == 503, "no new call"
    done = (await call.until("response.done"))["response"]
    assert done["status"] in ("completed", "incomplete"), "the answer was not cut"
    await asyncio.wait_for(call.socket.wait_closed(), 30)
    assert call.socket.close_code == 1012
    await call.reader
    assert call.events[-1]["type"] == "antiphon.restarting" and call.events[-1]["resumable"] is True
    back, items = await call.go_on_at(second)
    assert [item["id"] for item in items] == [question["id"], done["output"][0]["id"]]
    assert back["last_client_event_id"] is None, "it gave its events no ids"
    assert await asyncio.to_thread(first.process.wait, 20) == 0
    await call.leave()


async def test_a_server_that_ends_says_what_it_could_not_save(serve, redis):
    first = serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    await call.until_saved([(await call.say("One."))["id"]])
    redis.stop()
    await call.say("Two.")
    first.process.send_signal(signal.SIGTERM)
    first.stopped = True
    await asyncio.wait_for(call.socket.wait_closed(), 15)
    await call.reader
    assert call.socket.close_code == 1012 and call.events[-1]["type"] == "antiphon.restarting"
    assert call.events[-1]["resumable"] is False, "half of the conversation would be a lie"
    redis.go_on()
    assert await asyncio.to_thread(first.process.wait, 20) == 0


async def test_a_call_over_webrtc_is_told_that_the_server_ends(serve):
    webrtc = ["webrtc.bind_address=127.0.0.1", "webrtc.ports=0"]
    first, second = serve(*webrtc), serve(*webrtc)
    call = WebRtcCall(first)
    await call.begin(session={"type": "realtime", "antiphon": {"resumable": True}})
    await call.until("session.created", seconds=20)
    item = {"id": "item_told", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
    call.tell({"type": "conversation.item.create", "item": item})
    await call.until("conversation.item.done")
    first.process.send_signal(signal.SIGTERM)
    first.stopped = True
    assert (await call.until("antiphon.restarting", seconds=20))["resumable"] is True
    back = WebRtcCall(second)
    await back.begin(call.return_query())
    assert (await back.until("antiphon.session", seconds=20))["resumed"]
    assert (await back.until("conversation.item.added", seconds=20))["item"]["id"] == "item_told"
    assert await asyncio.to_thread(first.process.wait, 20) == 0
    assert (await back.hang_up())[0] == 200
    second.wait_until_no_calls()
    await back.close()
    await call.close()


@pytest.mark.real_time
def test_the_terminal_caller_goes_on_elsewhere_when_its_server_ends(binary, serve, tmp_path):
    servers = [serve(), serve()]
    balancer = Balancer(tmp_path / "nginx", [servers[0].port, servers[1].port, servers[1].port])
    try:
        caller = Caller(binary, f"http://127.0.0.1:{balancer.port}", tmp_path, "--transport", "websocket", questions=2)
        caller.wait_for("stdout", "antiphon: ", 60)
        first = next(server for server in servers if "call.opened" in server.log())
        other = servers[1 - servers.index(first)]
        first.process.send_signal(signal.SIGTERM)
        first.stopped = True
        caller.end()
        assert first.process.wait(20) == 0
        assert "Reconnecting..." in caller.said["stderr"], caller.said
        assert "call.resumed" in other.log() and "over=websocket" in other.log()
        # Each question once; that each had its answer is what the program waits for.
        assert words_of(" ".join(caller.lines("you"))).count("country") == 2, caller.said
        assert len(caller.lines("antiphon")) >= 2, caller.said
        other.wait_until_no_calls()
    finally:
        balancer.stop()


async def test_what_is_asked_again_is_done_once(serve):
    """The client says again what the store does not have: by the id of its last event that is in it."""
    first, second = serve(), serve()
    call = StoredCall(first.port)
    await call.connect(instructions="Answer in one short sentence.", max_output_tokens=12)
    one = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}
    await call.send({"type": "conversation.item.create", "event_id": "my_1", "item": {**one, "id": "item_1"}})
    await call.send({"type": "response.create", "event_id": "my_2"})
    await call.until("response.output_audio.delta")
    kill(first)
    await call.reader
    back, items = await call.go_on_at(second)
    assert back["last_client_event_id"] == "my_1" and [item["id"] for item in items] == ["item_1"]
    since = len(call.events)
    await call.send({"type": "response.create", "event_id": "my_2"})
    answer = (await call.until("response.done", since=since))["response"]["output"][0]
    await call.until_saved(["item_1", answer["id"]])
    kill(second)
    await call.reader
    third = serve()
    back, items = await call.go_on_at(third)
    assert back["last_client_event_id"] == "my_2", "it has its answer"
    assert [item["id"] for item in items] == ["item_1", answer["id"]]
    await call.leave()


async def test_who_leaves_a_server_in_order_does_not_end_what_goes_on_elsewhere(serve, redis):
    first, second = serve(), serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    item = await call.say("One.")
    await call.until_saved([item["id"]])
    older = call.socket
    await call.go_on_at(second)
    await older.close()  # 1000: at the first server the call is over
    first.wait_until_no_calls()
    await call.until_saved([(await call.say("Two."))["id"]])
    assert len(redis.ask("HGETALL", keys(redis)[0])) > 4, "the second has it"
    await call.leave()


async def test_a_lost_call_that_goes_on_elsewhere_is_not_kept_where_it_was(serve):
    first, second = serve(), serve()
    call = StoredCall(first.port)
    await call.connect(**BRIEF)
    await call.until_saved([(await call.say("One."))["id"]])
    call.socket.transport.abort()
    await call.reader
    await call.go_on_at(second)
    first.wait_until_no_calls(5)
    # So that who comes to the first again gets what was said since.
    two = await call.say("Two.")
    await call.until_saved([two["id"]])
    call.socket.transport.abort()
    await call.reader
    _, items = await call.go_on_at(first)
    assert items[-1]["id"] == two["id"]
    await call.leave()


FAULTS = {
    "killed": (lambda r: r.kill(), lambda r: r.start(), ""),
    "hung": (lambda r: r.stop(), lambda r: r.go_on(), "in time"),
    "full": (lambda r: (r.ask("CONFIG", "SET", "maxmemory", "1")), lambda r: r.ask("CONFIG", "SET", "maxmemory", "0"), "OOM"),
    "read-only": (lambda r: r.ask("REPLICAOF", "127.0.0.1", "1"), lambda r: r.ask("REPLICAOF", "NO", "ONE"), "READONLY"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_call_goes_on_without_redis(serve, redis, fault):
    spoil, mend, because = FAULTS[fault]
    server = serve()
    assert store_of(server) == ("ok", "")
    call = StoredCall(server.port)
    await call.connect(**BRIEF)
    before = await call.say("Before.")
    await call.until_saved([before["id"]])
    spoil(redis)
    assert because in wait_for_store(server, "degraded")
    assert server.get("/ready")[0] == 200, "calls are taken all the same"
    during = [await call.say("Meanwhile."), await asyncio.wait_for(call.answer(), 30)]
    assert not {item["id"] for item in during} & call.saved(), "nothing is said to be saved that is not"
    other = StoredCall(server.port)
    await other.connect(**BRIEF)
    await other.say("Another call.")
    status = (await refused(f"ws://127.0.0.1:{server.port}/v1/realtime?call_id=rtc_x&resume=y"))[0]
    assert status in (503, 404) if fault in ("full", "read-only") else status == 503
    mend(redis)
    await call.until_saved([item["id"] for item in [before, *during]])
    wait_for_store(server, "ok")
    kill(server)
    _, items = await call.go_on_at(serve())
    assert [i["id"] for i in items] == [i["id"] for i in [before, *during]]
    await call.leave()


def test_a_wrong_password_is_said_and_not_shown(binary, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), "--requirepass", "right")
    server = Server(binary, tmp_path_factory.mktemp("server"),
                    ["redis.host=127.0.0.1", f"redis.port={redis.port}", "redis.password=notthisone"])
    try:
        server.wait_until_ready()
        assert "password" in wait_for_store(server, "degraded")
        redis.ask("CONFIG", "SET", "requirepass", "notthisone", password="right")
        wait_for_store(server, "ok")
        assert "notthisone" not in server.log() + server.get("/ready")[2]
    finally:
        server.stop()
        redis.end()


def test_without_redis_nothing_is_said_of_it(server):
    assert "session_store" not in json.loads(server.get("/ready")[2])


async def test_no_turn_is_lost_or_doubled_by_kills(serve):
    """The server is killed at any moment of the talk: what was said to be saved is there, in order, once."""
    chance = random.Random(7)
    servers = [serve(), serve()]
    call = StoredCall(servers[0].port)
    await call.connect(**BRIEF)
    said, saved_then = 0, set()
    for _ in range(KILLS):
        async def talk():
            nonlocal said
            while True:
                said += 1
                await call.say(f"Turn {said}.", id=f"turn_{said}")

        talking = asyncio.create_task(talk())
        await asyncio.sleep(chance.uniform(0.05, 0.6))
        kill(servers[0])
        while not talking.done():  # once may not be enough: wait_for() of Python 3.11 can swallow it
            talking.cancel()
            await asyncio.sleep(0.01)
        await call.reader
        saved_then = call.saved()
        _, items = await call.go_on_at(servers[1])
        ids = [item["id"] for item in items]
        assert saved_then <= set(ids), f"lost: {saved_then - set(ids)}"
        assert len(ids) == len(set(ids)), "doubled"
        numbers = [int(id.removeprefix("turn_")) for id in ids]
        assert numbers == sorted(numbers)
        assert all(words(item) == f"Turn {n}." for n, item in zip(numbers, items))
        servers = [servers[1], serve()]
    print(f"{KILLS} kills, {len(saved_then)} turns acknowledged: 0 lost, 0 doubled")
    await call.leave()
