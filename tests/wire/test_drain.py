"""A server that is told to end gives the plain requests that are under way their whole answers."""

import http.client
import json
import signal
import socket

import pytest

LONG = {"model": "antiphon", "stream": True, "max_tokens": 300, "temperature": 0,
        "messages": [{"role": "user", "content": "Tell me a long story about a ship and the sea."}]}


def begin(server, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    return connection


def told_to_end(server):
    server.process.send_signal(signal.SIGTERM)
    server.stopped = True
    server.wait_for_log("server.stopping")


@pytest.fixture
def drained(start):
    return start("server.drain_ms=60000")


def test_an_answer_that_is_under_way_is_told_to_its_end(drained):
    connection = begin(drained, "/v1/chat/completions", LONG)
    idle = http.client.HTTPConnection("127.0.0.1", drained.port, timeout=60)
    idle.request("GET", "/health")
    assert idle.getresponse().read()
    answer = connection.getresponse()
    assert answer.status == 200 and answer.readline().startswith(b"data: ")
    told_to_end(drained)
    assert idle.sock.recv(1) == b"", "a connection on which nothing is asked is closed at once"
    with pytest.raises(OSError):
        while True:  # until it has stopped listening, which is a moment after its log says so
            socket.create_connection(("127.0.0.1", drained.port), timeout=5).close()
    assert drained.process.poll() is None, "it waits for the answer's end"
    rest = answer.read().decode()
    assert rest.rstrip().endswith("data: [DONE]") and '"finish_reason":"' in rest.replace(" ", "")
    assert connection.sock is None or connection.sock.recv(1) == b"", "and takes no further request"
    assert drained.process.wait(20) == 0
    assert "server.cut_short" not in drained.log()


def test_a_request_that_is_still_being_sent_is_answered(start):
    server = start("server.drain_ms=60000")
    body = json.dumps({"model": "antiphon", "max_tokens": 4, "messages": [{"role": "user", "content": "Hello."}]}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body))
        assert connection.recv(100).startswith(b"HTTP/1.1 100"), "its header has been read"
        told_to_end(server)
        connection.sendall(body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200 and answer.getheader("Connection") == "close"
        assert json.loads(answer.read())["choices"]
    assert server.process.wait(20) == 0


def test_what_takes_longer_than_it_may_is_cut(start):
    """Nothing holds a server up for ever: the client sees that its answer is not whole."""
    server = start("server.drain_ms=300")
    answer = begin(server, "/v1/chat/completions", LONG).getresponse()
    answer.readline()
    told_to_end(server)
    with pytest.raises((http.client.IncompleteRead, OSError)):
        answer.read()
    assert server.process.wait(20) == 0
