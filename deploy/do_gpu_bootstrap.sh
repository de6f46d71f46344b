#!/usr/bin/env bash
# Makes a fresh machine (a GPU droplet, or one without a GPU) ready for `docker compose up`:
#
#   sudo bash deploy/do_gpu_bootstrap.sh
#
#   --dry-run      says what it would do, and changes nothing
#   --format       a disk that is entirely blank may be formatted; without this a terminal is asked, and otherwise it is left
#   --disk DEVICE  the scratch disk (or partition), where there are several
#   --mount PATH   where it goes (/mnt/scratch)
#   --no-docker    leaves Docker alone
#
# It mounts the scratch disk, makes the folders for models, installs Docker with Compose, and says which GPU it found.
# It can be run again at any time: what is there already stays as it is. A disk on which anything is written, be it a
# partition table, a file system or a single byte where they begin and end, is never formatted, whatever is said.
set -euo pipefail

readonly kUser=10001  # of the app's container
readonly kSmallestScratch=$((20 << 30))
readonly kDockerKey=9DC858229FC7DD38854AE2D88D81803C0EBFCD88

step() { printf '\n==> %s\n' "$*"; }
say() { printf '    %s\n' "$*"; }
warn() { printf '    WARNING: %s\n' "$*" >&2; }
fail() {
    printf 'do_gpu_bootstrap.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
    exit 1
}

dry_run=no may_format=no disk="" scratch=/mnt/scratch docker=yes
while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run) dry_run=yes ;;
        --format) may_format=yes ;;
        --no-docker) docker=no ;;
        --disk | --mount)
            [ $# -ge 2 ] || fail "$1 needs a value"
            if [ "$1" = --disk ]; then disk=$2; else scratch=$2; fi
            shift
            ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) fail "there is no option $1" ;;
    esac
    shift
