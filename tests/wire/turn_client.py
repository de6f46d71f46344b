"""As much of STUN (RFC 8489) and TURN (RFC 8656) over UDP as it takes to try what a relay lets through."""

import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import zlib

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, CREATE_PERMISSION = 0x001, 0x003, 0x004, 0x016, 0x008
USERNAME, INTEGRITY, ERROR, LIFETIME, XOR_PEER, DATA = 0x0006, 0x0008, 0x0009, 0x000D, 0x0012, 0x0013
REALM, NONCE, XOR_RELAYED, FAMILY, TRANSPORT, XOR_MAPPED = 0x0014, 0x0015, 0x0016, 0x0017, 0x0019, 0x0020
FINGERPRINT = 0x8028


class Refused(Exception):
    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}")
        self.code = code


class TurnClient:
    def __init__(self, server, username="", password=""):
        self.server = server
        self._open()
        self.username, self.password = username, password
        self.realm = self.nonce = None

    def _open(self):
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.server[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(self.server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.nonce:
            try:
                self.ask(REFRESH, [(LIFETIME, struct.pack("!I", 0))])
            except (Refused, TimeoutError):
                pass
        self.socket.close()

    # -- messages

    def _message(self, method, attributes, transaction):
        def packed(parts):
            return b"".join(struct.pack("!HH", t, len(v)) + v + b"\0" * (-len(v) % 4) for t, v in parts)

        def header(length):
            return struct.pack("!HHI", method, length, COOKIE) + transaction

        parts = list(attributes)
        if self.nonce is not None:
            parts += [(USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = packed(parts)
        if self.nonce is not None:
            key = hashlib.md5(b":".join([self.username.encode(), self.realm, self.password.encode()])).digest()
            mac = hmac.new(key, header(len(body) + 24) + body, hashlib.sha1).digest()
            body += packed([(INTEGRITY, mac)])
        crc = zlib.crc32(header(len(body) + 8) + body) ^ 0x5354554E
        body += packed([(FINGERPRINT, struct.pack("!I", crc))])
        return header(len(body)) + body

    @staticmethod
    def parse(datagram):
        method, length, cookie = struct.unpack_from("!HHI", datagram)
        assert cookie == COOKIE and length == len(datagram) - 20
        attributes, at = {}, 20
        while at < len(datagram):
            kind, size = struct.unpack_from("!HH", datagram, at)
            attributes.setdefault(kind, datagram[at + 4 : at + 4 + size])
            at += 4 + size + -size % 4
        return method, datagram[8:20], attributes

    def request(self, method, attributes=()):
        """Sends it and gives its transaction."""
        transaction = os.urandom(12)
        self.socket.send(self._message(method, attributes, transaction))
        return transaction

    def response(self, timeout=5):
        """The next message from the server: method, transaction, attributes."""
        self.socket.settimeout(timeout)
        return self.parse(self.socket.recv(65536))

    def ask(self, method, attributes=()):
        """Attributes of the success; Refused otherwise. Learns realm and nonce on the way."""
        for _ in range(3):
            transaction = self.request(method, attributes)
            while True:
                kind, answered, got = self.response()
                if answered == transaction:
                    break
            if kind == method | 0x100:
                return got
            code = error_code(got)
            if code == 438 or (code == 401 and self.nonce is None and self.username):
                self.realm, self.nonce = got[REALM], got[NONCE]
                continue
            raise Refused(code, got[ERROR][4:].decode(errors="replace"))
        raise Refused(438, "again and again")

    # -- what a client does

    def binding(self):
        return unmask(self.ask(BINDING)[XOR_MAPPED], b"")

    def allocate(self, six=False):
        """Asks for a relay; gives its address and port."""
        wanted = [(TRANSPORT, bytes([17, 0, 0, 0]))]
        if six:
            wanted.append((FAMILY, bytes([2, 0, 0, 0])))
        for _ in range(3):
            try:
                return unmask(self.ask(ALLOCATE, wanted)[XOR_RELAYED], b"")
            except Refused as refused:
                if refused.code != 437:
                    raise
                # Somebody had a relay from this very port a moment ago: from another one, as RFC 8656 has it.
                busy, self.nonce = self.socket, None
                self._open()
                busy.close()
        raise Refused(437, "again and again")

    def permission_for(self, address):
        """The request for a permission, ready to be sent."""
        transaction = os.urandom(12)
        return transaction, self._message(CREATE_PERMISSION, [(XOR_PEER, mask(address, 0, transaction))], transaction)

    def permit(self, addresses, window=64):
        """Asks for a permission for each address by itself; gives {address: None or the code of its refusal}."""
        addresses = list(addresses)
        open_ones, outcome, next_one, tries = {}, {}, 0, 0
        wanted = len(set(addresses))
        while len(outcome) < wanted:
            while next_one < len(addresses) and len(open_ones) < window:
                transaction, message = self.permission_for(addresses[next_one])
                open_ones[transaction] = addresses[next_one]
                self.socket.send(message)
                next_one += 1
            try:
                kind, answered, got = self.response(1)
            except TimeoutError:  # a datagram was lost, or held back by max-bps
                tries += 1
                assert tries < 30, f"no answer about {sorted(open_ones.values())[:5]}"
                addresses += open_ones.values()
                open_ones.clear()
                continue
            address = open_ones.pop(answered, None)
            if address is None:
                continue
            code = None if kind == CREATE_PERMISSION | 0x100 else error_code(got)
            if code == 438:  # the nonce has gone stale: once more
                self.realm, self.nonce = got[REALM], got[NONCE]
                addresses.append(address)
                outcome.pop(address, None)
                continue
            outcome[address] = code
        return outcome

    def send_to(self, address, port, data):
        transaction = os.urandom(12)
        saved, self.nonce = self.nonce, None  # an indication is not signed
        self.socket.send(self._message(SEND | 0x10, [(XOR_PEER, mask(address, port, transaction)), (DATA, data)], transaction))
        self.nonce = saved


def error_code(attributes):
    return attributes[ERROR][2] * 100 + attributes[ERROR][3]


def mask(address, port, transaction):
    address = ipaddress.ip_address(address)
    key = struct.pack("!I", COOKIE) + transaction
    packed = bytes(a ^ b for a, b in zip(address.packed, key))
    return struct.pack("!BBH", 0, 2 if address.version == 6 else 1, port ^ (COOKIE >> 16)) + packed


def unmask(value, transaction):
    family, port = value[1], struct.unpack("!H", value[2:4])[0] ^ (COOKIE >> 16)
    if family == 1:
        return str(ipaddress.IPv4Address(bytes(a ^ b for a, b in zip(value[4:], struct.pack("!I", COOKIE))))), port
    return "six", port  # masked with the transaction as well; nobody asks for it
