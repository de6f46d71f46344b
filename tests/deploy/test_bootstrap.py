"""deploy/do_gpu_bootstrap.sh with real disks (loop devices over files), in a mount namespace of its own.

What it would install is played by stubs that note how they were called. Needs root and loop devices.
"""

import hashlib
import os
import pathlib
import pty
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZE = 21 << 30  # sparse: nothing of it is really there
DOCKER_KEY = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

# Of the machine's disks only the test's own are seen, and as disks.
LSBLK = """#!/bin/bash
mapfile -t own <"$STUBS/disks"
case "$*" in
    "-rbpno NAME,TYPE,SIZE") for one in "${own[@]}"; do "$REAL" "$@" "$one"; done ;;
    *) "$REAL" "$@" ;;
esac | sed 's/\\bloop\\b/disk/g'
"""
NOTED = '#!/bin/bash\necho "$(basename "$0") $*" >>"$STUBS/called"\n'
DOCKER = NOTED + """
case "$1 $2" in "compose version") [ -e "$STUBS/compose" ] && echo 2.40.0 ;; *) echo "Docker version 28.0.0" ;; esac
"""
APT_GET = NOTED + """
case "$*" in *" docker.io"* | *" docker-ce"*) cp "$STUBS/docker-once-installed" "$STUBS/docker" ;; esac
case "$*" in *docker-compose*) touch "$STUBS/compose" ;; esac
"""
CURL = NOTED + '[ -e "$STUBS/offline" ] && exit 6; while [ $# -gt 0 ]; do [ "$1" = -o ] && echo key >"$2"; shift; done\n'
GPG = NOTED + f'echo "pub:-:4096:1:8D81803C0EBFCD88:1:::-:::scSC::::::23::0:"; echo "fpr:::::::::$(cat "$STUBS/key" 2>/dev/null || echo {DOCKER_KEY}):"\n'
DPKG = NOTED + '[ "$1" = --print-architecture ] && echo amd64\n'  # and no package is known
STUBS = {"lsblk": LSBLK, "docker-once-installed": DOCKER, "apt-get": APT_GET, "curl": CURL, "gpg": GPG, "dpkg": DPKG, "systemctl": NOTED}


def loops_work():
    if os.geteuid() != 0 or shutil.which("losetup") is None:
        return False
    done = subprocess.run(["unshare", "--mount", "losetup", "--find"], capture_output=True)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not loops_work(), reason="needs root, mount namespaces and loop devices")


class Machine:
    """A machine with some disks, a /mnt and an /etc of its own, as long as the test: a process holds its namespace."""

    def __init__(self, folder):
        self.folder, self.stubs = folder, folder / "stubs"
        self.stubs.mkdir()
        for name, text in STUBS.items():
            (self.stubs / name).write_text(text)
            (self.stubs / name).chmod(0o755)
        (self.stubs / "disks").write_text("")
        (folder / "etc/apt").mkdir(parents=True)
        (folder / "etc/fstab").write_text("# the system's own\nproc /proc proc defaults 0 0\n")
        (folder / "etc/os-release").write_text('ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n')
        self.loops = []
        self.holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.inside("mount", "-t", "tmpfs", "none", "/mnt")
        for name in ("fstab", "os-release", "apt"):
            self.inside("mount", "--bind", folder / "etc" / name, os.path.realpath(f"/etc/{name}"))

    def disk(self, prepare=None):
        """A new disk; `prepare` gets its device."""
        path = self.folder / f"disk{len(self.loops)}"
        with path.open("wb") as file:
            file.truncate(SIZE)
        device = subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True, text=True).stdout.strip()
        self.loops.append(device)
        if prepare:
            prepare(device)
        (self.stubs / "disks").write_text("\n".join(self.loops) + "\n")
        return device

    def inside(self, *words, check=True, **environment):
        command = ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, **environment})
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done

    def bootstrap(self, *words, check=True, script=ROOT / "deploy/do_gpu_bootstrap.sh"):
        return self.inside("bash", script, *words, check=check, STUBS=str(self.stubs), REAL=shutil.which("lsblk"),
                           PATH=f"{self.stubs}:/usr/sbin:/usr/bin:/sbin:/bin")

    def bootstrap_at_a_terminal(self, answer):
        """Of which the answer is typed when it is asked for."""
        ours, theirs = pty.openpty()
        command = ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--", "bash", ROOT / "deploy/do_gpu_bootstrap.sh"]
        environment = {**os.environ, "STUBS": str(self.stubs), "REAL": shutil.which("lsblk"), "PATH": f"{self.stubs}:/usr/sbin:/usr/bin:/sbin:/bin"}
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
                if b"[yes/no]" in said and answer:
                    os.write(ours, answer.encode() + b"\n")
                    answer = ""
        except OSError:
            pass  # it has ended
        os.close(ours)
        assert process.wait(60) == 0, said.decode()
        return said.decode()

    def fstab(self):
        return (self.folder / "etc/fstab").read_text()

    def mounted(self):
        return self.inside("findmnt", "-no", "SOURCE,FSTYPE", "/mnt/scratch", check=False).stdout.split()

    def called(self):
        path = self.stubs / "called"
        return path.read_text() if path.exists() else ""

    def state(self):
        """All that a second run or a dry run must not change."""
        files = {str(path): path.read_text() for path in (self.folder / "etc").rglob("*") if path.is_file()}
        folders = self.inside("find", "/mnt", "-printf", "%p %U:%G %m\n").stdout
        return files, folders, self.inside("findmnt", "-rn").stdout

    def end(self):
        self.holder.kill()
        self.holder.wait()
        for device in self.loops:
            subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    yield one
    one.end()


