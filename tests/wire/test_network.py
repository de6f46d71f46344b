"""That the network of the tests is as bad as it is set, seen from its two ends."""

import os
import select
import socket
import struct
import subprocess
import threading
import time

import pytest

from network import CLIENT_ADDRESS, SERVER_ADDRESS

pytestmark = pytest.mark.real_time
PACKETS = 1500


class Echo:
    """Sends each datagram back from where it is, until the test ends."""

    def __init__(self, network):
        self.socket = network.within("server", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.socket.bind((SERVER_ADDRESS, 7000))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stop.is_set():
            if select.select([self.socket], [], [], 0.05)[0]:
                data, sender = self.socket.recvfrom(2048)
                self.socket.sendto(data, sender)

    def close(self):
        self.stop.set()
        self.thread.join()
        self.socket.close()


@pytest.fixture
def echo(network):
    one = Echo(network)
    yield one
    one.close()


def probe(network, packets=PACKETS, gap=0.002, after=0.6):
    """Sends numbered datagrams; the numbers in the order of their return, and the seconds that each took."""
    one = network.within("client", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with one:
        one.connect((SERVER_ADDRESS, 7000))
        numbers, times = [], []

        def listen(end):
            while time.monotonic() < end:
                if select.select([one], [], [], max(0.0, end - time.monotonic()))[0]:
                    number, sent = struct.unpack("!id", one.recv(2048)[:12])
                    numbers.append(number)
                    times.append(time.monotonic() - sent)

        start = time.monotonic()
        for number in range(packets):
            one.send(struct.pack("!id", number, time.monotonic()) + bytes(100))
            listen(start + (number + 1) * gap)
        listen(time.monotonic() + after)
        return numbers, times


def reachable(network):
    return bool(probe(network, packets=3, gap=0.01, after=0.2)[0])


def test_is_perfect_unless_spoiled(network, echo):
    numbers, times = probe(network)
    assert numbers == list(range(PACKETS))
    assert sorted(times)[PACKETS // 2] < 0.005


def test_loses_as_much_as_it_is_set_to(network, echo):
    network.set("to_server", loss=0.1)
    numbers, _ = probe(network)
    counts = network.counts()
    assert counts["to_server"]["sent"] == PACKETS
    assert counts["to_server"]["lost"] == PACKETS - len(numbers)
    assert counts["to_client"]["lost"] == 0
    assert 100 < PACKETS - len(numbers) < 200, "10 % of 1500, with four standard deviations"
    assert numbers == sorted(numbers)


def test_delays_as_long_as_it_is_set_to(network, echo):
    network.set("both", delay_ms=100, jitter_ms=30)
    numbers, times = probe(network, packets=500, gap=0.01)
    assert numbers == list(range(500)), "jitter alone keeps the order"
    assert min(times) >= 0.140
    # Not the longest ones: those are also the machine's.
    assert 0.200 <= sorted(times)[250] < 0.275, "twice 100 ms; an early packet behind a late one waits for it"


def test_jitter_without_order(network, echo):
    network.set("to_client", delay_ms=50, jitter_ms=30, keep_order=0)
    numbers, times = probe(network, packets=500, gap=0.01)
    assert sorted(numbers) == list(range(500))
    assert numbers != sorted(numbers)
    assert 0.044 < sorted(times)[len(times) // 2] < 0.075


def test_duplicates_and_holds_back(network, echo):
    network.set("to_server", duplicate=0.1, reorder=0.05, reorder_ms=20)
    numbers, _ = probe(network)
    assert set(numbers) == set(range(PACKETS))
    assert 90 < len(numbers) - PACKETS < 215
    assert numbers != sorted(numbers)


def test_the_seed_decides_what_is_lost(make_network):
    def arrived(seed):
        network = make_network(seed)
        network.set("to_server", loss=0.2)
        echo = Echo(network)
        try:
            return probe(network, packets=100)[0]
        finally:
            echo.close()

    first = arrived(7)
    assert 60 < len(first) < 97
    assert arrived(7) == first
    assert arrived(8) != first


def test_a_cut_link_and_a_joined_one(network, echo):
    assert reachable(network)
    network.cut()
    assert not reachable(network)
    network.join()
    assert reachable(network)


def test_one_protocol_alone_is_dropped(network, echo):
    network.drop("udp")
    assert not reachable(network)
    with network.within("server", lambda: socket.create_server((SERVER_ADDRESS, 7001))):
        network.within("client", lambda: socket.create_connection((SERVER_ADDRESS, 7001), 5)).close()
    network.let_pass("udp")
    assert reachable(network)


def test_a_firewall_drops_it_as_well(network, echo):
    network.firewall("server", "meta l4proto udp drop")
    assert not reachable(network)
    network.firewall("server")
    assert reachable(network)


def test_the_clients_address_changes(network, echo):
    old = network.within("client", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with old:
        old.bind((CLIENT_ADDRESS, 0))
        old.settimeout(1)
        old.sendto(b"before", (SERVER_ADDRESS, 7000))
        assert old.recv(100) == b"before"
        network.change_client_address("10.77.0.9")
        assert reachable(network)
        old.settimeout(0.2)
        with pytest.raises(OSError):
            old.sendto(b"after", (SERVER_ADDRESS, 7000))
            old.recv(100)


def test_a_wrong_setting_is_refused(network):
    with pytest.raises(AssertionError, match="what is lag=3?"):
        network.set("both", lag=3)
    with pytest.raises(AssertionError, match="which way is up?"):
        network.set("up", loss=0.1)


def test_nothing_is_left_of_it(make_network):
    network = make_network(1)
    assert network.run("client", "ip", "-brief", "address", "show", "dev", "wire").split()[2] == f"{CLIENT_ADDRESS}/24"
    held = [os.open(place, os.O_RDONLY) for place in network.places.values()]
    network.close()
    assert not any(os.path.exists(place) for place in network.places.values())
    for one in held:  # as long as somebody holds the namespace it is there, but its end of the wire is gone
        place = f"/proc/{os.getpid()}/fd/{one}"
        assert "wire" not in subprocess.run(["nsenter", f"--net={place}", "ip", "link"], capture_output=True, text=True).stdout
        os.close(one)
