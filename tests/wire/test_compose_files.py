"""The Compose files: valid by the schema of their specification, and each container with nothing that it does not need."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import jsonschema
import pytest
import yaml

pytestmark = pytest.mark.surroundings
ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ["compose.yaml", "compose.rocm.yaml", "compose.cuda.yaml"]
# The last docker-compose that was a Python package carries the schema; Docker's own `docker compose` is not needed.
PACKAGE = "docker-compose==1.29.2 --hash=sha256:8d5589373b35c8d3b1c8c1182c6e4a4ff14bffa3dd0b605fcd08f73c94cef809\n"


def load(name):
    return yaml.safe_load((ROOT / name).read_text())


def service(name):
    return load("compose.yaml")["services"][name]


SERVICES = load("compose.yaml")["services"]


@pytest.fixture(scope="session")
def schema():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "antiphon" / "compose-schema"
    wheel = cache / "docker_compose-1.29.2-py2.py3-none-any.whl"
    if not wheel.exists():
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "requirements.txt").write_text(PACKAGE)
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes",
                        "-r", cache / "requirements.txt", "-d", cache], check=True, timeout=120)
    with zipfile.ZipFile(wheel) as archive:
        return yaml.safe_load(archive.read("compose/config/compose_spec.json"))


@pytest.mark.parametrize("name", FILES)
def test_valid_by_the_schema(name, schema):
    document = load(name)
    document.pop("name", None)  # in the specification since 2022, a year after this schema
    errors = [f"{'/'.join(map(str, error.path))}: {error.message}"
              for error in jsonschema.Draft7Validator(schema).iter_errors(document)]
    assert errors == []


def test_the_schema_refuses_what_is_wrong(schema):
    document = load("compose.yaml")
    document["services"]["app"]["port"] = ["8080:8080"]
    assert list(jsonschema.Draft7Validator(schema).iter_errors(document))


def test_the_guides_names():
    """`docker exec solvathon_ollama`, `docker compose restart nginx`, `docker compose logs -f app`."""
    assert {"app", "ollama", "redis", "nginx"} <= set(SERVICES)
    assert SERVICES["ollama"]["container_name"] == "solvathon_ollama"
    for name in ("app", "ollama", "redis", "nginx"):
        assert "profiles" not in SERVICES[name], f"{name} starts with a plain `docker compose up`"
    assert "8080" in SERVICES["app"]["ports"][0]
    assert {port.rsplit(":")[-1] for port in SERVICES["nginx"]["ports"]} == {"80", "443"}
    assert SERVICES["coturn"]["profiles"] == ["turn"]
    assert SERVICES["prometheus"]["profiles"] == SERVICES["grafana"]["profiles"] == ["monitoring"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_that_it_does_not_need(name):
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert one["pids_limit"] <= 512
    assert one["mem_limit"]
    assert one["logging"]["options"]["max-size"]
    assert not one.get("privileged") and "docker.sock" not in str(one.get("volumes"))
    allowed = {"nginx": {"CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"}, "models": {"CHOWN", "SETGID", "SETUID"}}
    assert set(one.get("cap_add", [])) == allowed.get(name, set())


@pytest.mark.parametrize("name", SERVICES)
def test_pinned(name):
    image = SERVICES[name]["image"]
    if image.startswith("antiphon:"):
        return
    assert re.search(r":[^:]*\d+\.\d+\.\d+", image), f"{image} is not one version"


def test_only_what_is_to_be_reached_is_published():
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"app", "nginx", "coturn", "prometheus", "grafana"}
    for name in ("prometheus", "grafana"):
        assert "127.0.0.1:" in SERVICES[name]["ports"][0], f"{name} is for this machine alone"
    assert set(service("redis")["networks"]) == {"store"} and load("compose.yaml")["networks"]["store"]["internal"]
    assert {name for name, one in SERVICES.items() if "store" in one.get("networks", [])} == {"app", "redis"}


@pytest.mark.parametrize("name", SERVICES)
def test_the_files_that_it_mounts_are_there(name):
    """Docker makes an empty folder of what is not."""
    for volume in SERVICES[name].get("volumes", []):
        if volume.startswith("./"):
            assert (ROOT / volume.split(":")[0]).exists(), volume


def test_redis_keeps_what_it_acknowledged():
    script = (ROOT / "deploy/docker/redis.sh").read_text()
    assert "appendonly yes" in script and "noeviction" in script


@pytest.mark.parametrize("script, variable", [("redis.sh", "REDIS_PASSWORD"), ("coturn.sh", "ANTIPHON_ICE_TURN_SECRET"),
                                              ("grafana.sh", "GF_SECURITY_ADMIN_PASSWORD")])
def test_a_placeholder_is_refused_by_name(script, variable):
    ended = subprocess.run(["bash", ROOT / "deploy/docker" / script], env={**os.environ, variable: "change-me"},
                           capture_output=True, text=True, timeout=10)
    assert ended.returncode == 1
    assert "placeholder" in ended.stderr and variable.replace("GF_SECURITY_ADMIN", "GRAFANA") in ended.stderr


@pytest.mark.parametrize("script", ["coturn.sh", "grafana.sh"])
def test_no_secret_at_all_is_refused(script):
    names = {"ANTIPHON_ICE_TURN_SECRET": "", "GF_SECURITY_ADMIN_PASSWORD": ""}
    ended = subprocess.run(["bash", ROOT / "deploy/docker" / script], env={**os.environ, **names},
                           capture_output=True, text=True, timeout=10)
    assert ended.returncode == 1 and "is not set" in ended.stderr


def test_one_name_for_each_image():
    """The overrides of the GPUs change the same services, and ollama's two images are of one version."""
    base = load("compose.yaml")["services"]
    for name in FILES[1:]:
        for override, one in load(name)["services"].items():
            assert override in base
            if "ollama/ollama" in one.get("image", ""):
                assert one["image"].startswith(base["ollama"]["image"])
    assert base["ollama"]["image"] == base["ollama-models"]["image"]


def test_the_image_is_built_from_pinned_bases():
    dockerfile = (ROOT / "Dockerfile").read_text()
    for base in re.findall(r"^ARG (?:BUILD|RUN)_BASE=(\S+)", dockerfile, re.M):
        assert re.search(r":bookworm-\d{8}-slim$", base), base
    assert re.search(r"^USER 10001:10001$", dockerfile, re.M)
