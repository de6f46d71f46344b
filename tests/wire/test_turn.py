"""GET /ice of the real server against a real coturn: who gets a relay, and where it leads."""

import base64
import hashlib
import hmac
import ipaddress
import json
import random
import socket
import time

import pytest

from coturn import SECRET, Coturn, free_port, media_address
from turn_client import Refused, TurnClient


pytestmark = pytest.mark.surroundings


@pytest.fixture(scope="module")
def coturn(tmp_path_factory):
    relay = Coturn(tmp_path_factory.mktemp("coturn"), media_address())
    yield relay
    relay.stop()


@pytest.fixture(scope="module")
def ice_server(start, coturn):
    return start(
        f"ice.stun_urls=stun:127.0.0.1:{coturn.port}",
        f"ice.turn_urls=turn:127.0.0.1:{coturn.port}?transport=udp",
        f"ice.turn_secret={SECRET}",
    )


def ice(server):
    status, headers, body = server.get("/ice", headers={"Origin": "https://page.example"})
    assert status == 200 and headers["Cache-Control"] == "no-store" and headers["Access-Control-Allow-Origin"] == "*"
    return json.loads(body)


def turn_entry(server):
    return next(entry for entry in ice(server)["iceServers"] if entry["urls"][0].startswith("turn:"))


def client_of(coturn, entry, **changed):
    entry = {**entry, **changed}
    return TurnClient(coturn.address, entry["username"], entry["credential"])


def password(username, secret=SECRET):
    return base64.b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()


def test_ice_is_what_a_browser_takes(ice_server, coturn):
    first, second = ice(ice_server), ice(ice_server)
    assert first["iceServers"][0] == {"urls": [f"stun:127.0.0.1:{coturn.port}"]}
    turn = first["iceServers"][1]
    assert turn["urls"] == [f"turn:127.0.0.1:{coturn.port}?transport=udp"]
    expires, name = turn["username"].split(":")
    assert first["ttl"] == 300 and abs(int(expires) - time.time() - 300) < 10
    assert len(name) == 24 and turn["credential"] == password(turn["username"])
    assert second["iceServers"][1]["username"] != turn["username"], "each request has credentials of its own"


def test_ice_without_settings_is_empty_and_the_public_relay_is_asked_for(server, start):
    assert json.loads(server.get("/ice")[2]) == {"iceServers": [], "ttl": None}
    assert server.get("/ice", method="POST", body=b"{}")[0] == 405
    relayed = start("ice.public_relay=true")
    entry = json.loads(relayed.get("/ice")[2])["iceServers"][0]
    assert entry["urls"][0] == "turn:openrelay.metered.ca:80" and entry["username"] == entry["credential"] == "openrelayproject"


def test_the_secret_is_told_to_nobody(ice_server):
    for path in ("/ice", "/options", "/metrics", "/ready"):
        assert SECRET not in ice_server.get(path)[2]
    assert SECRET not in ice_server.log()


def test_the_server_learns_its_address_by_stun(ice_server, start):
    assert "webrtc.open" in ice_server.log() and "public_address=127.0.0.1" in ice_server.log()
    lonely = start(f"ice.stun_urls=stun:127.0.0.1:{free_port()}")
    assert "webrtc.no_public_address" in lonely.log(), "nobody answers, and the server starts all the same"
    told = start(f"ice.stun_urls=stun:127.0.0.1:{free_port()}", "webrtc.public_address=203.0.113.9")
    assert "public_address=203.0.113.9" in told.log() and "no_public_address" not in told.log(), "who is told does not ask"


def test_credentials_of_ice_open_a_relay(coturn, ice_server):
    with client_of(coturn, turn_entry(ice_server)) as client:
        assert client.allocate()[0] == "127.0.0.1"


