"""docs/protocol.md has a row for every event that the official client knows."""

import pathlib
import re

from openai.types.realtime import RealtimeClientEvent

import strict

TEXT = (pathlib.Path(__file__).resolve().parents[2] / "docs/protocol.md").read_text()


def rows(section):
    table = re.search(rf"^## {section}\n(.*?)(?=^#)", TEXT, re.MULTILINE | re.DOTALL).group(1)
    return {name: state for name, state in re.findall(r"^\| `([^`]+)` \| (\w+)", table, re.MULTILINE)}


def test_every_client_event():
    assert set(rows("Client events")) == set(strict.models(RealtimeClientEvent))


def test_every_server_event():
    listed = rows("Server events")
    ours = {name for name in listed if name.startswith("antiphon.")}
    assert set(listed) - ours == set(strict.GA)
    assert {listed[name] for name in ours} == {"ours"}


def test_troubleshooting_has_each_issue_of_the_deployment_guide():
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/troubleshooting.md").read_text()
    issues = ["Models not loading", "WebRTC connection fails", "No audio playback", "High latency", "CORS errors",
              "Redis connection failed", "Ollama not responding", "Mic: blocked", "Connection: failed", "Server: loading..."]
    advice = dict(re.findall(r"^\| ([^|`]+?) \| ([^|]+) \|$", text, re.MULTILINE))
    assert [issue for issue in issues if len(advice.get(issue, "")) < 40] == []
