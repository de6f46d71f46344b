"""A real Ollama of a test's own, with the models of the tests under the names of the deployment guide."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

BINARY = shutil.which("ollama")
needed = pytest.mark.skipif(BINARY is None, reason="there is no ollama in the PATH")
THINKER, EMBEDDER = "llama3.2:1b", "nomic-embed-text"
FILES = {THINKER: "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", EMBEDDER: "all-minilm-l6-v2/all-MiniLM-L6-v2.F16.gguf"}

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODELS = pathlib.Path(os.environ.get("ANTIPHON_MODELS_DIR") or os.environ.get("HF_CACHE_DIR") or CACHE / "antiphon/models")


class Ollama:
    """Not the models that the names promise: the smallest ones, as this is about the way to them."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "OLLAMA_HOST": f"127.0.0.1:{self.port}", "OLLAMA_MODELS": str(folder / "models"),
                            "HOME": str(folder), "OLLAMA_NOPRUNE": "1"}
        self.start()
        for name, file in FILES.items():
            (folder / "Modelfile").write_text(f"FROM {MODELS / file}\n")
            subprocess.run([BINARY, "create", name, "-f", folder / "Modelfile"], env=self.environment, check=True,
                           capture_output=True, timeout=120)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve"], env=self.environment, stdout=log, stderr=log,
                                            start_new_session=True)
        end = time.monotonic() + 60
        while True:
            try:
                return self.ask("GET", "/api/tags")
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            return json.loads(connection.getresponse().read() or b"null")
        finally:
            connection.close()

    def log(self):
        return (self.folder / "log").read_text()

    def kill(self):
        """The server and the runner of each model."""
        os.killpg(self.process.pid, 9)
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.kill()
