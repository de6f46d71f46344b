"""A server that speaks Ollama's /api/chat, and misbehaves on request."""

import http.server
import json
import socket
import threading
import time

MODELS = ["llama3.2:3b", "llama3.2:1b"]
WORDS = ["The ", "far ", "model ", "says ", "hello."]


class RemoteModel:
    """`mode` is a name of Handler's methods without their "chat_"; `models` is what it has."""

    def __init__(self, port=0):
        self.mode = "well"
        self.models = list(MODELS)
        self.asked = []  # the models that were asked, in order
        self.left = threading.Event()  # a client has closed its connection in the middle of an answer
        self.ending = threading.Event()
        remote = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.whole(200, {"models": [{"name": name} for name in remote.models]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/generate":
                    return self.whole(200, {"done": True, "done_reason": "load"})
                remote.asked.append(body["model"])
                try:
                    getattr(self, "chat_" + remote.mode)(body)
                except OSError:
                    remote.left.set()
                    self.close_connection = True

            def whole(self, status, body, kind="application/json"):
                text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def begin(self, kind="application/x-ndjson"):
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()

            def say(self, text):
                line = json.dumps({"message": {"role": "assistant", "content": text}, "done": False})
                self.wfile.write(line.encode() + b"\n")
                self.wfile.flush()

            def done(self):
                self.wfile.write(b'{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":5}\n')

            def pause(self, seconds):
                """Raises OSError as soon as the client has left or the test is over."""
                end = time.monotonic() + seconds
                self.connection.settimeout(0.02)
                while time.monotonic() < end and not remote.ending.is_set():
                    try:
                        if self.connection.recv(1, socket.MSG_PEEK) == b"":
                            raise ConnectionResetError
                    except TimeoutError:
                        pass
                if remote.ending.is_set():
                    raise ConnectionResetError

            def chat_well(self, body):
                self.begin()
                for word in WORDS:
                    self.say(word)
                self.done()

            def chat_only_small(self, body):
                if body["model"] != "llama3.2:1b":
                    return self.chat_http500(body)
                self.chat_well(body)

            def chat_hang(self, body):
                self.pause(600)

            def chat_one_byte_a_second(self, body):
                self.begin()
                for byte in b'{"message":{"content":"slow"}}\n':
                    self.wfile.write(bytes([byte]))
                    self.pause(1)

            def chat_http500(self, body):
                self.whole(500, {"error": "llama runner process has terminated"})

            def chat_html(self, body):
                self.whole(200, "<!DOCTYPE html><html><body>Log in</body></html>", "text/html")

            def chat_cut_json(self, body):
                self.begin()
                self.wfile.write(b'{"message":{"content":"The\n')

            def chat_long_line(self, body):
                self.begin()
                self.say("x" * 10_000_000)

            def chat_invalid_utf8(self, body):
                self.begin()
                self.wfile.write(b'{"message":{"content":"Bad \xc3 bytes."},"done":false}\n')
                self.done()

            def chat_endless(self, body):
                self.begin()
                while True:
                    self.say("la ")

            def chat_stall(self, body):
                self.begin()
                for word in WORDS:
                    self.say(word)
                self.pause(600)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # a client that has left

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
