"""Runs one `antiphon serve` and looks at it from outside."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

READY_SECONDS = 120
STOP_SECONDS = 30


def environment():
    """Ours without the tests' own variable, which the server would take for a setting that it does not know."""
    return {name: value for name, value in os.environ.items() if name != "ANTIPHON_BINARY"}


class Server:
    """With `tls` it is asked at https:// by that ssl.SSLContext; `arguments` are further ones of the command line.
    `wrap` makes another command of the server's, which has to become it in the end."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, settings=(), arguments=(), tls=None, *,
                 host="127.0.0.1", wrap=lambda command: command):
        self.tls = tls
        self.key = None  # what /metrics is to be shown
        self.log_path = folder / "log"
        self.stopped = False
        port_file = folder / "port"
        command = [str(binary), "serve", "--host", host, "--port", "0", "--port-file", str(port_file)]
        if host != "127.0.0.1":
            command.append("--open")  # a namespace of the test's own is a trusted network
        for setting in settings:
            command += ["--set", setting]
        command += arguments
        # In an empty folder, so that no .env and no keys of the machine are read.
        self.process = subprocess.Popen(wrap(command), cwd=folder, stderr=open(self.log_path, "w"),
                                        env={**environment(), "XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")})
        self.port = int(self._wait_for(lambda: port_file.exists() and port_file.read_text().strip(), "its port"))
        secure = "s" if tls else ""
        self.url = f"http{secure}://{host}:{self.port}"
        self.websocket_url = f"ws{secure}://{host}:{self.port}/v1/realtime?model=test"

    def _wait_for(self, question, what, seconds=READY_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = question()
            if answer:
                return answer
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log()}"
            time.sleep(0.05)
        raise AssertionError(f"no sign of {what} in {seconds} s:\n{self.log()}")

    def log(self):
        return self.log_path.read_text()

    def get(self, path, headers=None, method="GET", body=None):
        """Status, headers and body; errors are answers like any other."""
        request = urllib.request.Request(self.url + path, headers=headers or {}, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.tls) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def metric(self, name):
        text = self.get("/metrics", {"Authorization": f"Bearer {self.key}"} if self.key else None)[2]
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found, f"no metric {name} in\n{text}"
        return float(found.group(1))

    def wait_until_ready(self):
        self._wait_for(lambda: self.get("/ready")[0] == 200, "being ready")

    def wait_until_no_calls(self, seconds=20):
        self._wait_for(lambda: self.metric("antiphon_calls") == 0, "its last call's end", seconds)

    def wait_for_log(self, text, seconds=20):
        self._wait_for(lambda: text in self.log(), f"'{text}' in the log", seconds)

    def stop(self):
        """Ends it as an operator does, and asks that it ends in order. Once is enough."""
        if self.stopped:
            return
        self.stopped = True
        assert self.process.poll() is None, f"the server ended by itself with {self.process.returncode}:\n{self.log()}"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not end within {STOP_SECONDS} s:\n{self.log()}") from None
        assert code == 0, f"the server ended with {code}:\n{self.log()}"


def error_of(body):
    return json.loads(body)["error"]
