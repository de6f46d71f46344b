"""The real binary, driven from outside by clients that we did not write.

ANTIPHON_BINARY names the program (build/release/antiphon otherwise). Tests may be coroutines.
"""

import asyncio
import contextlib
import inspect
import os
import pathlib

import pytest
from _pytest.runner import runtestprotocol

from network import Network, NetworkedServer
from server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


def pytest_configure(config):
    config.addinivalue_line("markers", "real_time: judged by the clock; a program that is slowed down by a sanitizer has no chance")
    config.addinivalue_line("markers", "surroundings: about what stands around the program (nginx, coturn, Prometheus, scripts, files); the "
                            "paths that it takes through our own code are those of other tests, which sanitizers look at")


def failed_by_itself(reports):
    """Its own assertions, and nothing around it: a server that crashed or leaked says so before or after the test."""
    return {report.when for report in reports if report.failed} == {"call"}


def ended(session, report):
    """Ends what the tests of a file share: the second try begins with new servers, without the calls that the first one
    left. Not so if they do not end as they should, which counts at once, and the report says it."""
    try:
        session._setupstate.teardown_exact(None)
    except Exception as failure:
        report.sections.append(("what the tests share did not end as it should", str(failure)))
        return False
    return True


def pytest_runtest_protocol(item, nextitem):
    """A test that fails is run once more, and the report says so (docs/decisions/0016-once-more.md)."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if failed_by_itself(reports) and ended(item.session, reports[1]):
        why = reports[1].longreprtext
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        reports[-1].once_more = why  # an attribute of a report gets from a worker to the process that prints
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter):
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if hasattr(report, "once_more"):
            terminalreporter.section(f"run once more, as it failed at first: {report.nodeid}")
            terminalreporter.write_line(report.once_more)


# The files that take longest come first, so that none of them is left alone at the end.
LONGEST = ["sessions_redis", "terminal_webrtc", "webrtc_network", "resume", "remote_llm", "webrtc", "webrtc_resume", "turn",
           "service", "bootstrap", "split", "voices", "metrics", "knowledge", "endpoints", "nginx", "network_fallback"]


def pytest_collection_modifyitems(items):
    place = {f"test_{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))  # stable
    for item in items:
        item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("ANTIPHON_BINARY", ROOT / "build/release/antiphon"))
    assert path.exists(), f"{path} is missing: build it first, or name it in ANTIPHON_BINARY"
    return path


@contextlib.contextmanager
def servers(binary, tmp_path_factory):
    begun = []

    def begin(*settings):
        begun.append(Server(binary, tmp_path_factory.mktemp("server"), settings))
        begun[-1].wait_until_ready()
        return begun[-1]

    yield begin
    for server in begun:
        server.stop()


@pytest.fixture(scope="module")
def start(binary, tmp_path_factory):
    """start(KEY=VALUE...) gives a running server with these settings. All end with the file of tests, in order: each
    holds the models in memory, and no machine has room for those of all files."""
    with servers(binary, tmp_path_factory) as begin:
        yield begin


@pytest.fixture
def make_network(binary):
    """make_network(SEED) gives a network between two namespaces, as good as can be until the test spoils it."""
    program = binary.parent / "tests/impair"
    assert program.exists(), f"{program} is missing: build the target impair"
    made = []

    def make(seed):
        made.append(Network(program, seed))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def network(make_network):
    return make_network(1)


@pytest.fixture
def networked_server(network, binary, tmp_path):
    """networked_server(KEY=VALUE...) gives a server with these settings at the server's end of the network."""
    servers = []

    def begin(*settings):
        servers.append(NetworkedServer(network, binary, tmp_path, settings))
        servers[-1].wait_until_ready()
        return servers[-1]

    yield begin
    for one in servers:
        one.stop()


@pytest.fixture(scope="session")
def shared_server(binary, tmp_path_factory):
    with servers(binary, tmp_path_factory) as begin:
        yield begin()


@pytest.fixture
def server(shared_server):
    """A server that other tests use as well: whatever a test does, no call may be left of it."""
    yield shared_server
    shared_server.wait_until_no_calls()
