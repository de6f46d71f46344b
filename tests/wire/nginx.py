"""Runs a real nginx with the site of deploy/nginx, and with that of several servers."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

SITE = pathlib.Path(__file__).resolve().parents[2] / "deploy/nginx/antiphon.conf"
MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 128; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/antiphon.conf;
}}
"""


class Nginx:
    """At port 80 of the network's server end, before the server at `upstream` (host:port) there."""

    def __init__(self, folder, network, upstream):
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.fail("nginx is missing: scripts/packages.txt lists it for the tests")
        folder.mkdir()
        folder.chmod(0o755)
        site = SITE.read_text()
        assert site.count("127.0.0.1:8080") == 1
        # The test's own: where the server is, and no files outside of its folder.
        (folder / "antiphon.conf").write_text(site.replace("127.0.0.1:8080", upstream))
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        self.folder = folder
        command = network.command("server", [program, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def requests(self):
        """The request lines that went through, with their statuses."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [" ".join(line.split('"')[1].split()[:2] + line.split('"')[2].split()[:1]) for line in lines]

    def is_there(self, url):
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        try:
            return urllib.request.urlopen(f"{url}/ready", timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


OPERATE = pathlib.Path(__file__).resolve().parents[2] / "docs/operate.md"
LOOPBACK = """\
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    log_format calls '$status|$upstream_addr|$upstream_status|$request_method $uri';
    access_log {folder}/access.log calls;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/replicas.conf;
}}
"""


class Balancer:
    """On a free port of this machine, before the servers at these ports of it: the site of docs/operate.md, as it is
    but for the addresses."""

    def __init__(self, folder, ports):
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.fail("nginx is missing: scripts/packages.txt lists it for the tests")
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        site = re.search(r"```nginx\n(.*?)```", OPERATE.read_text(), re.DOTALL).group(1)
        assert site.count("    server 127.0.0.1:") == 3 and site.count("listen 80;") == 1
        written = re.findall(r"server 127\.0\.0\.1:(\d+)", site)
        for there, ours in zip(written, ports, strict=True):
            site = site.replace(f"server 127.0.0.1:{there}", f"server 127.0.0.1:{ours}")
        (folder / "replicas.conf").write_text(site.replace("listen 80;", f"listen 127.0.0.1:{self.port};"))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(LOOPBACK.format(folder=folder, user=user))
        self.folder = folder
        self.process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-e", folder / "error.log"], cwd=folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                if urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5).status == 200:
                    break
            except OSError:
                pass
            assert time.monotonic() < end and self.process.poll() is None, (folder / "error.log").read_text()
            time.sleep(0.02)

    def asked(self):
        """How many requests went to each server, by its port."""
        counts = {}
        for line in (self.folder / "access.log").read_text().splitlines():
            for address in line.split("|")[1].split(", "):
                port = address.rpartition(":")[2]
                counts[port] = counts.get(port, 0) + 1
        return counts

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
