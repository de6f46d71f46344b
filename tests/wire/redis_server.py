"""A real redis-server of a test's own, which can be killed, stopped and started again."""

import pathlib
import signal
import socket
import subprocess
import time


class Redis:
    def __init__(self, folder: pathlib.Path, *arguments):
        self.folder = folder
        self.arguments = arguments
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--logfile", str(self.folder / "log"), *self.arguments])
        end = time.monotonic() + 20
        while True:
            try:
                answer = self.ask("PING")
                if answer == "PONG" or "NOAUTH" in str(answer):
                    return
            except OSError:
                pass
            assert time.monotonic() < end and self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)

    def ask(self, *words, password=None):
        """One command over a connection of its own; an error is text like any other."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            stream = connection.makefile("rwb")
            if password:
                self._command(stream, ("AUTH", password))
            return self._command(stream, words)

    def _command(self, stream, words):
        stream.write(b"*%d\r\n" % len(words))
        for word in words:
            data = str(word).encode()
            stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
        stream.flush()
        return self._reply(stream)

    def _reply(self, stream):
        line = stream.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:].decode()
        if kind == b"$":
            return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self._reply(stream) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        if self.process.poll() is None:
            self.kill()
