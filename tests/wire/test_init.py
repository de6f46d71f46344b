"""`antiphon init` writes the `.env` that `antiphon serve` begins with; placeholders do not begin."""

import pathlib
import shutil
import stat
import subprocess

import pytest

from server import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def run(binary, tmp_path):
    def run(*arguments):
        # No variable of the machine's own stands before those of .env.
        clean = {name: value for name, value in environment().items() if not name.startswith(("ANTIPHON_", "REDIS_"))}
        return subprocess.run([binary, *arguments], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=60)
    return run


def test_what_it_writes_is_good_to_begin_with(run, tmp_path):
    assert run("init").returncode == 0
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    text = (tmp_path / ".env").read_text()
    assert "=change-me" not in text
    ended = run("serve", "--check-config")
    assert ended.returncode == 0, ended.stderr
    printed = run("serve", "--print-settings").stdout
    assert 'host = "redis"' in printed and "# password is set, and not shown" in printed


def test_it_overwrites_nothing_unless_it_is_told_to(run, tmp_path):
    (tmp_path / ".env").write_text("TTS_BACKEND=espeak\n")
    refused = run("init")
    assert refused.returncode == 1 and "--force" in refused.stderr and ".env" in refused.stderr
    assert (tmp_path / ".env").read_text() == "TTS_BACKEND=espeak\n"
    assert run("init", "--force").returncode == 0
    assert (tmp_path / ".env.old").read_text() == "TTS_BACKEND=espeak\n"
    assert "REDIS_PASSWORD=" in (tmp_path / ".env").read_text()


def test_to_standard_output(run, tmp_path):
    """For a machine that has the image alone."""
    one, other = run("init", "--output", "-").stdout, run("init", "--output", "-").stdout
    assert one != other and one.count("\n") == other.count("\n") == (ROOT / ".env.example").read_text().count("\n")
    assert not list(tmp_path.iterdir())


def test_the_guides_copy_is_good_to_begin_with(run, tmp_path):
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    ended = run("serve", "--check-config")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["REDIS_PASSWORD", "ANTIPHON_REDIS_PASSWORD", "ANTIPHON_ICE_TURN_SECRET"])
def test_a_placeholder_does_not_begin(run, tmp_path, name):
    (tmp_path / ".env").write_text(f"{name}=change-me\n")
    ended = run("serve")
    assert ended.returncode == 1
    assert name in ended.stderr and "placeholder" in ended.stderr and ended.stderr.count("\n") == 1
