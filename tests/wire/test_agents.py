"""Named agents on the running server, and reloading them while calls are under way."""

import asyncio
import contextlib
import json
import os
import pathlib
import pty
import signal
import subprocess
import time

import pytest
import websockets

from conversation import Conversation, client, converse
from server import environment, error_of

DESK = '[agents.desk]\ndescription = "Answers the phone"\ninstructions = "You are the desk."\n'
SHOP = '[agents.shop]\ninstructions = "You are the shop."\nspeed = 1.25\n[agents.shop.turn]\nsilence_ms = 900\n'


class Agents:
    """A server with a file of agents that a test may change, and what `antiphon reload` says then."""

    def __init__(self, binary, start, folder):
        self.binary = binary
        self.file = folder / "agents.toml"
        self.pid_file = folder / "run" / "serve.pid"
        self.write(DESK + SHOP)
        self.server = start(f"agents.file={self.file}", f"server.pid_file={self.pid_file}", "server.max_calls=64")
        self.dotenv = self.server.log_path.parent / ".env"

    def write(self, text):
        # As an editor saves: the server never sees half a file.
        part = self.file.with_suffix(".part")
        part.write_text(text)
        part.rename(self.file)

    def reload(self, *arguments):
        command = [str(self.binary), "reload", "--pid-file", str(self.pid_file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
        return done.returncode, done.stdout, done.stderr

    def names(self):
        return [agent["name"] for agent in json.loads(self.server.get("/options")[2])["agents"]]

    def restore(self):
        if self.file.is_dir():
            self.file.rmdir()
        self.dotenv.unlink(missing_ok=True)
        self.write(DESK + SHOP)
        assert self.reload()[0] == 0
        self.server.wait_until_no_calls()


@pytest.fixture(scope="module")
def module_agents(binary, start, tmp_path_factory):
    return Agents(binary, start, tmp_path_factory.mktemp("agents"))


@pytest.fixture
def agents(module_agents):
    yield module_agents
    module_agents.restore()


@contextlib.asynccontextmanager
async def opened(server, query):
    """A call with that query: its socket, and the session it began with."""
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/v1/realtime?{query}", max_size=None) as socket:
        created = json.loads(await asyncio.wait_for(socket.recv(), 30))
        assert created["type"] == "session.created"
        yield socket, created["session"]


async def session_of(server, query):
    async with opened(server, query) as (_, session):
        return session


async def event_of(socket, kind):
    while True:
        event = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if event["type"] == kind:
            return event


async def answered(socket, text):
    """Types the text and gives all events up to the answer's end."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
    await socket.send(json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}}))
    events = []
    while not events or events[-1]["type"] != "response.done":
        events.append(json.loads(await asyncio.wait_for(socket.recv(), 60)))
        assert events[-1]["type"] != "error", events[-1]
    assert events[-1]["response"]["status"] in ("completed", "incomplete")
    return events


async def test_an_agent_is_chosen_by_its_name_or_by_the_model(agents):
    by_agent = await session_of(agents.server, "agent=shop&model=whatever")
    assert by_agent["instructions"] == "You are the shop." and by_agent["model"] == "whatever"
    assert by_agent["audio"]["output"]["speed"] == 1.25
    assert by_agent["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 900
    assert (await session_of(agents.server, "model=desk"))["instructions"] == "You are the desk."
    assert (await session_of(agents.server, "agent=shop&model=desk"))["instructions"] == "You are the shop."
    for plain in ("model=gpt-realtime", "agent=&model=nobody", ""):
        session = await session_of(agents.server, plain)
        assert "friendly assistant" in session["instructions"]
        assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500


async def test_stock_clients_choose_one(agents):
    async with client(agents.server) as api:
        async with api.realtime.connect(model="gpt-realtime", extra_query={"agent": "desk"}) as connection:
            call = Conversation(connection)
            assert (await call.until("session.created"))["session"]["instructions"] == "You are the desk."
            call._reader.cancel()


async def test_the_greeting_is_spoken_and_stands_in_the_history(agents):
    agents.write('[agents.desk]\ngreeting = "Hello. How can I help you?"\n')
    assert (await asyncio.to_thread(agents.reload))[0] == 0
    async with converse(agents.server, model="desk") as call:
        done = await call.until("response.done")
        assert done["response"]["status"] == "completed"
        types = [t for t in call.types(call.index("response.created")) if t.startswith(("response.", "conversation."))]
        assert types[0] == "response.created" and types[-1] == "response.done"
        assert "response.output_audio.delta" in types and "conversation.item.done" in types
        assert call.words() == "Hello. How can I help you?"
        assert len(call.sound()) > 48_000, "a second of sound at least"
        item = done["response"]["output"][0]
        assert item["role"] == "assistant"
        kept = await call.reaction(
            {"type": "conversation.item.retrieve", "item_id": item["id"]}, kind="conversation.item.retrieved"
        )
        assert kept["item"]["content"][0]["transcript"] == "Hello. How can I help you?"
    async with client(agents.server) as api:
        async with api.realtime.connect(model="desk") as connection:
            # At once: the greeting waits for a client's first wish, but not for long.
            await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            call = Conversation(connection)
            assert (await call.until("response.output_text.done"))["text"] == "Hello. How can I help you?"
            assert call.sound() == b""
            call._reader.cancel()


@pytest.mark.parametrize("name", ["nobody", "Desk", "%C3%A9", "a%20b", "%00", "x" * 5000])
async def test_an_unknown_agent_is_refused_with_the_names_there_are(agents, name):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://127.0.0.1:{agents.server.port}/v1/realtime?model=desk&agent={name}")
    answer = refused.value.response
    assert answer.status_code == 404
    error = error_of(answer.body)
    assert error["code"] == "agent_not_found" and "desk, shop" in error["message"]


def test_options_list_what_can_be_chosen(agents):
    status, headers, body = agents.server.get("/options", headers={"Origin": "https://a.example"})
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "*"
    options = json.loads(body)
    assert {"code": "en", "name": "English"} in options["languages"] and len(options["languages"]) > 90
    assert {"code": "jv", "name": "Javanese"} in options["languages"]
    names = [language["name"] for language in options["languages"]]
    assert names == sorted(names)
    assert options["voices"][0] == {"id": "en_US-joe-medium", "language": "en-US"}
    assert {"id": "espeak-sv", "language": "sv"} in options["voices"]
    assert {"id": "sv-SE-SofieNeural", "language": "sv-SE"} in options["voices"]
    assert options["default_voice"] == "en_US-joe-medium" and options["models"] == ["smollm2-135m-instruct"]
    assert options["agents"] == [{"name": "desk", "description": "Answers the phone"}, {"name": "shop", "description": ""}]
    assert options["partials"] is True


async def test_a_call_under_way_is_not_touched_by_reloads_good_or_broken(agents):
    async with opened(agents.server, "agent=shop") as (socket, _):
        await answered(socket, "Hello")
        under_way = asyncio.create_task(answered(socket, "Tell me a story."))
        agents.write(DESK.replace("the desk", "the new desk"))
        code, told, complaint = await asyncio.to_thread(agents.reload)
        assert code == 0, complaint
        assert "agents changed: desk" in told and "agents gone: shop" in told
        assert agents.names() == ["desk"]
        assert (await session_of(agents.server, "agent=desk"))["instructions"] == "You are the new desk."
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(f"ws://127.0.0.1:{agents.server.port}/v1/realtime?agent=shop")
        await under_way

        agents.write(DESK + "[agents.shop]\nspeed = 9\n")
        code, told, complaint = await asyncio.to_thread(agents.reload)
        assert code == 1 and told == ""
        assert f"{agents.file}:5: agents.shop.speed is 9; it must be from 0.25 to 1.5" in complaint
        agents.server.wait_for_log("reload.refused")
        assert "agents.shop.speed is 9" in agents.server.log()
        assert agents.names() == ["desk"]
        assert (await session_of(agents.server, "agent=desk"))["instructions"] == "You are the new desk."

        # The call of the agent that is gone has what it began with, and answers.
        await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
        session = (await event_of(socket, "session.updated"))["session"]
        assert session["instructions"] == "You are the shop."
        assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 900
        await answered(socket, "Are you still there?")


async def test_fifty_reloads_while_calls_open(agents):
    """Each call finds the old agents or the new ones, whole: instructions and speed always belong together."""
    done = False
    seen = set()

    async def call():
        while not done:
            session = await session_of(agents.server, "agent=desk")
            number = int(session["instructions"].removeprefix("Number "))
            assert session["audio"]["output"]["speed"] == 1 + number % 4 / 8
            assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 300 + number
            seen.add(number)

    def reload(number):
        agents.write(
            f'[agents.desk]\ninstructions = "Number {number}"\nspeed = {1 + number % 4 / 8}\n'
            f"turn.silence_ms = {300 + number}\n"
        )
        code, told, complaint = agents.reload()
        assert code == 0 and "1 agent" in told, complaint

    async with opened(agents.server, "agent=shop") as (socket, _):
        reload(0)
        calls = [asyncio.create_task(call()) for _ in range(4)]
        for number in range(1, 51):
            await asyncio.to_thread(reload, number)
            if number % 10 == 0:  # what was reloaded is in force when `antiphon reload` returns
                assert (await session_of(agents.server, "agent=desk"))["instructions"] == f"Number {number}"
        done = True
        await asyncio.gather(*calls)
        await answered(socket, "Are you still there?")
    assert len(seen) > 10, f"the calls saw only {sorted(seen)}"


async def test_a_storm_of_signals_is_borne(agents):
    process = agents.server.process
    before = agents.server.log().count("reload.done")
    async with opened(agents.server, "agent=desk") as (socket, _):
        for _ in range(5000):
            process.send_signal(signal.SIGHUP)
        await answered(socket, "Hello")
        agents.write(SHOP)
        assert (await asyncio.to_thread(agents.reload))[0] == 0
        assert agents.names() == ["shop"]
    assert agents.server.log().count("reload.done") > before


def test_settings_change_for_new_calls_and_those_that_cannot_are_named(agents):
    agents.dotenv.write_text("ANTIPHON_TURN_SILENCE_MS=1234\nANTIPHON_SERVER_MAX_BODY_BYTES=2048\n")
    code, told, complaint = agents.reload()
    assert code == 0, complaint
    assert "changed: turn.silence_ms" in told
    assert "not before the server is started anew: server.max_body_bytes" in told
    agents.server.wait_for_log("reload.needs_restart keys=server.max_body_bytes")
    session = asyncio.run(session_of(agents.server, "model=any"))
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 1234
    agents.dotenv.write_text("ANTIPHON_TURN_SILENCE=1\n")
    code, _, complaint = agents.reload()
    assert code == 1 and ".env:1: unknown setting ANTIPHON_TURN_SILENCE" in complaint


def test_a_file_that_is_gone_or_cannot_be_read_changes_nothing(agents):
    agents.file.unlink()
    code, _, complaint = agents.reload()
    assert code == 1 and f"the file of agents {agents.file} cannot be read" in complaint
    os.mkfifo(agents.file)  # root reads whatever has no permissions
    try:
        code, _, complaint = agents.reload()
        assert code == 1 and "cannot be read" in complaint
    finally:
        agents.file.unlink()
    assert agents.names() == ["desk", "shop"]


async def test_a_tool_that_the_agent_does_not_allow_is_refused(agents):
    agents.write('[agents.desk]\ntools = ["call_back"]\n[agents.mute]\ntools = []\n')
    assert (await asyncio.to_thread(agents.reload))[0] == 0
    allowed, other = ({"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("call_back", "open_door"))

    def update(*tools):
        return {"type": "session.update", "event_id": "mine", "session": {"type": "realtime", "tools": list(tools)}}

    async with converse(agents.server, model="desk") as call:
        taken = await call.reaction(update(allowed), kind="session.updated")
        assert [tool["name"] for tool in taken["session"]["tools"]] == ["call_back"]
        error = (await call.reaction(update(allowed, other)))["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("unsupported", "session.tools[1].name", "mine")
        assert "open_door" in error["message"] and error["type"] == "invalid_request_error"
        wanted = {"type": "response.create", "event_id": "once", "response": {"tools": [other]}}
        error = (await call.reaction(wanted))["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("unsupported", "response.tools[0].name", "once")

        # The tools are as they were, and the call goes on.
        kept = (await call.reaction({"type": "session.update", "session": {"type": "realtime"}}, kind="session.updated"))["session"]
        assert [tool["name"] for tool in kept["tools"]] == ["call_back"]
        await call.type("Please call me back.")
        await call.connection.response.create(response={"tool_choice": "required", "output_modalities": ["text"]})
        output = (await call.until("response.done"))["response"]["output"]
        assert {item["name"] for item in output if item["type"] == "function_call"} == {"call_back"}
        assert "response.created" in call.types() and call.types().count("response.created") == 1
    async with converse(agents.server, model="mute") as call:
        assert (await call.reaction(update(allowed)))["error"]["param"] == "session.tools[0].name"
        assert (await call.reaction(update(), kind="session.updated"))["session"]["tools"] == []
    async with converse(agents.server) as call:
        assert (await call.reaction(update(other), kind="session.updated"))["session"]["tools"][0]["name"] == "open_door"


def test_a_voice_that_is_not_there_is_a_warning(agents):
    agents.write('[agents.odd]\nvoice = "marin"\nlanguage = "tlh"\n')
    assert agents.reload()[0] == 0
    agents.server.wait_for_log("agent.no_such_voice agent=odd voice=marin")
    agents.server.wait_for_log("agent.no_such_language agent=odd language=tlh")
    assert agents.names() == ["odd"]


def test_without_a_server_reload_says_so_and_signals_nobody(binary, tmp_path):
    def reload(*arguments):
        done = subprocess.run(
            [str(binary), "reload", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment(), "XDG_RUNTIME_DIR": str(tmp_path)},
            timeout=60,
        )
        assert done.returncode == 1 and done.stdout == ""
        return done.stderr

    assert f"no server is running: there is no pid file {tmp_path}/antiphon/serve-8080.pid" in reload()
    assert "serve-9000.pid" in reload("--port", "9000")
    assert "set server.pid_file" in reload("--port", "0")
    assert "unknown setting" in reload("--set", "server.prot=1")
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        stale = tmp_path / "stale.pid"
        stale.write_text(f"{bystander.pid}\n")
        assert "no server is running" in reload("--pid-file", str(stale))
        time.sleep(0.2)
        assert bystander.poll() is None, "a SIGHUP would have ended it"
    finally:
        bystander.kill()
        bystander.wait()


def test_the_pid_file_lives_as_long_as_the_server(binary, start, tmp_path):
    pid_file = tmp_path / "serve.pid"
    server = start(f"server.pid_file={pid_file}")
    assert int(pid_file.read_text()) == server.process.pid
    second = subprocess.run(
        [str(binary), "serve", "--port", "0", "--set", f"server.pid_file={pid_file}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        timeout=60,
    )
    assert second.returncode == 1 and f"belongs to a server that runs (process {server.process.pid})" in second.stderr
    for _ in range(500):
        server.process.send_signal(signal.SIGHUP)
    server.stop()  # in order, the storm notwithstanding
    assert not pid_file.exists() and not pathlib.Path(f"{pid_file}.reload").exists()


@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_closes_ends_the_server_unless_it_was_told_to_ignore_that(binary, tmp_path, ignored):
    log = tmp_path / "log"
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        os.chdir(tmp_path)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
        os.execve(binary, [str(binary), "serve", "--port", "0", "--port-file", "port"], environment())
    end = time.monotonic() + 60
    while not (tmp_path / "port").exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.close(terminal)
    if ignored:
        while "reload.done" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.05)
        assert "reload.done" in log.read_text()
        os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert ("its terminal was closed" in log.read_text()) is not ignored


def test_check_config_checks_agents_too(binary, tmp_path):
    config = tmp_path / "antiphon.toml"

    def check(text):
        config.write_text(text)
        command = [str(binary), "serve", "--check-config", "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=60)

    good = check(DESK)
    assert good.returncode == 0 and f"agent desk ({config}:1)" in good.stdout
    bad = check(DESK + "greting = 'Hi'\n")
    assert bad.returncode == 1 and f"{config}:4: agents.desk.greting is no key of an agent" in bad.stderr
