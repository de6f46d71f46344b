"""What the way through Antiphon adds to Ollama: time to the first words of /v1/chat/completions, which thinks with a real
Ollama, beside those of the same question to Ollama's /api/chat, taken in turns. From /v1/chat/completions on it is the same way as in
a call.

    python3 tests/bench/ollama_path.py build/release/antiphon [ROUNDS]     (ollama in the PATH)
"""

import http.client
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "wire"))
from ollama_server import THINKER, Ollama  # noqa: E402
from server import Server  # noqa: E402

CONTEXT = 2048  # of both: Ollama loads a model anew when it changes


def first_words(port, path, body, has_words):
    """Milliseconds from the request, on a new connection as curl makes it, to the first piece with words."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    while not has_words(answer.readline()):
        pass
    took = time.perf_counter() - began
    answer.read()
    connection.close()
    return took * 1000


def main():
    binary, rounds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with tempfile.TemporaryDirectory() as folder:
        ollama = Ollama(pathlib.Path(folder))
        server = Server(binary, pathlib.Path(folder), ["language_model.backend=ollama", f"ollama.base_url={ollama.url}",
                        f"ollama.model={THINKER}", "language_model.fallback=", f"language_model.context_tokens={CONTEXT}"])
        try:
            server.wait_until_ready()
            direct, through = [], []
            for number in range(rounds):
                messages = [{"role": "user", "content": f"Question {number}: what is the capital of France?"}]
                # Each is asked something new, in turns first and second.
                for ours in (number % 2 == 0, number % 2 == 1):
                    messages[0]["content"] = f"{'Well' if ours else 'Then'}, {number}: what is the capital of France?"
                    if ours:
                        through.append(first_words(server.port, "/v1/chat/completions",
                                                   {"model": "antiphon", "messages": messages, "stream": True, "max_tokens": 4},
                                                   lambda line: b'"content":"' in line and b'"content":""' not in line))
                    else:
                        direct.append(first_words(ollama.port, "/api/chat",
                                                  {"model": THINKER, "messages": messages, "options": {"num_ctx": CONTEXT, "num_predict": 4}},
                                                  lambda line: b'"content":"' in line and b'"content":""' not in line))
            for name, times in (("Ollama directly", direct), ("through Antiphon", through)):
                print(f"{name}: median {statistics.median(times):.1f} ms, least {min(times):.1f}, p95 {sorted(times)[int(0.95 * (rounds - 1))]:.1f}")
            print(f"added: median {statistics.median(through) - statistics.median(direct):.1f} ms, least {min(through) - min(direct):.1f}; "
                  f"load average {os.getloadavg()[0]:.1f}")
        finally:
            server.stop()
            ollama.end()


if __name__ == "__main__":
    main()
