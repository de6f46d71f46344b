"""What deploy/monitoring ships, in a real Prometheus that watches a real server with real calls.

Grafana itself is not there: its board is held to Grafana's own schema (the foundation SDK), and all that the board asks
for is asked of Prometheus.
"""

import asyncio
import json
import math
import pathlib
import re
import subprocess
import time

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

import board
from conversation import converse
from prometheus_server import MONITORING, Prometheus
from redis_server import Redis
from speech import country_question
from test_metrics import documented
from webrtc_call import calling

pytestmark = pytest.mark.surroundings
ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH = 24  # columns of Grafana's grid


def promtool(*arguments):
    checked = subprocess.run(["promtool", *arguments], text=True, capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_takes_its_settings():
    promtool("check", "config", str(MONITORING / "prometheus.yml"))


def test_each_alert_fires_when_it_should_and_only_then():
    promtool("test", "rules", str(ROOT / "tests/deploy/alerts.test.yml"))


def test_each_alert_has_a_row_and_a_test():
    named = set(re.findall(r"- alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    rows = set(re.findall(r"^\| `(Antiphon\w+)` \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    tested = set(re.findall(r'alertname="(\w+)"', (ROOT / "tests/deploy/alerts.test.yml").read_text()))
    assert named == rows == tested


# --- the board

def test_the_board_is_what_grafanas_schema_says():
    def lost(before, after, path=""):
        if isinstance(before, dict):
            for key, part in before.items():
                if not isinstance(after, dict) or key not in after:
                    yield f"{path}/{key}"
                else:
                    yield from lost(part, after[key], f"{path}/{key}")
        elif isinstance(before, list):
            if len(before) != len(after):
                yield path
            for i, (part, other) in enumerate(zip(before, after)):
                yield from lost(part, other, f"{path}/{i}")
        elif before != after:
            yield path

    ours = board.load()
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert not list(lost(ours, theirs)), "not in the schema, or not as it is there"
    assert ours["uid"] == "antiphon" and ours["schemaVersion"] >= 36


def test_each_panel_has_an_id_a_place_and_the_chosen_source():
    panels = board.load()["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["w"] > 0 and place["h"] > 0 and place["x"] >= 0 and place["x"] + place["w"] <= WIDTH, panel["title"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            assert cell not in taken, f"{panel['title']} lies over {taken[cell]}"
            taken[cell] = panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["targets"], panel
        sources = [panel["datasource"]] + [target["datasource"] for target in panel["targets"]]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources), panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references), panel["title"]


def test_grafana_finds_the_board_and_its_source():
    provisioning = MONITORING / "grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())
    assert source["apiVersion"] == 1 and source["datasources"][0]["type"] == "prometheus"
    boards = yaml.safe_load((provisioning / "dashboards/antiphon.yaml").read_text())
    assert boards["apiVersion"] == 1 and boards["providers"][0]["type"] == "file"
    assert boards["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards", "where compose.yaml puts them"


def test_what_board_and_alerts_ask_for_is_documented():
    asked = set().union(*(board.metrics_of(target["expr"]) for _, target in board.expressions(board.load())))
    asked |= board.metrics_of((MONITORING / "alerts.yml").read_text())
    known = {base + suffix for base, (kind, _) in documented().items()
             for suffix in (["_bucket", "_sum", "_count"] if kind == "histogram" else [""])}
    assert asked <= known, asked - known


# --- in a real Prometheus

@pytest.fixture(scope="module")
def watched(start, tmp_path_factory):
    """A server that keeps its calls in Redis, and a Prometheus that has seen calls of both transports."""
    redis = Redis(tmp_path_factory.mktemp("redis"))
    server = start("webrtc.ports=0", "webrtc.bind_address=127.0.0.1", "redis.host=127.0.0.1", f"redis.port={redis.port}")
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{server.port}")
    prometheus.wait_for(lambda: prometheus.value("antiphon_ready") == 1, "the first metrics")
    began = time.time()
    asyncio.run(talk_to(server))
    prometheus.wait_for(lambda: prometheus.value("antiphon_calls_total") == 2 and prometheus.value("antiphon_calls") == 0,
                        "the calls' end")
    time.sleep(2)  # two more samples, for what is asked by rates
    yield prometheus, server, began
    prometheus.stop()
    redis.end()


async def talk_to(server):
    async with calling(server) as call:
        await call.begin()
        await call.until("session.created", seconds=20)
        call.tell({"type": "session.update", "session": {"type": "realtime", "antiphon": {"resumable": True}}})
        call.microphone.say(country_question())
        await call.until("response.done")
        async with converse(server) as talk:
            await talk.update(instructions="Answer in one short sentence.", antiphon={"resumable": True})
            await talk.speak(country_question(), silence=4)
            await talk.until("antiphon.turn")
        await asyncio.sleep(3)  # to the next report of the line


def numbers(result):
    return [float(sample[1]) for series in result for sample in series["values"]]


def test_all_that_the_board_asks_for_is_answered(watched):
    prometheus, _, began = watched
    empty = []
    for panel, target in board.expressions(board.load()):
        asked = board.filled(target["expr"])
        result = prometheus.ask("query_range", query=asked, start=began, end=time.time(), step=1)["result"]
        if not any(math.isfinite(number) for number in numbers(result)):
            empty.append(f"{panel['title']}: {asked}")
    assert not empty, "\n".join(empty)
    for variable in board.load()["templating"]["list"]:
        if variable["type"] == "query":
            series, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            found = prometheus.ask("series", **{"match[]": series.replace("$job", ".*")})
            assert {one[label] for one in found}, variable["name"]
    for annotation in board.load()["annotations"]["list"]:
        prometheus.ask("query", query=board.filled(annotation["expr"]))


def test_the_board_shows_what_happened(watched):
    prometheus, _, _ = watched
    assert prometheus.value('sum(increase(antiphon_turns_total[5m]))') >= 2
    slowest = prometheus.value('histogram_quantile(0.95, sum by (le) (increase(antiphon_turn_seconds_bucket{stage="first_audio"}[5m])))')
    assert 0.1 < slowest <= 30  # the last bound
    assert prometheus.value("antiphon_session_store_durable") == 1 and prometheus.value("antiphon_session_store_ok") == 1


def test_all_alerts_are_evaluated_and_none_cries(watched):
    prometheus, _, _ = watched

    def rules():
        groups = prometheus.ask("rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    prometheus.wait_for(lambda: all(rule["health"] != "unknown" for rule in rules()), "the alerts' first evaluation")
    assert not [(rule["name"], rule.get("lastError")) for rule in rules() if rule["health"] != "ok"]
    assert not [rule["name"] for rule in rules() if rule["state"] == "firing"]


def test_a_server_that_is_gone_is_noticed(watched):
    prometheus, server, _ = watched
    server.stop()
    prometheus.wait_for(lambda: prometheus.value('up{job="antiphon"}') == 0, "its end", 30)
    prometheus.wait_for(
        lambda: any(alert["labels"]["alertname"] == "AntiphonDown" for alert in prometheus.ask("alerts")["alerts"]),
        "its alert", 30)
