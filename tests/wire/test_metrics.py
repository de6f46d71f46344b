"""GET /metrics, read by Prometheus' own parsers, and docs/metrics.md, which lists all of it."""

import asyncio
import pathlib
import re
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conversation import converse
from speech import country_question
from webrtc_call import calling

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md"
MOST_SERIES = 1000
# There with TLS, or from the first time that it happens on.
NOT_ALWAYS_THERE = {"antiphon_tls_certificate_expiry_time_seconds", "antiphon_access_refused_total", "antiphon_dropped_messages_total"}


@pytest.fixture(scope="module")
def own_server(start):
    """Whose numbers nobody else changes."""
    return start("webrtc.ports=0", "webrtc.bind_address=127.0.0.1")


def families(server):
    status, headers, text = server.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {family.name if family.type != "counter" else family.name + "_total": family
            for family in text_string_to_metric_families(text)}


def value(server, name, **labels):
    found = [sample.value for family in families(server).values() for sample in family.samples
             if sample.name == name and labels.items() <= sample.labels.items()]
    assert len(found) == 1, f"{name} {labels}: {found}"
    return found[0]


def documented():
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \|", DOCUMENT.read_text(), re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_prometheus_own_checker_has_nothing_to_say(server):
    checked = subprocess.run(["promtool", "check", "metrics"], input=server.get("/metrics")[2], text=True,
                             capture_output=True)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr


def test_each_metric_is_documented_with_its_type_and_labels(server):
    emitted = {}
    for name, family in families(server).items():
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert family.documentation, f"{name} has no help text"
        emitted[name] = (family.type, labels)
    listed = documented()
    assert NOT_ALWAYS_THERE <= listed.keys()
    assert {name: row for name, row in listed.items() if name in emitted or name not in NOT_ALWAYS_THERE} == emitted


def test_there_are_few_enough_of_them(server):
    series = sum(len(family.samples) for family in families(server).values())
    assert 100 < series < MOST_SERIES


def test_histograms_are_cumulative_and_end_with_all(server):
    for name, family in families(server).items():
        if family.type != "histogram":
            continue
        rows = {}
        for sample in family.samples:
            labels = tuple(sorted((label, text) for label, text in sample.labels.items() if label != "le"))
            rows.setdefault(labels, {})[sample.name.removeprefix(name) + sample.labels.get("le", "")] = sample.value
        for labels, row in rows.items():
            buckets = [row[key] for key in row if key.startswith("_bucket")]
            assert buckets == sorted(buckets), f"{name} {labels}"
            assert row["_bucket+Inf"] == row["_count"], f"{name} {labels}"
            assert "_sum" in row, f"{name} {labels}"


async def test_a_spoken_turn_is_in_them(own_server):
    async with converse(own_server) as talk:
        assert value(own_server, "antiphon_connected_calls", transport="websocket") == 1
        await talk.update(instructions="Answer in one short sentence.")
        await talk.speak(country_question(), silence=3)
        await talk.until("antiphon.turn")
    own_server.wait_until_no_calls()
    assert value(own_server, "antiphon_calls_total") == 1
    assert value(own_server, "antiphon_connected_calls", transport="websocket") == 0
    assert value(own_server, "antiphon_connections_total", transport="websocket") == 1
    assert value(own_server, "antiphon_call_ends_total", reason="closed_by_client") == 1
    assert value(own_server, "antiphon_turns_total") == 1
    assert sum(value(own_server, "antiphon_responses_total", status=status)
               for status in ["completed", "cancelled", "incomplete", "failed"]) == 1
    for stage in ["transcript", "first_token", "first_clause", "first_sound", "turn_end", "first_audio"]:
        assert value(own_server, "antiphon_turn_seconds_count", stage=stage) == 1, stage
    for part in ["first_token", "first_clause", "synthesis"]:
        assert value(own_server, "antiphon_turn_part_seconds_count", part=part) == 1, part
        assert value(own_server, "antiphon_turn_part_seconds_sum", part=part) >= 0, part
    for engine in ["recognizer", "language_model", "synthesizer"]:
        assert value(own_server, "antiphon_engine_job_seconds_count", engine=engine) >= 1, engine
        assert value(own_server, "antiphon_engine_wait_seconds_count", engine=engine) >= 1, engine
    for counter in ["completion_tokens", "prompt_tokens", "thinking_seconds", "synthesized_seconds"]:
        assert value(own_server, f"antiphon_{counter}_total") > 0, counter
    assert 1 < value(own_server, "antiphon_recognized_seconds_total") < 6
    assert value(own_server, "process_cpu_seconds_total") > 0.5
    assert value(own_server, "process_resident_memory_bytes") > 50e6
    assert value(own_server, "antiphon_memory_limit_bytes") > value(own_server, "process_resident_memory_bytes")


async def test_a_call_over_webrtc_is_in_them(own_server):
    async with calling(own_server) as call:
        await call.begin()
        await call.until("session.created", seconds=20)
        assert value(own_server, "antiphon_connected_calls", transport="webrtc") == 1
        call.microphone.say(country_question())
        await call.until("response.done")
        # Each side reports every few seconds, and the second report has the round trip.
        for _ in range(100):
            if value(own_server, "antiphon_webrtc_round_trip_seconds_count") >= 1:
                break
            await asyncio.sleep(0.2)
    own_server.wait_until_no_calls()
    assert value(own_server, "antiphon_connections_total", transport="webrtc") == 1
    assert value(own_server, "antiphon_webrtc_received_packets_total") > 100
    assert value(own_server, "antiphon_webrtc_sent_packets_total") > 10
    assert value(own_server, "antiphon_webrtc_jitter_seconds_count") >= 2
    assert value(own_server, "antiphon_webrtc_round_trip_seconds_count") >= 1


async def test_who_finds_no_place_is_counted(start):
    server = start("server.max_calls=1", "webrtc.ports=0", "webrtc.bind_address=127.0.0.1")
    assert value(server, "antiphon_calls_limit") == 1 and value(server, "antiphon_calls_refused_total") == 0

    async with converse(server):
        with pytest.raises(Exception, match="503"):
            async with converse(server):
                pass
    assert value(server, "antiphon_calls_refused_total") == 1
