"""https:// and wss:// on the server's port: with a certificate of its own making, and with given files."""

import base64
import hashlib
import json
import pathlib
import socket
import ssl
import stat
import subprocess
import time

import pytest
import websockets

from server import Server, environment, error_of


def anybody():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def tls_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def tls_server(binary, tls_folder):
    server = Server(binary, tls_folder, ("server.handshake_timeout_ms=1000",), ("--tls",), tls=anybody())
    server.wait_until_ready()
    yield server
    server.stop()


def raw(server, data=b""):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(data)
    return connection


def until_closed(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def logged(server, name):
    line = next(line for line in server.log().splitlines() if "tls.certificate" in line)
    return line.split(f"{name}=")[1].split()[0].strip('"')


def test_the_page_comes_over_https(tls_server):
    status, headers, body = tls_server.get("/call")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and "</html>" in body


def test_a_call_goes_over_wss(tls_server):
    async def call():
        async with websockets.connect(tls_server.websocket_url, ssl=anybody()) as connection:
            assert json.loads(await connection.recv())["type"] == "session.created"

    import asyncio

    asyncio.run(call())
    tls_server.wait_until_no_calls()
    assert "client=127.0.0.1:" in tls_server.log(), "the caller's own address is known behind TLS"


def test_the_certificate_is_for_this_machine_and_its_key_is_private(tls_server, tls_folder):
    folder = tls_folder / "data/antiphon/tls"
    certificate, key = folder / "certificate.pem", folder / "private-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    # Trusted by hand, it stands for each of the machine's names.
    for name in ("localhost", "127.0.0.1", socket.gethostname()):
        trust = ssl.create_default_context(cafile=certificate)
        with socket.create_connection(("127.0.0.1", tls_server.port), timeout=10) as plain:
            with trust.wrap_socket(plain, server_hostname=name) as secure:
                assert secure.version() in ("TLSv1.2", "TLSv1.3")
                shown = secure.getpeercert(binary_form=True)
                ends = ssl.cert_time_to_seconds(secure.getpeercert()["notAfter"])
    assert tls_server.metric("antiphon_tls_certificate_expiry_time_seconds") == ends
    fingerprint = hashlib.sha256(shown).hexdigest().upper()
    assert logged(tls_server, "fingerprint").replace(":", "") == fingerprint
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = base64.b64decode(b"".join(public.splitlines()[1:-1]))
    assert logged(tls_server, "pin") == "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def test_old_tls_is_not_spoken(tls_server):
    context = anybody()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", tls_server.port), timeout=10) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(plain)


def test_plain_http_is_sent_on(tls_server):
    with raw(tls_server, f"GET /call?x HTTP/1.1\r\nHost: localhost:{tls_server.port}\r\n\r\n".encode()) as plain:
        head, _, body = until_closed(plain).decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 307 ") and f"Location: https://localhost:{tls_server.port}/call?x" in head
    assert error_of(body)["code"] == "tls_required" and "https://" in error_of(body)["message"]
    with raw(tls_server, b"POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}") as plain:
        assert until_closed(plain).startswith(b"HTTP/1.1 400 ")


def test_garbage_and_silence_are_closed_and_harm_nobody(tls_server):
    began = time.monotonic()
    hostile = [raw(tls_server), raw(tls_server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), raw(tls_server, b"GET /never-ends"),
               raw(tls_server, b"\x16\x03\x01\x00\x05hello"), raw(tls_server, b"SSH-2.0-OpenSSH\r\n\r\n"), raw(tls_server, b"\0" * 20000),
               raw(tls_server, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000)]
    assert tls_server.get("/ready")[0] == 200
    for connection in hostile:
        until_closed(connection)
        connection.close()
    assert time.monotonic() - began < 8, "each is closed a second after it came"
    assert tls_server.get("/ready")[0] == 200


def test_a_large_body_and_keep_alive(tls_server):
    with socket.create_connection(("127.0.0.1", tls_server.port), timeout=10) as plain, anybody().wrap_socket(plain) as secure:
        for _ in range(3):
            body = b"x" * 900_000
            secure.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += secure.recv(65536)
            head, _, rest = answer.partition(b"\r\n\r\n")
            length = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1])
            while len(rest) < length:
                rest += secure.recv(65536)
            assert head.startswith(b"HTTP/1.1 400 ") and error_of(rest)["code"] == "invalid_json"


