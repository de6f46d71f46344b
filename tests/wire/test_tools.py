"""Tools: the client's functions, called by the model and answered by the client."""

import json

from conversation import converse

TIME = {
    "type": "function",
    "name": "tell_time",
    "description": "Tells what time it is in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
LIGHT = {
    "type": "function",
    "name": "switch_light",
    "parameters": {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
}

ORDER = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


async def called(talk, text="What time is it in Paris?", **response):
    """The function calls of the answer."""
    await talk.type(text)
    since = len(talk.events)
    await talk.connection.response.create(response=response)
    done = (await talk.until("response.done", since=since))["response"]
    assert done["status"] == "completed", done
    return [item for item in done["output"] if item["type"] == "function_call"], since


async def test_a_call_in_the_order_of_the_api(server):
    async with converse(server) as talk:
        await talk.update(tools=[TIME], tool_choice="required", output_modalities=["text"])
        calls, since = await called(talk)
        assert len(calls) >= 1
        call = calls[0]
        assert call["name"] == "tell_time" and call["status"] == "completed" and call["call_id"]
        assert json.loads(call["arguments"]).keys() == {"city"}
        types = [t for t in talk.types(since) if t in ORDER]
        assert types[: len(ORDER) - 1] == ORDER[:-1] and types[-1] == "response.done"

        kind = "response.function_call_arguments.delta"
        deltas = [e["delta"] for e in talk.events[since:] if e["type"] == kind and e["item_id"] == call["id"]]
        assert "".join(deltas) == call["arguments"] and len(deltas) > 1
        done = next(e for e in talk.events[since:] if e["type"] == "response.function_call_arguments.done")
        assert (done["call_id"], done["name"], done["arguments"]) == (call["call_id"], call["name"], call["arguments"])
        assert "response.content_part.added" not in talk.types(since)


async def test_4_a_tool_is_run_once(server):
    """The fourth trap: a client runs the tool when an item comes completed, whether added or done."""
    async with converse(server) as talk:
        await talk.update(tools=[TIME], tool_choice="required", output_modalities=["text"], parallel_tool_calls=False)
        await called(talk)
        states = [
            (e["type"], e["item"]["status"])
            for e in talk.events
            if e["type"].startswith("response.output_item.") and e["item"]["type"] == "function_call"
        ]
        assert states == [("response.output_item.added", "in_progress"), ("response.output_item.done", "completed")]
        added = next(e["item"] for e in talk.events if e["type"] == "response.output_item.added")
        assert added["arguments"] == "" and added["name"] == "tell_time"


async def test_the_named_tool_is_the_one(server):
    async with converse(server) as talk:
        await talk.update(tools=[TIME, LIGHT], output_modalities=["text"], parallel_tool_calls=False)
        for name in ("switch_light", "tell_time"):
            calls, _ = await called(talk, tool_choice={"type": "function", "name": name})
            assert [call["name"] for call in calls] == [name]
            arguments = json.loads(calls[0]["arguments"])
            assert isinstance(arguments.get("on"), bool) if name == "switch_light" else isinstance(arguments.get("city"), str)


async def test_the_output_goes_into_the_next_answer(server):
    async with converse(server) as talk:
        await talk.update(tools=[TIME], output_modalities=["text"], parallel_tool_calls=False)
        calls, _ = await called(talk, tool_choice="required")
        item = {"type": "function_call_output", "call_id": calls[0]["call_id"], "output": '{"time":"half past nine"}'}
        added = await talk.reaction({"type": "conversation.item.create", "item": item}, kind="conversation.item.done")
        assert added["item"]["output"] == item["output"] and added["item"]["call_id"] == item["call_id"]
        since = len(talk.events)
        await talk.connection.response.create(response={"tool_choice": "none"})
        done = (await talk.until("response.done", since=since))["response"]
        assert done["status"] == "completed" and done["output"][0]["type"] == "message"
        assert done["output"][0]["content"][0]["text"]


async def test_an_output_for_no_call_is_refused(server):
    async with converse(server) as talk:
        item = {"type": "function_call_output", "call_id": "call_nobody", "output": "x"}
        error = await talk.reaction({"type": "conversation.item.create", "event_id": "mine", "item": item})
        assert error["error"]["event_id"] == "mine" and error["error"]["param"] == "item.call_id"


async def test_none_means_none(server):
    async with converse(server) as talk:
        await talk.update(tools=[TIME], tool_choice="none", output_modalities=["text"])
        calls, _ = await called(talk)
        assert not calls


async def test_a_required_tool_that_is_not_there_is_refused(server):
    async with converse(server) as talk:
        await talk.type("What time is it?")
        error = await talk.reaction({"type": "response.create", "event_id": "mine", "response": {"tool_choice": "required"}})
        assert error["error"]["param"] == "response.tool_choice" and error["error"]["event_id"] == "mine"


async def test_calls_of_a_client_are_history(server):
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"])
        await talk.type("What time is it in Paris?")
        for item in (
            {"type": "function_call", "call_id": "call_1", "name": "tell_time", "arguments": '{"city":"Paris"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "half past nine"},
        ):
            event = {"type": "conversation.item.create", "item": item}
            added = (await talk.reaction(event, kind="conversation.item.added"))["item"]
            assert {**added, **item} == added
        since = len(talk.events)
        await talk.connection.response.create()
        assert (await talk.until("response.done", since=since))["response"]["status"] == "completed"


async def test_a_spoken_session_calls_without_a_sound(server):
    async with converse(server) as talk:
        await talk.update(tools=[TIME], tool_choice="required", parallel_tool_calls=False)
        calls, since = await called(talk)
        assert len(calls) == 1
        done = await talk.until("response.done", since=since)
        words = [item for item in done["response"]["output"] if item["type"] == "message"]
        assert words or not talk.sound(since)
