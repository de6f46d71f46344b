"""Runs a real nginx with the site of deploy/nginx."""

import pathlib
import shutil
import subprocess
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
