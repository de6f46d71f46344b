"""Runs a real nginx with the whole configuration of deploy/nginx.conf, as a container has it: only ports, folders and
who answers for names are the test's own."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import server

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
CONFIGURATION = DEPLOY / "nginx.conf"
DOMAIN = "voice.test"


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def wait_for(question, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"no sign of {what} in {seconds} s")


def connections_to(port):
    """How many are established at that port of this machine."""
    with open("/proc/net/tcp") as table:
        return sum(f":{port:04X}" in line.split()[1] and line.split()[3] == "01" for line in list(table)[1:])


class Names:
    """A name server that knows one name, `app`, and has `addresses` for it: Docker's, as nginx sees it."""

    def __init__(self, addresses):
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with self._socket:
            while True:
                query, client = self._socket.recvfrom(512)
                if not query:
                    return
                question = query[12:query.index(b"\0", 12) + 5]
                known = question[:-4] == b"\x03app\0"
                records = [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(one) for one in self.addresses if known]
                flags = 0x8180 if known else 0x8183
                self._socket.sendto(query[:2] + struct.pack(">5H", flags, 1, len(records), 0, 0) + question + b"".join(records), client)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()


class Authority:
    """A certificate authority of the test's own, and certificates of it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._openssl("req", "-x509", *self._new_key("ca-key.pem"), "-days", "2", "-subj", "/CN=Test authority",
                      "-addext", "basicConstraints=critical,CA:TRUE", "-out", "ca.pem")
        self.file = folder / "ca.pem"

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name]

    def _openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def issue(self, certificate, key, name=DOMAIN, days=1):
        """Writes both files, new ones each time."""
        self._openssl("req", *self._new_key("key.pem"), "-subj", f"/CN={name}", "-out", "request.pem")
        (self.folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
        self._openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
                      "-days", str(days), "-extfile", "names", "-out", "certificate.pem")
        shutil.copy(self.folder / "certificate.pem", certificate)
        shutil.copy(self.folder / "key.pem", key)

    def trusting(self):
        return ssl.create_default_context(cafile=self.file)


class WholeNginx:
    """Before the server at `addresses` and `port`; or before `replicas`, a list of (host, port), for whom the upstream
    that stands there as a comment is uncommented. With `authority`, TLS is switched on by enable_tls.sh."""

    def __init__(self, folder, port=0, addresses=("127.0.0.1",), replicas=(), authority=None, host="127.0.0.1"):
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.fail("nginx is missing: scripts/packages.txt lists it for the tests")
        folder.mkdir()
        folder.chmod(0o755)
        self.folder, self.host, self.port, self.tls_port = folder, host, free_port(host), free_port(host)
        self.names = Names(list(addresses))
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        self.configuration = folder / "nginx.conf"
        shutil.copy(CONFIGURATION, self.configuration)
        if authority:
            authority.issue(self.certificate, self.key)
            command = [DEPLOY / "enable_tls.sh", DOMAIN, "--conf", self.configuration, "--cert", self.certificate, "--key", self.key]
            subprocess.run(command, check=True, capture_output=True)
        (folder / "acme/.well-known/acme-challenge").mkdir(parents=True)
        self.configuration.write_text(self._made_the_tests_own(self.configuration.read_text(), port, replicas))
        # Its workers are ours, as others may not look into the tests' folders.
        own = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        command = [program, "-c", self.configuration, "-e", folder / "error.log", "-g", own]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._listens, f"nginx: {self.log('error')}")

    def _made_the_tests_own(self, text, port, replicas):
        def change(what, to, times=None):
            nonlocal text
            text, count = re.subn(what, to, text)
            assert count and times in (None, count), f"{what} is {count} times in {CONFIGURATION}"

        change(r"listen 80\b", f"listen {self.host}:{self.port}")
        change(r"listen 443 ssl", f"listen {self.host}:{self.tls_port} ssl")
        change(r"/run/(nginx|antiphon)", rf"{self.folder}/\1")
        change(r"/dev/stdout", f"{self.folder}/access.log", 1)
        change(r"/dev/stderr", f"{self.folder}/error.log", 1)
        change(r"/var/www/certbot", f"{self.folder}/acme")
        change(r"resolver 127\.0\.0\.11 ", f"resolver 127.0.0.1:{self.names.port} ", 1)
        change(r"app:8080", f"app:{port}", 1)
        if replicas:
            change(r"(?ms)^    # (upstream antiphon_replicas \{.*?)^    # \}", lambda found: found[1].replace("    # ", "    ") + "    }", 1)
            change(r"(?m)^( +server )10\..*\n(?= +server 10)", "", 2)
            servers = "".join(f"        server {host}:{number} max_fails=2 fail_timeout=5s;\n" for host, number in replicas)
            change(r"(?m)^ +server 10\..*\n", servers, 1)
            change(r"default app:.*\n\s*# default antiphon_replicas", "default antiphon_replicas", 1)
        return text

    def _listens(self):
        assert self.process.poll() is None, self.log("error")
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True

    def log(self, name="access"):
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def place(self):
        """As a server (server.py) is asked: over plain HTTP."""
        return Place(f"http://{self.host}:{self.port}", None)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.names.close()


class Place:
    """What a server can be asked, and where its calls are."""

    def __init__(self, url, tls):
        self.url, self.tls = url, tls
        self.websocket_url = url.replace("http", "ws", 1) + "/v1/realtime?model=test"

    def get(self, *request):
        return server.Server.get(self, *request)