done
[[ $scratch =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "--mount $scratch: a whole path of letters, digits and ._/- is needed"
scratch=${scratch%/}
[ $dry_run = yes ] || [ "$(id -u)" = 0 ] || fail "this must be run as root" "sudo bash deploy/do_gpu_bootstrap.sh"
for program in lsblk blkid wipefs findmnt mountpoint mount cmp awk install; do
    command -v "$program" >/dev/null || fail "$program is missing" "apt-get install util-linux mount diffutils gawk coreutils"
done
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# run COMMAND...: does it, or says that it would.
run() {
    if [ $dry_run = yes ]; then say "would run: $*"; else "$@"; fi
}

# --- The scratch disk --------------------------------------------------------------------------------------------------

file_system() { blkid -p -s TYPE -o value "$1" 2>/dev/null || true; }
uuid() { blkid -p -s UUID -o value "$1" 2>/dev/null || true; }

# All block devices below this one, itself first.
family() { lsblk -rpno NAME "$1" | sort -u; }

in_use() {
    local one
    for one in $(family "$1"); do
        # By number as well: the system's own disk may be mounted under another name (/dev/root).
        findmnt -rno TARGET --source "$one" >/dev/null && return 0
        findmnt -rno MAJ:MIN | grep -qxF "$(lsblk -dnro MAJ:MIN "$one")" && return 0
        [ -z "$(find "/sys/class/block/$(basename "$one")/holders" -mindepth 1 2>/dev/null)" ] || return 0
        awk -v device="$one" '$1 == device { found = 1 } END { exit !found }' /proc/swaps && return 0
    done
    return 1
}

# A whole disk on which nothing is written: no partitions, no signature that is known, zeros in the first and the last
# 16 MiB, where all of them have theirs, and in 64 places between, for what has lost its beginning.
is_blank() {
    local device=$1 size edge=$((16 << 20)) place
    [ "$(lsblk -dnro TYPE "$device")" = disk ] || return 1
    [ "$(family "$device" | wc -l)" = 1 ] || return 1
    [ -z "$(wipefs --noheadings --no-act "$device" 2>/dev/null || echo unreadable)" ] || return 1
    blkid -p "$device" >/dev/null 2>&1 && return 1
    size=$(blockdev --getsize64 "$device") || return 1
    [ "$size" -ge $((2 * edge)) ] || return 1
    cmp -s -n $edge "$device" /dev/zero && cmp -s -i $((size - edge)):0 -n $edge "$device" /dev/zero || return 1
    for ((place = 1; place <= 64; place++)); do
        cmp -s -i $((size * place / 65)):0 -n $((1 << 20)) "$device" /dev/zero || return 1
    done
}

named_in_fstab() {  # DEVICE, by any of its names
    local id
    id=$(uuid "$1")
    findmnt --fstab --evaluate -rno SOURCE 2>/dev/null | grep -qxF "$1" && return 0
    [ -n "$id" ] && awk -v id="UUID=$id" '!/^[ \t]*#/ && $1 == id { found = 1 } END { exit !found }' /etc/fstab
}
mount_point_in_fstab() { awk -v path="$scratch" '!/^[ \t]*#/ && $2 == path { found = 1 } END { exit !found }' /etc/fstab; }

describe() { lsblk -dno NAME,SIZE,MODEL "$1" 2>/dev/null | tr -s ' ' || echo "$1"; }

may_be_formatted() {
    [ $may_format = yes ] && return 0
    [ $dry_run = no ] && [ -t 0 ] && [ -t 1 ] || return 1
    local answer
    read -r -p "    $1 is blank. Format it as ext4 for $scratch? [yes/no] " answer
    [ "$answer" = yes ]
}

use_device() {  # DEVICE with ext4 or xfs
    local device=$1 kind id line
    kind=$(file_system "$device") id=$(uuid "$device")
    say "$device has $kind: it is mounted at $scratch"
    run mkdir -p "$scratch"
    run mount -t "$kind" "$device" "$scratch" || fail "$device cannot be mounted" "dmesg | tail says why; nothing was formatted"
    line="UUID=$id $scratch $kind defaults,nofail,x-systemd.device-timeout=10s 0 2"
    if [ -n "$id" ] && ! mount_point_in_fstab; then
        say "/etc/fstab: $line"
        [ $dry_run = yes ] || printf '%s\n' "$line" >>/etc/fstab
    fi
}

format() {
    local device=$1
    # Looked at once more, right before: what was blank a moment ago may not be.
    if in_use "$device" || ! is_blank "$device"; then fail "$device is not blank any more; it was left as it is"; fi
    say "$device is blank: it is formatted as ext4"
    run mkfs.ext4 -q -m 0 -L scratch "$device" </dev/null
    if [ $dry_run = yes ]; then say "would mount it at $scratch, with a line in /etc/fstab"; else use_device "$device"; fi
}

use_folder() {
    warn "$1"
    say "The models go to a folder of the system's disk: $scratch"
    run mkdir -p "$scratch"
}

choose_disk() {
    local name kind size ready=() blank=() other=() one all=()
    if [ -n "$disk" ]; then
        [ -b "$disk" ] || fail "$disk is no disk" "lsblk shows those of this machine"
        if in_use "$disk"; then fail "$disk is in use" "Choose another one; lsblk shows them"; fi
        all=("$disk")
    else
        while read -r name kind size; do
            case "$kind" in disk | part) ;; *) continue ;; esac
            if [ "$size" -lt $kSmallestScratch ] || in_use "$name"; then continue; fi
            all+=("$name")
        done < <(lsblk -rbpno NAME,TYPE,SIZE)
    fi
    for one in "${all[@]}"; do
        case "$(file_system "$one")" in
            ext4 | xfs) if [ -n "$disk" ] || ! named_in_fstab "$one"; then ready+=("$one"); fi ;;
            "") if is_blank "$one"; then blank+=("$one"); elif [ "$(family "$one" | wc -l)" = 1 ]; then other+=("$one"); fi ;;
            *) other+=("$one") ;;
        esac
    done
    for one in "${other[@]}"; do say "$one holds something ($(file_system "$one" | grep . || echo "no file system, but not blank")): it is not touched"; done

    if [ ${#ready[@]} -gt 1 ]; then fail "several disks could be the scratch disk: ${ready[*]}" "Say which: --disk ${ready[0]}"; fi
    if [ ${#ready[@]} = 1 ]; then use_device "${ready[0]}"; return; fi
    if [ ${#blank[@]} -gt 1 ]; then fail "several disks are blank: ${blank[*]}" "Say which is for scratch: --disk ${blank[0]} --format"; fi
    if [ ${#blank[@]} = 1 ]; then
        if may_be_formatted "$(describe "${blank[0]}")"; then format "${blank[0]}"; return; fi
        use_folder "${blank[0]} is blank and was left so. To use it: sudo bash deploy/do_gpu_bootstrap.sh --format"
        return
    fi
    if [ -n "$disk" ]; then fail "$disk holds something else than ext4 or xfs; it was left as it is" "Make a file system on it by hand, if nothing of it is needed"; fi
    use_folder "there is no scratch disk"
}

step "Scratch disk"
[ -e /etc/fstab ] || run touch /etc/fstab
if mountpoint -q "$scratch"; then
    say "$scratch is mounted already: $(findmnt -no SOURCE,FSTYPE,SIZE "$scratch" | tail -n 1)"
elif mount_point_in_fstab; then
    say "/etc/fstab says what belongs at $scratch"
    run mkdir -p "$scratch"
    run mount "$scratch" || use_folder "it cannot be mounted: look at the line of $scratch in /etc/fstab"
else
    choose_disk
fi

# --- Folders for models ------------------------------------------------------------------------------------------------

step "Folders for models"
for folder in "$scratch/hf" "$scratch/torch"; do
    if [ -d "$folder" ] && [ "$(stat -c %u:%g "$folder")" = $kUser:$kUser ]; then
        say "$folder is there"
    else
        say "$folder, of the user $kUser of the container"
        run install -d -m 755 -o $kUser -g $kUser "$folder"
    fi
done
if [ -d "$scratch" ]; then
    free=$(($(stat -f -c '%a * %S' "$scratch") >> 30))
    say "$free GB are free there"
    [ "$free" -ge 20 ] || warn "the models of the deployment guide take about 20 GB"
fi

# --- Docker ------------------------------------------------------------------------------------------------------------

# Reads into its own variables: os_id (debian or ubuntu, or empty), codename.
read_system() {
    local ID="" ID_LIKE="" VERSION_CODENAME="" UBUNTU_CODENAME="" one
    # shellcheck disable=SC1091
    . /etc/os-release
    os_id="" codename=${UBUNTU_CODENAME:-$VERSION_CODENAME}
    for one in $ID $ID_LIKE; do
        case "$one" in debian | ubuntu) os_id=$one; return ;; esac
    done
}

# Docker's own packages, once its key is seen to be the right one.
docker_repository() {
    local key found
    key=$(mktemp)
    if ! curl -fsSL --retry 2 --max-time 60 "https://download.docker.com/linux/$os_id/gpg" -o "$key"; then
        rm -f "$key"
        warn "download.docker.com cannot be reached"
        return 1
    fi
    found=$(gpg --batch --with-colons --show-keys "$key" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }')
    if [ "$found" != $kDockerKey ]; then
        rm -f "$key"
        fail "the key of Docker's packages is not the one that it should be (${found:-none})" \
            "Somebody may stand between this machine and download.docker.com; nothing was installed"
    fi
    install -d /etc/apt/keyrings /etc/apt/sources.list.d
    install -m 644 "$key" /etc/apt/keyrings/docker.asc
    rm -f "$key"
    echo "deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/$os_id $codename stable" \
        >/etc/apt/sources.list.d/docker.list
    if apt-get update -qq && apt-get install -y -qq docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin; then return 0; fi
    rm -f /etc/apt/sources.list.d/docker.list
    warn "Docker has no packages for $os_id $codename"
    return 1
}

docker_of_the_distribution() {
    local plugin
    apt-get update -qq || true
    apt-get install -y -qq docker.io || return 1
    for plugin in docker-compose-v2 docker-compose-plugin docker-compose; do
        apt-get install -y -qq "$plugin" 2>/dev/null && docker compose version >/dev/null 2>&1 && return 0
    done
    return 1
}

install_docker() {
    export DEBIAN_FRONTEND=noninteractive
    read_system
    [ -n "$os_id" ] || fail "Docker cannot be installed by this script on this system" "Install Docker and its Compose plugin by hand, and run this again"
    if [ $dry_run = yes ]; then
        say "would install Docker and the Compose plugin ($os_id $codename), from Docker's packages or else the distribution's"
        return
    fi
    apt-get update -qq || warn "apt-get update failed"
    apt-get install -y -qq ca-certificates curl gpg || fail "curl and gpg cannot be installed" "Look at what apt-get says above"
    # Who has the distribution's Docker keeps it.
    if command -v docker >/dev/null && ! dpkg -s docker-ce >/dev/null 2>&1; then
        docker_of_the_distribution || fail "the Compose plugin cannot be installed beside the Docker that is here" "docs.docker.com/compose/install says how by hand"
    else
        docker_repository || docker_of_the_distribution || fail "Docker cannot be installed" "Look at what apt-get says above"
    fi
}

if [ $docker = yes ]; then
    step "Docker and Compose"
    if docker compose version >/dev/null 2>&1; then
        say "there already: $(docker --version), Compose $(docker compose version --short)"
    else
        install_docker
    fi
    if [ -d /run/systemd/system ] && ! systemctl is-active -q docker; then run systemctl enable --now docker; fi
    if [ $dry_run = no ] && ! docker info >/dev/null 2>&1; then
        warn "Docker is installed, but does not answer: systemctl status docker, journalctl -u docker"
    fi
fi

# --- The GPU -----------------------------------------------------------------------------------------------------------

step "GPU"
override="" own=()
if [ -e /dev/kfd ]; then
    group=$(stat -c %g /dev/kfd)
    name=$(rocm-smi --showproductname 2>/dev/null | awk -F: '/Card [Ss]eries/ { gsub(/^[ \t]+/, "", $NF); print $NF; exit }' || true)
    architecture=$(rocminfo 2>/dev/null | awk '$1 == "Name:" && $2 ~ /^gfx/ { print $2; exit }' || true)
    say "ROCm: ${name:-an AMD GPU}${architecture:+ ($architecture)}, /dev/kfd of the group $group"
    [ -n "$name$architecture" ] || warn "neither rocm-smi nor rocminfo says which: is ROCm installed?"
    compgen -G '/dev/dri/renderD*' >/dev/null || warn "there is no /dev/dri/renderD*: the amdgpu driver is not complete"
    override=compose.rocm.yaml
    # The container's user gets at the GPU by these groups, and the program is built for this architecture.
    own=("RENDER_GID=$group" "VIDEO_GID=$(getent group video | cut -d: -f3)")
    [ -z "$architecture" ] || own+=("GPU_ARCHITECTURES=$architecture")
elif command -v nvidia-smi >/dev/null; then
    if name=$(nvidia-smi --query-gpu=name,memory.total --format=csv,noheader 2>/dev/null) && [ -n "$name" ]; then
        say "CUDA: $(head -n 1 <<<"$name") ($(wc -l <<<"$name") in all)"
        override=compose.cuda.yaml
        architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d . || true)
        [[ ! $architecture =~ ^[0-9]+$ ]] || own+=("GPU_ARCHITECTURES=$architecture")
        command -v nvidia-ctk >/dev/null || command -v nvidia-container-runtime >/dev/null ||
            warn "containers cannot reach it yet: install nvidia-container-toolkit, then: nvidia-ctk runtime configure --runtime=docker && systemctl restart docker"
    else
        warn "nvidia-smi is here, but finds no GPU: is the driver loaded? (dmesg | grep -i nvidia)"
    fi
else
    say "none was found (no /dev/kfd, no nvidia-smi): the models run on the CPU"
fi

# --- What comes next ---------------------------------------------------------------------------------------------------

step "Next"
[ -e "$repository/.env" ] || say "cp .env.example .env"
say "in .env:"
say "    HF_CACHE_DIR=$scratch/hf"
say "    TORCH_CACHE_DIR=$scratch/torch"
for line in ${override:+"COMPOSE_FILE=compose.yaml:$override"} "${own[@]}"; do say "    $line"; done
say "docker compose up --build -d"
[ $dry_run = no ] || step "This was a dry run: nothing was changed"
