#!/usr/bin/env python3
"""Tests a running Antiphon server from this machine: six checks and, with --full, a spoken turn.

    python test_pipeline.py --server http://HOST:8080

Needs Python 3.8 and nothing else. Ends with 0 when all checks pass, else with 1; a failed check says what to do.
`antiphon check URL` goes further: it tries each leg of a call, UDP and TURN with it (docs/troubleshooting.md).
"""

import argparse
import base64
import http.client
import io
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import time
import urllib.parse
import wave

QUESTION = "What can I cook for dinner tonight?"
RATE = 24000  # of the sound in both directions, 16 bits, one channel


class Failure(Exception):
    """A check did not pass: what is wrong, and what to do."""

    def __init__(self, wrong, advice):
        super().__init__(wrong)
        self.advice = advice


class Unreachable(Failure):
    """There is no connection: the other checks would say the same."""


class Server:
    def __init__(self, options):
        url = urllib.parse.urlsplit(options.server if "://" in options.server else "http://" + options.server)
        if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or url.query:
            raise SystemExit(f"test_pipeline.py: --server takes a URL such as http://HOST:8080, not '{options.server}'")
        self.secure = url.scheme == "https"
        self.host = url.hostname
        self.port = url.port or (443 if self.secure else 80)
        self.origin = options.origin
        self.key = options.key
        self.timeout = options.timeout
        self.context = ssl.create_default_context(cafile=options.ca) if self.secure else None
        if self.secure and options.insecure:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE

    def connect(self):
        """A socket to the server, secured if it is to be."""
        try:
            plain = socket.create_connection((self.host, self.port), self.timeout)
            return self.context.wrap_socket(plain, server_hostname=self.host) if self.secure else plain
        except socket.gaierror as error:
            raise Unreachable(f"the name {self.host} cannot be resolved", "Look at the spelling of the name, and at this machine's DNS") from error
        except ConnectionRefusedError as error:
            raise Unreachable(f"nothing listens at {self.host}:{self.port}",
                          "Start the server there (docker compose up -d); it must listen on all addresses (--host 0.0.0.0)") from error
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"the certificate is not trusted ({error.verify_message})",
                          "Give --ca FILE with the authority's certificate, or --insecure for a self-signed one") from error
        except ssl.SSLError as error:
            raise Unreachable("the port does not speak TLS", "Use http://, or start the server with --tls") from error
        except OSError as error:
            raise Unreachable(f"{self.host}:{self.port} does not answer ({error})",
                          "Open the port in the firewall, or use an SSH tunnel: ssh -L 8080:localhost:8080 root@HOST") from error

    def ask(self, method, path, body=None, headers=None, timeout=None):
        """(status, headers, body) of one request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout or self.timeout)
        connection.sock = self.connect()
        connection.sock.settimeout(timeout or self.timeout)
        every = {"Origin": self.origin}
        if self.key:
            every["Authorization"] = "Bearer " + self.key
        try:
            connection.request(method, path, body, {**every, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except socket.timeout as error:
            raise Failure(f"{path} gives no answer in {timeout or self.timeout:.0f} s", "Look at the server's log: docker compose logs app") from error
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{path} gives no answer to HTTP ({error or type(error).__name__})",
                          "Look at the proxy before the server, whether it is http or https, and at the server's log") from error
        finally:
            connection.close()

    def json(self, path, expected=(200,)):
        status, _, body = self.ask("GET", path)
        refuse_status(path, status, body, expected)
        try:
            return json.loads(body)
        except ValueError as error:
            raise Failure(f"{path} answers with something else than JSON",
                          "Something else than Antiphon answers there: look at the port; a proxy must hand all paths on") from error


def said(body):
    """The message of an error answer, or its first words."""
    try:
        return json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return body[:80].decode("utf-8", "replace").strip()


def refuse_status(path, status, body, expected):
    if status in expected:
        return
    if status in (401, 403):
        raise Failure(f"{path} answers {status}: {said(body)}", "Give --key KEY, and let server.allowed_origins name --origin")
    if status in (502, 504):
        raise Failure(f"{path} answers {status}: the proxy does not reach the server", "Look whether app runs: docker compose ps, docker compose logs app")
    raise Failure(f"{path} answers {status}: {said(body)}", "Look at the port and the path, and at the server's log: docker compose logs app")


def server_health(server, _):
    status = server.json("/health").get("status")
    if status != "ok":
        raise Failure(f"/health says {status!r}", "Something else than Antiphon may answer there: look at the port")
    return f"{server.host}:{server.port} answers"


def model_readiness(server, options):
    end = time.monotonic() + options.wait
    while True:
        ready = server.json("/ready", (200, 503))
        if ready.get("failure"):
            raise Failure(f"loading the models failed: {ready['failure']}",
                          "Look at HF_CACHE_DIR and its permissions; `antiphon models fetch` fills it")
        if ready.get("ready"):
            break
        if time.monotonic() > end:
            missing = ", ".join(name for name in ("whisper_ready", "llm_ready", "tts_ready") if not ready.get(name))
            raise Failure(f"not ready after {options.wait:.0f} s: {missing or 'no reason given'}",
                          "Wait for the models to load (--wait SECONDS); if it stays so, the server's log has the reason")
        time.sleep(1)
    detail = f"on {ready.get('device', '?')}"
    if not ready.get("lid_ready", True):
        detail += ", languages are not told apart (lid_ready is false)"
    for sentence in ready.get("degraded") or []:
        detail += f"; {sentence}"
    return detail


def cors_support(server, _):
    advice = ("Let server.allowed_origins name that origin; a proxy before the server must hand OPTIONS on and not add "
              "headers of its own")
    status, headers, _ = server.ask("OPTIONS", "/v1/realtime/calls", headers={
        "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, authorization"})
    allowed = headers.get_all("Access-Control-Allow-Origin") or []
    if status not in (200, 204) or len(allowed) != 1 or allowed[0] not in ("*", server.origin):
        raise Failure(f"a page of {server.origin} may not call (preflight: {status}, Access-Control-Allow-Origin: {', '.join(allowed) or 'none'})", advice)
    if "post" not in (headers.get("Access-Control-Allow-Methods") or "").lower():
        raise Failure("the preflight does not allow POST", advice)
    _, headers, _ = server.ask("GET", "/ready")
    allowed = headers.get_all("Access-Control-Allow-Origin") or []
    if len(allowed) != 1 or allowed[0] not in ("*", server.origin):
        raise Failure(f"the answer itself has Access-Control-Allow-Origin: {', '.join(allowed) or 'none'}", advice)
    return f"pages of {server.origin} may call"


def ice_configuration(server, _):
    servers = server.json("/ice").get("iceServers")
    advice = "Look at ice.stun and ice.turn in the settings"
    if not isinstance(servers, list):
        raise Failure("/ice has no list 'iceServers'", advice)
    urls = []
    for one in servers:
        listed = one.get("urls", [])
        listed = [listed] if isinstance(listed, str) else listed
        if not listed or not all(url.split(":")[0] in ("stun", "stuns", "turn", "turns") for url in listed):
            raise Failure(f"/ice lists what is no STUN or TURN server: {one}", advice)
        if listed[0].startswith("turn") and not (one.get("username") and one.get("credential")):
            raise Failure(f"/ice has no credentials for {listed[0]}", advice)
        urls += listed
    return ", ".join(urls) or "no STUN or TURN server: calls go straight to the server's own address"


def offer():
    """What a browser offers: one sound, Opus, and the channel of the events. The connection is never begun."""
    lines = ["v=0", f"o=- {secrets.randbelow(1 << 62)} 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
    transport = ["c=IN IP4 0.0.0.0", f"a=ice-ufrag:{secrets.token_hex(4)}", f"a=ice-pwd:{secrets.token_hex(12)}",
                 "a=ice-options:trickle", "a=fingerprint:sha-256 " + ":".join(f"{b:02X}" for b in secrets.token_bytes(32)),
                 "a=setup:actpass"]
    lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 111", *transport, "a=mid:0", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2",
              "a=fmtp:111 minptime=10;useinbandfec=1", f"a=ssrc:{secrets.randbelow(1 << 32)} cname:pipeline"]
    lines += ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", *transport, "a=mid:1", "a=sctp-port:5000",
              "a=max-message-size:262144"]
    return "\r\n".join(lines) + "\r\n"


def sdp_offer_answer(server, _):
    status, headers, body = server.ask("POST", "/v1/realtime/calls?model=gpt-realtime", offer(), {"Content-Type": "application/sdp"})
    if status == 503:
        raise Failure(f"no call can be made now: {said(body)}", "Calls go over the WebSocket by themselves; the server's log says why")
    refuse_status("/v1/realtime/calls", status, body, (201,))
    location = headers.get("Location") or ""
    try:
        answer = body.decode("utf-8", "replace")
        for part in ("m=audio", "a=fingerprint:", "a=ice-ufrag:", "opus/48000"):
            if part not in answer:
                raise Failure(f"the answer has no '{part}'", "Look at the server's log: docker compose logs app")
        candidates = [line.split() for line in answer.splitlines() if line.startswith("a=candidate:")]
        if not candidates:
            raise Failure("the answer names no address for the media", "Set webrtc.public_address, and open its UDP ports in the firewall")
        return "answered; media at " + ", ".join(sorted({f"{c[4]}:{c[5]}" for c in candidates}))
    finally:
        if location.startswith("/v1/realtime/calls/"):
            server.ask("DELETE", location)


def metrics(server, _):
    status, _, body = server.ask("GET", "/metrics")
    refuse_status("/metrics", status, body, (200,))
    names = {line.split()[2] for line in body.decode("utf-8", "replace").splitlines() if line.startswith("# TYPE antiphon_")}
    if not names:
        raise Failure("/metrics has nothing of Antiphon", "Something else may answer there: look at the port and the proxy")
    return f"{len(names)} metrics"


class WebSocket:
    """As much of RFC 6455 as a client needs that sends and reads texts."""

    def __init__(self, server, path):
        self.socket = server.connect()
        self.socket.settimeout(60)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {server.host}:{server.port}", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", f"Origin: {server.origin}"]
        if server.key:
            lines.append(f"Authorization: Bearer {server.key}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline().decode("latin-1").strip()
        while self.file.readline().strip():
            pass
        if " 101 " not in status + " ":
            raise Failure(f"no WebSocket comes to be ({status})", "A proxy on the way must pass the headers Upgrade and Connection on")

    def _send(self, opcode, payload):
        length = len(payload)
        size = struct.pack("!B", 0x80 | length) if length < 126 else \
            struct.pack("!BH", 0xFE, length) if length < 65536 else struct.pack("!BQ", 0xFF, length)
        mask = os.urandom(4)
        masked = bytes(a ^ b for a, b in zip(payload, mask * (length // 4 + 1)))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def send(self, event):
        self._send(1, json.dumps(event).encode())

    def receive(self):
        """The next event."""
        message = b""
        while True:
            first, second = self._read(2)
            length = second & 0x7F
            if length > 125:
                length = struct.unpack("!H" if length == 126 else "!Q", self._read(2 if length == 126 else 8))[0]
            payload, opcode = self._read(length), first & 0x0F
            if opcode == 8:
                raise Failure(f"the server ends the call: {payload[2:].decode('utf-8', 'replace')}", "Look at the server's log: docker compose logs app")
            if opcode == 9:
                self._send(10, payload)
            elif opcode in (0, 1):
                message += payload
                if first & 0x80:
                    return json.loads(message)

    def _read(self, count):
        read = self.file.read(count)
        if len(read) < count:
            raise Failure("the connection is cut", "Look at the timeouts of a proxy on the way, and at the server's log")
        return read

    def close(self):
        self._send(8, struct.pack("!H", 1000))
        self.socket.close()


def spoken_turn(server, _):
    status, _, body = server.ask("POST", "/v1/audio/speech", json.dumps({"model": "tts-1", "voice": "alloy", "input": QUESTION, "response_format": "wav"}),
                                 {"Content-Type": "application/json"}, timeout=60)
    refuse_status("/v1/audio/speech", status, body, (200,))
    # Streamed, so the sizes in its header may be those of an endless file.
    with wave.open(io.BytesIO(body)) as question:
        rate, sound = question.getframerate(), question.readframes(len(body))
    if rate != RATE:
        raise Failure(f"the server's speech comes at {rate} Hz instead of {RATE}", "Look at the server's version")
    call = WebSocket(server, "/v1/realtime?model=gpt-realtime")
    call.send({"type": "session.update", "session": {"type": "realtime", "max_output_tokens": 40}})
    call.socket.settimeout(120)
    # In real time, as a microphone has it.
    sound += b"\0" * (RATE * 2 * 3)
    piece = RATE * 2 // 10
    began = time.monotonic()
    for number, at in enumerate(range(0, len(sound), piece)):
        call.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(sound[at:at + piece]).decode()})
        time.sleep(max(0.0, began + number * 0.1 - time.monotonic()))
    heard, spoken = "", 0
    try:
        while True:
            event = call.receive()
            kind = event["type"]
            if kind == "error":
                raise Failure(f"the server answers {event['error'].get('message')}", "Look at the server's log: docker compose logs app")
            if kind == "conversation.item.input_audio_transcription.completed":
                heard = event["transcript"].strip()
            elif kind == "response.output_audio.delta":
                spoken += len(base64.b64decode(event["delta"]))
            elif kind == "response.done":
                break
    except socket.timeout as error:
        raise Failure("nobody answers" + (f" to '{heard}'" if heard else ": the question was not heard"),
                      "Look at GET /ready and at the server's log: docker compose logs app") from error
    finally:
        call.close()
    if not set("dinner tonight".split()) & set(heard.lower().strip("?.!").split()):
        raise Failure(f"'{QUESTION}' was heard as '{heard}'", "Use a larger Whisper: models.recognizer in docs/models.md")
    if spoken < RATE // 5:
        raise Failure(f"the answer to '{heard}' has no sound", "Look at tts_ready of GET /ready and at the server's log")
    return f"'{heard}' was answered with {spoken / RATE / 2:.1f} s of speech"


CHECKS = [("Server Health", server_health), ("Model Readiness", model_readiness), ("CORS Support", cors_support),
          ("ICE Configuration", ice_configuration), ("SDP Offer/Answer", sdp_offer_answer), ("Metrics", metrics)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="http://localhost:8080", metavar="URL", help="default: %(default)s")
    parser.add_argument("--full", action="store_true", help="also speak a question over the WebSocket, and hear the answer")
    parser.add_argument("--key", default=os.environ.get("ANTIPHON_KEY", ""), help="for a server that asks for one (or ANTIPHON_KEY)")
    parser.add_argument("--origin", default="http://localhost:8080", help="where the page is opened from (default: %(default)s)")
    parser.add_argument("--wait", type=float, default=90, metavar="SECONDS", help="for the models to load (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=10, metavar="SECONDS", help="of one request (default: %(default)s)")
    parser.add_argument("--ca", metavar="FILE", help="trust this authority's certificates")
    parser.add_argument("--insecure", action="store_true", help="trust any certificate")
    options = parser.parse_args()
    server = Server(options)
    failed, reachable = 0, True
    for name, check in CHECKS + ([("Spoken Turn", spoken_turn)] if options.full else []):
        if not reachable:
            failed += 1
            print(f"✗ {name}: not tried, as there is no connection", flush=True)
            continue
        try:
            print(f"✓ {name}: {check(server, options)}", flush=True)
        except Failure as failure:
            failed += 1
            reachable = not isinstance(failure, Unreachable)
            print(f"✗ {name}: {failure}\n    {failure.advice}", flush=True)
    print("All checks passed." if not failed else f"{failed} of {len(CHECKS) + options.full} checks failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may have no ✓
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
