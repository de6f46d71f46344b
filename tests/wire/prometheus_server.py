"""A real Prometheus of a test's own, with the settings and alerts of deploy/monitoring."""

import json
import pathlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "deploy/monitoring"


class Prometheus:
    """Scrapes `target` (HOST:PORT) each `interval`; else the settings are those that are shipped."""

    def __init__(self, folder: pathlib.Path, target: str, interval="1s"):
        settings = (MONITORING / "prometheus.yml").read_text()
        for shipped, ours in [(r'\["app:8080"\]', f'["{target}"]'), (r"interval: 10s", f"interval: {interval}")]:
            assert re.search(shipped, settings), f"prometheus.yml has no {shipped} any more"
            settings = re.sub(shipped, ours, settings)
        (folder / "prometheus.yml").write_text(settings)
        (folder / "alerts.yml").write_text((MONITORING / "alerts.yml").read_text())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}"
        self.log = folder / "prometheus.log"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={address}"], stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        self.wait_for(lambda: self._get("/-/ready") is not None, "Prometheus")

    def _get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.read().decode() if answer.code < 500 else None
        except OSError:
            return None

    def wait_for(self, question, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = question()
            if answer:
                return answer
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(f"no sign of {what} in {seconds} s:\n{self.log.read_text()}")

    def ask(self, path, **parameters):
        """What the API answers under "data"; a query that it refuses fails here, with its reason."""
        text = self._get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert text, f"no answer to {path} {parameters}"
        answer = json.loads(text)
        assert answer["status"] == "success", f"{parameters.get('query', path)}: {answer.get('error')}"
        return answer["data"]

    def value(self, query):
        """Of one series; none if there is none."""
        found = self.ask("query", query=query)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
