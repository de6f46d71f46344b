"""Every field of the session: taken, shown back, and shown as the official types have it."""

from conversation import converse

TOOLS = [
    {"type": "function", "name": "tell_time", "description": "The time.", "parameters": {"type": "object", "properties": {}}},
    {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}},
]


async def test_each_field_comes_back_as_it_was_set(server):
    async with converse(server) as talk:
        audio = {
            "input": {
                "format": {"type": "audio/pcmu"},
                "noise_reduction": {"type": "near_field"},
                "transcription": {
                    "model": "whisper-1",
                    "language": "en",
                    "prompt": "Birds.",
                    "keywords": ["wren"],
                    "languages": ["en"],
                    "delay": "low",
                },
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.25,
                    "prefix_padding_ms": 200,
                    "silence_duration_ms": 700,
                    "idle_timeout_ms": 6000,
                    "create_response": False,
                    "interrupt_response": False,
                },
            },
            "output": {"format": {"type": "audio/pcma"}, "speed": 1.25},
        }
        wanted = {
            "model": "another-name",
            "instructions": "Be brief.",
            "output_modalities": ["text"],
            "max_output_tokens": 99,
            "tools": TOOLS,
            "tool_choice": {"type": "function", "name": "add"},
            "parallel_tool_calls": False,
            "tracing": {"workflow_name": "w"},
            "truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 8000}},
            "include": ["item.input_audio_transcription.logprobs"],
            "reasoning": {"effort": "low"},
        }
        session = await talk.update(**wanted, audio=audio, antiphon={"partials": True})
        for name, value in wanted.items():
            assert session[name] == value, name
        for side, fields in audio.items():
            for name, value in fields.items():
                assert session["audio"][side][name] == value, name
        assert session["antiphon"] == {"partials": True, "binary_audio": False, "resumable": False, "agent": ""}

        # One field, and nothing else, changes; and everything can be undone.
        again = await talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.75}}})
        expected = {**session, "audio": {**session["audio"], "input": {**session["audio"]["input"]}}}
        expected["audio"]["input"]["turn_detection"] = {**audio["input"]["turn_detection"], "threshold": 0.75}
        assert again == expected

        off = await talk.update(
            instructions="",
            tools=[],
            tool_choice="auto",
            max_output_tokens="inf",
            tracing=None,
            include=None,
            truncation="disabled",
            audio={
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "noise_reduction": None,
                    "transcription": None,
                    "turn_detection": None,
                }
            },
        )
        assert (off["instructions"], off["tools"], off["tool_choice"]) == ("", [], "auto")
        assert (off["max_output_tokens"], off["tracing"], off["include"], off["truncation"]) == ("inf", None, None, "disabled")
        assert off["audio"]["input"] == {
            "format": {"type": "audio/pcm", "rate": 24000},
            "noise_reduction": None,
            "transcription": None,
            "turn_detection": None,
        }


async def test_a_session_can_be_sent_as_it_was_received(server):
    async with converse(server) as talk:
        created = talk.events[0]["session"]
        updated = await talk.reaction({"type": "session.update", "session": created}, kind="session.updated")
        assert updated["session"] == created


async def test_what_is_refused_changes_nothing(server):
    async with converse(server) as talk:
        before = await talk.update(tracing="auto", tools=TOOLS)
        for wrong in (
            {"tracing": None, "tool_choice": {"type": "function", "name": "nobody"}},
            {"instructions": "x", "prompt": {"id": "pmpt_1"}},
            {"instructions": "x", "audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 1}}}},
        ):
            refused = await talk.reaction({"type": "session.update", "event_id": "mine", "session": {"type": "realtime", **wrong}})
            assert refused["error"]["event_id"] == "mine" and refused["error"]["param"].startswith("session.")
        assert await talk.update() == before


async def test_a_response_may_differ_from_the_session(server):
    async with converse(server) as talk:
        await talk.update(instructions="Answer in one short sentence.")
        await talk.type("What is the capital of France?")
        await talk.connection.response.create(
            response={
                "output_modalities": ["text"],
                "max_output_tokens": 3,
                "metadata": {"topic": "cities"},
                "conversation": "none",
                "tool_choice": "none",
            }
        )
        done = (await talk.until("response.done"))["response"]
        assert done["object"] == "realtime.response" and done["conversation_id"] is None
        assert done["output_modalities"] == ["text"] and done["metadata"] == {"topic": "cities"}
        assert done["max_output_tokens"] == 3
        assert done["status"] == "incomplete" and done["status_details"]["reason"] == "max_output_tokens"
        await talk.connection.response.create()
        since = len(talk.events)
        done = (await talk.until("response.done", since=since))["response"]
        assert done["conversation_id"].startswith("conv_") and done["output_modalities"] == ["audio"]