def content(device):
    """Of the first and last 64 MiB, and some between: the rest is a hole."""
    digest = hashlib.sha256()
    with open(device, "rb") as disk:
        for place in (0, SIZE // 2, SIZE - (64 << 20)):
            disk.seek(place)
            digest.update(disk.read(64 << 20))
    return digest.hexdigest()


def write_at(place, data=b"precious"):
    def write(device):
        with open(device, "r+b") as disk:
            disk.seek(place)
            disk.write(data)
    return write


def tool(*words):
    return lambda device: subprocess.run([*words, device], check=True, capture_output=True)


def partition_table(device):
    """One partition from the first MiB on, as old as disks."""
    entry = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (SIZE // 512 - 2048).to_bytes(4, "little")
    write_at(446, entry + bytes(48) + b"\x55\xaa")(device)


def test_a_blank_disk_is_left_alone_unless_it_may_be_formatted(machine):
    device = machine.disk()
    before = content(device)
    done = machine.bootstrap()
    assert "blank and was left so" in done.stderr and "--format" in done.stderr
    assert content(device) == before and not machine.mounted() and machine.fstab().count("\n") == 2
    assert machine.inside("stat", "-c", "%U:%u", "/mnt/scratch/hf").stdout.endswith(":10001\n"), "a folder does meanwhile"


def test_a_blank_disk_is_formatted_when_told_and_found_again(machine):
    device = machine.disk()
    machine.bootstrap("--format")
    assert machine.mounted() == [device, "ext4"]
    line = machine.fstab().splitlines()[-1]
    assert re.fullmatch(r"UUID=[0-9a-f-]{36} /mnt/scratch ext4 defaults,nofail\S* 0 2", line)
    machine.inside("sh", "-c", "echo model >/mnt/scratch/hf/file")
    before = machine.state()
    again = machine.bootstrap("--format")
    assert "mounted already" in again.stdout and machine.state() == before
    # After a restart of the machine, and by a run that has to mount it.
    machine.inside("umount", "/mnt/scratch")
    machine.bootstrap("--format")
    assert machine.inside("cat", "/mnt/scratch/hf/file").stdout == "model\n"
    assert machine.state()[:2] == before[:2]


def test_at_a_terminal_it_is_asked_for(machine):
    device = machine.disk()
    before = content(device)
    for answer in ("no", "y"):
        assert "left so" in machine.bootstrap_at_a_terminal(answer)
        assert content(device) == before and not machine.mounted()
    machine.bootstrap_at_a_terminal("yes")
    assert machine.mounted() == [device, "ext4"]


@pytest.mark.parametrize("prepare", [
    pytest.param(tool("mkfs.ext2", "-q"), id="ext2"), pytest.param(tool("mkswap"), id="swap"), pytest.param(partition_table, id="partitions"),
    pytest.param(write_at(0), id="first byte"), pytest.param(write_at(5 << 20), id="fifth MiB"), pytest.param(write_at(SIZE - 512), id="last sector"),
    pytest.param(write_at(SIZE * 20 // 65 + 100), id="in between"),
    pytest.param(write_at(SIZE - 4096, bytes.fromhex("fc4e2ba9") + b"\1\0\0\0"), id="RAID member"),
])
def test_a_disk_that_holds_anything_is_never_formatted(machine, prepare):
    device = machine.disk(prepare)
    before = content(device)
    done = machine.bootstrap("--format")
    assert content(device) == before and not machine.mounted() and machine.fstab().count("\n") == 2
    assert "not touched" in done.stdout
    named = machine.bootstrap("--format", "--disk", device, check=False)
    assert named.returncode == 1 and "left as it is" in named.stderr and content(device) == before


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_file_system_that_is_there_is_mounted_as_it_is(machine, kind, tmp_path):
    def fill(device):
        tool(f"mkfs.{kind}", "-q")(device)
        (tmp_path / "once").mkdir()
        subprocess.run(["mount", device, tmp_path / "once"], check=True)
        (tmp_path / "once/data").write_text("of the user")
        subprocess.run(["umount", tmp_path / "once"], check=True)

    device = machine.disk(fill)
    machine.bootstrap("--format")
    assert machine.mounted() == [device, kind]
    assert machine.inside("cat", "/mnt/scratch/data").stdout == "of the user"
    before = machine.state()
    machine.bootstrap()
    assert machine.state() == before, "a second run changes nothing"


def test_what_is_mounted_or_belongs_elsewhere_is_not_taken(machine):
    used, other = machine.disk(tool("mkfs.ext4", "-q")), machine.disk(tool("mkfs.ext4", "-q", "-L", "database"))
    machine.inside("mkdir", "/mnt/used")
    machine.inside("mount", used, "/mnt/used")
    identity = subprocess.run(["blkid", "-p", "-s", "UUID", "-o", "value", other], capture_output=True, text=True).stdout.strip()
    with (machine.folder / "etc/fstab").open("a") as fstab:
        fstab.write(f"UUID={identity} /srv/database ext4 noauto 0 2\n")
    done = machine.bootstrap("--format")
    assert "no scratch disk" in done.stderr and not machine.mounted()
    refused = machine.bootstrap("--disk", used, "--format", check=False)
    assert refused.returncode == 1 and "in use" in refused.stderr


def test_which_of_several_has_to_be_said(machine):
    first, second = machine.disk(), machine.disk()
    done = machine.bootstrap("--format", check=False)
    assert done.returncode == 1 and first in done.stderr and second in done.stderr and "--disk" in done.stderr
    machine.bootstrap("--format", "--disk", second)
    assert machine.mounted() == [second, "ext4"]
    assert machine.bootstrap("--disk", "/dev/none", check=False).returncode == 0, "it is mounted already"


def test_a_dry_run_changes_nothing(machine):
    for prepare in (None, tool("mkfs.ext4", "-q")):
        device = machine.disk(prepare)
        before, bytes_before = machine.state(), content(device)
        done = machine.bootstrap("--dry-run", "--format", "--disk", device)
        assert "would run: " in done.stdout and "would install Docker" in done.stdout and "nothing was changed" in done.stdout
        assert machine.state() == before and content(device) == bytes_before
        assert "install" not in machine.called()


def test_docker_comes_from_its_own_packages_with_the_right_key(machine):
    machine.bootstrap()
    etc = machine.folder / "etc"
    assert (etc / "apt/keyrings/docker.asc").read_text() == "key\n"
    assert (etc / "apt/sources.list.d/docker.list").read_text() == (
        "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/ubuntu noble stable\n")
    assert "docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin" in machine.called()
    (machine.stubs / "called").unlink()
    again = machine.bootstrap()
    assert "there already" in again.stdout and "apt-get" not in machine.called()


def test_a_wrong_key_installs_nothing(machine):
    (machine.stubs / "key").write_text("A" * 40)
    done = machine.bootstrap(check=False)
    assert done.returncode == 1 and "not the one that it should be" in done.stderr
    assert "docker-ce" not in machine.called() and not list((machine.folder / "etc/apt").iterdir())


def test_without_dockers_packages_the_distributions_are_taken(machine):
    (machine.stubs / "offline").touch()
    machine.bootstrap()
    assert "install -y -qq docker.io" in machine.called() and "docker-compose-v2" in machine.called()
    assert "docker-ce" not in machine.called()


def test_who_has_the_distributions_docker_keeps_it_and_gets_compose(machine):
    shutil.copy(machine.stubs / "docker-once-installed", machine.stubs / "docker")
    machine.bootstrap()
    assert "docker-compose-v2" in machine.called() and "install -y -qq docker-ce" not in machine.called()
    assert not list((machine.folder / "etc/apt").iterdir())


def test_another_system_than_debian_is_told_so(machine):
    (machine.folder / "etc/os-release").write_text("ID=fedora\nVERSION_CODENAME=\n")
    done = machine.bootstrap(check=False)
    assert done.returncode == 1 and "by hand" in done.stderr
    machine.bootstrap("--no-docker")


def stub(machine, name, text):
    (machine.stubs / name).write_text(f"#!/bin/bash\n{text}\n")
    (machine.stubs / name).chmod(0o755)


def test_the_gpu_is_named_with_what_fits_it(machine):
    none = machine.bootstrap("--no-docker").stdout
    if pathlib.Path("/dev/kfd").exists():
        pytest.skip("this machine has an AMD GPU")
    stub(machine, "nvidia-smi", "case $1 in *compute_cap) echo 9.0 ;; *) echo 'NVIDIA H100 80GB HBM3, 81559 MiB' ;; esac")
    cuda = machine.bootstrap("--no-docker")
    assert "none was found" in none and "COMPOSE_FILE" not in none
    assert "CUDA: NVIDIA H100 80GB HBM3" in cuda.stdout
    assert "COMPOSE_FILE=compose.yaml:compose.cuda.yaml" in cuda.stdout and "GPU_ARCHITECTURES=90" in cuda.stdout
    assert "nvidia-container-toolkit" in cuda.stderr
    stub(machine, "nvidia-ctk", "")
    assert "nvidia-container-toolkit" not in machine.bootstrap("--no-docker").stderr
    stub(machine, "nvidia-smi", "exit 9")
    assert "finds no GPU" in machine.bootstrap("--no-docker").stderr
    # ROCm, with a /dev that has what its driver makes.
    stub(machine, "rocm-smi", "printf 'GPU[0]\\t\\t: Card Series: \\t\\tAMD Instinct MI300X VF\\n'")
    stub(machine, "rocminfo", "printf '  Name:                    AMD EPYC\\n  Name:                    gfx942\\n'")
    (machine.folder / "dev").mkdir()
    (machine.folder / "dev/fd").symlink_to("/proc/self/fd")
    for name in ("kfd", "null", "zero"):
        (machine.folder / "dev" / name).touch()
    machine.inside("mount", "--bind", "/dev/null", machine.folder / "dev/null")
    machine.inside("mount", "--bind", "/dev/zero", machine.folder / "dev/zero")
    machine.inside("mount", "--rbind", machine.folder / "dev", "/dev")
    rocm = machine.bootstrap("--no-docker")
    assert "ROCm: AMD Instinct MI300X VF (gfx942)" in rocm.stdout
    assert "COMPOSE_FILE=compose.yaml:compose.rocm.yaml" in rocm.stdout and "RENDER_GID=0" in rocm.stdout
    assert "GPU_ARCHITECTURES=gfx942" in rocm.stdout
    assert "renderD" in rocm.stderr


def test_it_runs_from_a_folder_with_a_space_in_its_name(machine, tmp_path):
    folder = tmp_path / "layer1-main 3"
    (folder / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/do_gpu_bootstrap.sh", folder / "deploy")
    assert "docker compose up --build -d" in machine.bootstrap("--no-docker", script=folder / "deploy/do_gpu_bootstrap.sh").stdout


def test_wrong_words_and_users_are_told_so(machine):
    for words, sentence in [(["--fast"], "no option --fast"), (["--disk"], "needs a value"), (["--mount", "scratch"], "whole path"),
                            (["--disk", "/dev/none"], "no disk")]:
        done = machine.bootstrap(*words, check=False)
        assert done.returncode == 1 and sentence in done.stderr, words
    nobody = machine.inside("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash", ROOT / "deploy/do_gpu_bootstrap.sh", check=False)
    assert nobody.returncode != 0 and ("root" in nobody.stderr or "Permission denied" in nobody.stderr)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_scripts_are_clean():
    scripts = [*(ROOT / "deploy").rglob("*.sh")]
    done = subprocess.run(["shellcheck", "--external-sources", "--source-path", ROOT, *scripts], capture_output=True, text=True)
    assert len(scripts) >= 3 and done.returncode == 0, done.stdout