def test_the_answer_to_a_body_that_is_refused_arrives(tls_server):
    with socket.create_connection(("127.0.0.1", tls_server.port), timeout=10) as plain, anybody().wrap_socket(plain) as secure:
        secure.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
        try:
            for _ in range(40):
                secure.sendall(b"x" * 100_000)
        except OSError:
            pass
        assert secure.recv(100).startswith(b"HTTP/1.1 413 ")


def run(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=120, env=environment())


def test_the_terminal_caller_speaks_tls(binary, tls_server):
    refused = run(binary, "call", "--server", tls_server.url, "--text", "Hello")
    assert refused.returncode == 1 and "certificate is not trusted" in refused.stderr
    wrong = run(binary, "call", "--server", tls_server.url, "--pin", "sha256//" + "A" * 43 + "=", "--text", "Hello")
    assert wrong.returncode == 1 and "another public key" in wrong.stderr
    for trust in (["--insecure"], ["--pin", logged(tls_server, "pin")]):
        called = run(binary, "call", "--server", tls_server.url, *trust, "--text", "Hello")
        assert called.returncode == 0, called.stderr
        assert "antiphon" in called.stdout
    plain = run(binary, "call", "--server", tls_server.url.replace("https", "http"), "--text", "Hello")
    assert plain.returncode == 1 and "this port speaks TLS" in plain.stderr


def make_pair(folder: pathlib.Path, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )


def serial_of(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain, anybody().wrap_socket(plain) as secure:
        return hashlib.sha256(secure.getpeercert(binary_form=True)).hexdigest()


def test_given_files_are_taken_and_read_again(binary, tmp_path):
    make_pair(tmp_path, "first")
    settings = (f"server.certificate={tmp_path}/cert.pem", f"server.private_key={tmp_path}/key.pem", f"server.pid_file={tmp_path}/pid")
    server = Server(binary, tmp_path, settings, ("--tls",), tls=anybody())
    try:
        server.wait_until_ready()
        first = serial_of(server)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain, anybody().wrap_socket(plain) as kept:
            make_pair(tmp_path, "second")
            done = run(binary, "reload", "--pid-file", f"{tmp_path}/pid")
            assert done.returncode == 0, done.stderr
            second = serial_of(server)
            assert second != first
            kept.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert kept.recv(100).startswith(b"HTTP/1.1 200"), "a connection that was open goes on"
        (tmp_path / "cert.pem").write_text("nothing")
        broken = run(binary, "reload", "--pid-file", f"{tmp_path}/pid")
        assert broken.returncode == 1 and "holds no certificate" in broken.stderr
        assert serial_of(server) == second
    finally:
        server.stop()


def test_bad_settings_end_the_start_with_a_sentence(binary, tmp_path):
    make_pair(tmp_path, "a")
    cases = {
        ("server.tls=files",): "server.certificate: server.tls is files",
        ("server.tls=files", f"server.certificate={tmp_path}/cert.pem"): "server.private_key",
        ("server.tls=self_signed", f"server.certificate={tmp_path}/cert.pem"): "set it to files",
        ("server.tls=yes",): "must be one of off, self_signed, files",
        ("server.tls=files", "server.certificate=/nowhere", f"server.private_key={tmp_path}/key.pem"): "/nowhere cannot be read",
        ("server.tls=files", f"server.certificate={tmp_path}/key.pem", f"server.private_key={tmp_path}/key.pem"): "holds no certificate",
    }
    for settings, sentence in cases.items():
        arguments = [part for setting in settings for part in ("--set", setting)]
        ended = run(binary, "serve", "--port", "0", *arguments)
        assert ended.returncode == 1 and sentence in ended.stderr, (settings, ended.stderr)
