"""The operator's log: how the server came up, and what became of a call."""

import re

from conversation import converse
from speech import country_question

ENGINES = ("synthesizer", "recognizer", "language_model")


def test_the_start_is_told_in_order_and_every_engine_is_warmed(server):
    lines = [line.split(" ", 2)[2] for line in server.log().splitlines()]
    events = [line.split(" ")[0] for line in lines]
    assert events.index("models.chosen") < events.index("server.listening") < events.index("server.ready")
    before = lines[: events.index("server.ready")]
    for engine in ENGINES:
        loaded, warmed = (
            next(i for i, line in enumerate(before) if line.startswith(f"engine.{what} engine={engine} "))
            for what in ("loaded", "warmed")
        )
        assert loaded < warmed and re.search(r" milliseconds=\d+$", before[warmed])


async def test_a_call_is_told_from_its_opening_to_its_sum(server):
    async with converse(server) as talk:
        call = talk.events[0]["session"]["id"]
        opened = re.search(rf" call\.opened call={call} (.*)$", server.log(), re.MULTILINE).group(1).split()
        assert {"model=gpt-realtime", "agent=-"} < set(opened)
        assert any(re.fullmatch(r"client=127\.0\.0\.1:\d+", field) for field in opened)
        await talk.update(output_modalities=["text"], max_output_tokens=5)
        for _ in range(2):
            since = len(talk.events)
            await talk.type("What is the capital of France?")
            await talk.connection.response.create()
            await talk.until("response.done", since=since)
    server.wait_for_log(f"call.closed call={call} ")
    answered = re.findall(rf" turn\.answered call={call} turn=\d+ (.*)$", server.log(), re.MULTILINE)
    assert len(answered) == 2
    for fields in answered:
        assert re.fullmatch(
            r"speculated=no turn_end_ms=0 transcript_ms=- first_token_ms=\d+ first_clause_ms=-"
            r" first_sound_ms=- first_audio_ms=\d+",
            fields,
        ), fields
    assert re.search(rf" call\.closed call={call} reason=closed_by_client turns_answered=2 milliseconds=\d+$", server.log(), re.MULTILINE)


async def test_nothing_of_what_is_said_is_in_the_log_at_any_level(start):
    server = start("log.level=debug")
    async with converse(server) as talk:
        await talk.update(instructions="Your name is Zanzibarina. Answer in one short sentence.")
        since = len(talk.events)
        await talk.speak(country_question(), silence=2)
        await talk.until("response.done", since=since)
        heard = (await talk.until("conversation.item.input_audio_transcription.completed"))["transcript"]
        said = talk.words()
        since = len(talk.events)
        await talk.type("My password is Quetzalcoatlus.")
        await talk.connection.response.create()
        await talk.until("response.done", since=since)
    server.wait_for_log("call.closed")
    log = server.log()
    assert " debug " in log.lower() or "[debug]" in log.lower(), "nothing was logged at that level"
    assert heard and said
    for secret in ["Zanzibarina", "Quetzalcoatlus", heard.strip(), said.strip(), "for your country"]:
        assert secret not in log, secret