def test_a_relay_carries_sound_to_the_media_address(coturn, ice_server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media, client_of(coturn, turn_entry(ice_server)) as client:
        media.bind((coturn.media, 0))
        media.settimeout(5)
        client.allocate()
        assert client.permit([coturn.media]) == {coturn.media: None}
        client.send_to(coturn.media, media.getsockname()[1], b"sound")
        assert media.recv(100) == b"sound"


def test_others_are_refused(coturn, ice_server):
    good = turn_entry(ice_server)
    expires, name = good["username"].split(":")
    past = f"{int(time.time()) - 1}:{name}"
    later = f"{int(expires) + 1}:{name}"
    bad = {
        "a wrong password": {"credential": password(good["username"], "another secret")},
        "expired": {"username": past, "credential": password(past)},
        "a longer life than it was made for": {"username": later},
        "another name": {"username": f"{expires}:somebody"},
        "no time": {"username": name, "credential": password(name)},
        "nothing": {"username": "x", "credential": ""},
    }
    for what, changed in bad.items():
        with client_of(coturn, good, **changed) as client, pytest.raises(Refused) as refused:
            client.allocate()
        assert refused.value.code == 401, what
    with TurnClient(coturn.address) as nobody, pytest.raises(Refused) as refused:
        nobody.allocate()
    assert refused.value.code == 401


def test_one_caller_has_a_share_only(coturn, ice_server):
    entry = turn_entry(ice_server)
    clients, codes = [], []
    try:
        for _ in range(7):
            clients.append(client_of(coturn, entry))
            try:
                clients[-1].allocate()
                codes.append(None)
            except Refused as refused:
                codes.append(refused.code)
    finally:
        for client in clients:
            client.__exit__()
    assert codes == [None] * 4 + [486] * 3


# Where a relay must not lead: networks of all kinds, and how many addresses of each are tried.
NETWORKS = {
    "0.0.0.0/8": 200, "10.0.0.0/8": 600, "100.64.0.0/10": 200, "127.0.0.0/8": 600, "169.254.0.0/16": 300,
    "172.16.0.0/12": 400, "192.0.0.0/24": 50, "192.0.2.0/24": 200, "192.88.99.0/24": 50, "192.168.0.0/16": 500,
    "198.18.0.0/15": 100, "198.51.100.0/24": 50, "203.0.113.0/24": 50, "224.0.0.0/4": 200, "240.0.0.0/4": 200,
    "0.0.0.0/0": 2000,
    "::/96": 300, "::ffff:0:0/96": 1000, "::ffff:127.0.0.0/104": 300, "::ffff:10.0.0.0/104": 200,
    "64:ff9b::/96": 300, "64:ff9b:1::/48": 100, "100::/64": 50, "2001::/32": 200, "2001:db8::/32": 100, "2002::/16": 400,
    "2002:7f00::/24": 100, "fc00::/7": 400, "fe80::/10": 300, "fec0::/10": 50, "ff00::/8": 200, "2000::/3": 800,
}
NAMED = ["0.0.0.0", "127.0.0.1", "127.0.0.2", "169.254.169.254", "255.255.255.255", "100.100.100.200", "192.168.0.1", "10.0.0.1",
         "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
         "2002:7f00:1::", "2002:a9fe:a9fe::", "fd00:ec2::254", "fe80::1", "::ffff:0:127.0.0.1"]


def addresses_to_probe(media):
    chance = random.Random(20)
    found = {str(ipaddress.ip_address(one)) for one in NAMED}
    octets = ipaddress.ip_address(media).packed
    around = int.from_bytes(octets, "big")
    for near in (1, 2, 3, 255, 256):
        found |= {str(ipaddress.ip_address(around + near)), str(ipaddress.ip_address(around - near))}
    # The media address itself in IPv6's clothes.
    for prefix in ("::ffff:0:0", "::", "64:ff9b::"):
        found.add(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + around)))
    found.add(str(ipaddress.IPv6Address(bytes.fromhex("2002") + octets + bytes(10))))
    for text, count in NETWORKS.items():
        network = ipaddress.ip_network(text)
        size = network.num_addresses
        found |= {str(network[0]), str(network[-1])}
        wanted, tries = len(found) + count, 0
        while len(found) < wanted and tries < 4 * count:
            found.add(str(network[chance.randrange(size)]))
            tries += 1
    found.discard(media)
    return sorted(found)


def probe(coturn, server, addresses, six):
    """What CreatePermission says to each. A few hundred per relay: more in one second would exceed its max-bps."""
    outcome = {}
    for begin in range(0, len(addresses), 300):
        with client_of(coturn, turn_entry(server)) as client:
            client.allocate(six)
            outcome |= client.permit(addresses[begin : begin + 300])
    return outcome


def test_a_relay_leads_to_the_media_address_and_nowhere_else(coturn, ice_server):
    probes = addresses_to_probe(coturn.media)
    assert len(probes) >= 10_000
    four = [one for one in probes if "." in one and ":" not in one]
    six = [one for one in probes if ":" in one]
    outcome = probe(coturn, ice_server, [coturn.media, *four], six=False)
    # A relay of IPv4 does not even know the other kind; then one that does.
    assert set(probe(coturn, ice_server, six[:100], six=False).values()) <= {403, 443}
    outcome |= probe(coturn, ice_server, six, six=coturn.six)
    permitted = [address for address, code in outcome.items() if code is None]
    assert permitted == [coturn.media]
    refused = [code for address, code in outcome.items() if address != coturn.media]
    assert len(refused) == len(probes) and set(refused) <= {403, 443}
