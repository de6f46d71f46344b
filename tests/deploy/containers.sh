#!/usr/bin/env bash
# The deployment guide's containers, built, started and called for real on a Debian 12 without Docker: podman, runc,
# buildah and podman-compose take its place, and the images of others are made here from Debian's packages, under the
# names that compose.yaml has. Needs root. Everything lies in one folder, and goes with it.
#
#   tests/deploy/containers.sh
#   --cache FOLDER    what the build of the image keeps and finds there, in place of its own cache; it is written to
#   --work FOLDER     where everything lies (a new folder in $TMPDIR or /var/tmp; 6 GB)
#   --keep            leave the folder and the images; run again with the same --work, it takes them as they are
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
source "$root/scripts/lib/packages.sh"

work="" build_cache="" keep=no
while [ $# -gt 0 ]; do
    case "$1" in
        --cache) build_cache=$2; shift 2 ;;
        --work) work=$2; shift 2 ;;
        --keep) keep=yes; shift ;;
        *) fail "there is no option $1" ;;
    esac
done
[ "$(id -u)" = 0 ] || fail "this needs root: containers are made without a daemon"

passed=0 step_name=""
step() { step_name=$1; say "step: $1"; }
ok() { passed=$((passed + 1)); say "  ok: $1"; }
not_here() { say "  LEFT OUT: $1"; }
wrong() { say "  FAILED: $1"; fail "step '$step_name'"; }

step "packages"
install_packages deploy
ok "podman $(podman --version | awk '{ print $3 }'), buildah $(buildah --version | awk '{ print $3 }'), runc $(runc --version | awk 'NR == 1 { print $3 }')"

[ -n "$work" ] || work=$(mktemp -d "${TMPDIR:-/var/tmp}/antiphon-containers-XXXXXX")
mkdir -p "$work"
work=$(cd "$work" && pwd)

# A storage and a configuration of our own. A machine that is a container itself may not raise limits.
limit=$(($(ulimit -Hn) < 8192 ? $(ulimit -Hn) : 8192))
cat >"$work/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$limit:$limit", "nproc=$limit:$limit"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
END
cat >"$work/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$work/storage"
runroot = "$work/run"
END
export CONTAINERS_CONF="$work/containers.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf" BUILDAH_FORMAT=docker

# The clone, in a folder with the name that the guide's has.
project="$work/solvathon_layer1-main 3"
compose() { (cd "$project" && "$work/venv/bin/podman-compose" "$@"); }
started=no
finish() {
    local status=$?
    if [ $started = yes ]; then
        if [ $status != 0 ]; then
            say "the containers, and the end of their logs:"
            podman ps -a --format '{{.Names}} {{.Status}}' >&2
            for name in $(podman ps -aq); do podman logs --tail 8 "$name" >&2 2>&1 || true; done
        fi
        say "stopping everything"
        compose --profile turn down -v -t 5 >/dev/null 2>&1 || true
    fi
    if [ $keep = no ]; then
        podman system reset -f >/dev/null 2>&1 || true
        rm -rf "$work"
    fi
    exit $status
}
trap finish EXIT

step "podman-compose, from tests/deploy/requirements.txt"
if [ ! -x "$work/venv/bin/podman-compose" ]; then
    quietly "making a virtual environment" python3 -m venv "$work/venv"
    quietly "installing podman-compose" "$work/venv/bin/pip" install --require-hashes -r "$root/tests/deploy/requirements.txt"
fi
ok "$("$work/venv/bin/podman-compose" --version 2>/dev/null | grep -m 1 -i podman-compose)"

image_of() { sed -n "/^  $1:/,/^  [a-z]/s/^    image: *//p" "$root/compose.yaml"; }
in_image() { podman run --rm --no-healthcheck "$@"; }  # without systemd, podman has no clock for health checks
there() { podman image exists "$1"; }
base=$(sed -n 's/^ARG BUILD_BASE=//p' "$root/Dockerfile")

step "the base image $base, by debootstrap"
if ! there "$base"; then
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        grep -v '^#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)
    quietly "debootstrap" debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" "${mirror:-http://deb.debian.org/debian}"
    # How this machine comes to its packages: the authorities that it trusts, and what apt is told.
    cp /usr/local/share/ca-certificates/*.crt "$work/base/usr/local/share/ca-certificates/" 2>/dev/null || true
    chroot "$work/base" update-ca-certificates >/dev/null 2>&1
    apt-config dump | grep -E '^Acquire::(Check|http|https)' >"$work/base/etc/apt/apt.conf.d/99host" || true
    rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/*
    tar -C "$work/base" -c . | podman import - "$base" >/dev/null 2>&1
    rm -rf "$work/base"
fi
ok "$base: $(in_image "$base" cat /etc/debian_version)"

# Images of others, from Debian's packages: what compose.yaml relies on of the real ones is made here.
image_from() {  # NAME, Containerfile on standard input
    mkdir -p "$work/stand-in"
    quietly "building $1" buildah bud --isolation chroot -t "$1" -f - "$work/stand-in"
}
install='apt-get update -qq && apt-get install -y -qq --no-install-recommends'
step "stand-ins for the images of others"
redis=$(image_of redis) nginx=$(image_of nginx) ollama=$(image_of ollama) coturn=$(image_of coturn)
there "$redis" || image_from "$redis" <<END
FROM $base
RUN groupadd -r -g 999 redis && useradd -r -u 999 -g redis redis && $install redis-server >/dev/null && install -d -o redis -g redis /data
VOLUME /data
END
ok "$redis"
there "$nginx" || image_from "$nginx" <<END
FROM $base
RUN $install nginx-light >/dev/null && useradd -r nginx && mkdir -p /docker-entrypoint.d && \
    printf '#!/bin/sh\nfor one in /docker-entrypoint.d/*.sh; do sh "\$one" || true; done\nexec "\$@"\n' >/docker-entrypoint.sh && chmod +x /docker-entrypoint.sh
ENTRYPOINT ["/docker-entrypoint.sh"]
CMD ["nginx", "-g", "daemon off; user nginx;"]
STOPSIGNAL SIGQUIT
END
ok "$nginx"
there "$coturn" || image_from "$coturn" <<END
FROM $base
RUN $install coturn >/dev/null
END
ok "$coturn"
thinks=no
if program=$(command -v ollama); then
    cp "$program" "$work/ollama.bin"
    there "$ollama" || { mkdir -p "$work/stand-in" && cp "$program" "$work/stand-in/ollama" && image_from "$ollama" <<END
FROM $base
RUN $install libstdc++6 >/dev/null
COPY ollama /usr/bin/ollama
ENTRYPOINT ["/usr/bin/ollama"]
CMD ["serve"]
END
    }
    thinks=yes
    ok "$ollama, from $program"
else
    there "$ollama" || image_from "$ollama" <<END
FROM $base
RUN printf '#!/bin/sh\n[ "\$1" != serve ] || exec sleep infinity\nexit 1\n' >/usr/bin/ollama && chmod +x /usr/bin/ollama
ENTRYPOINT ["/usr/bin/ollama"]
CMD ["serve"]
END
    not_here "there is no ollama program in PATH: a container that answers nobody has its place, and app thinks by itself"
fi

step "git clone"
if [ ! -d "$project" ]; then
    mkdir -p "$project"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null -T - -c --ignore-failed-read 2>/dev/null) | tar -C "$project" -x
fi
ok "$project"

step "the image of app, by its Dockerfile"
began=$SECONDS
seed=()
[ -z "$build_cache" ] || { mkdir -p "$build_cache"; seed=(--volume "$(cd "$build_cache" && pwd):/root/.cache/antiphon"); }
if ! there localhost/antiphon:latest; then
    (cd "$project" && buildah bud --isolation chroot --layers "${seed[@]}" -t localhost/antiphon:latest . >"$work/build.log" 2>&1) ||
        { tail -n 30 "$work/build.log" >&2; wrong "the image could not be built"; }
fi
ok "$(podman image inspect localhost/antiphon:latest --format '{{.Size}}' | numfmt --to=si)B, in $((SECONDS - began)) s; user $(podman image inspect localhost/antiphon:latest --format '{{.User}}')"
missing=$(in_image --entrypoint /bin/sh localhost/antiphon:latest -c 'ldd /usr/local/bin/antiphon /usr/local/lib/*.so | grep "not found"' || true)
[ -z "$missing" ] || wrong "libraries are missing: $missing"
ok "every library of it is found"
for tool in gcc cmake git cargo pip curl; do
    ! in_image --entrypoint /bin/sh localhost/antiphon:latest -c "command -v $tool" >/dev/null || wrong "$tool is in it"
done
ok "no compiler and no package fetcher is in it"

step "cp .env.example .env, and what this machine has to have otherwise"
# Free for TCP and for UDP: the relay takes both.
free_port() {
    python3 - <<'END'
import socket
while True:
    tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
    tcp.bind(("127.0.0.1", 0))
    try:
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
    except OSError:
        continue
    print(tcp.getsockname()[1])
    break
END
}
app_port=8080
if (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; then
    app_port=$(free_port)
    say "  port 8080 is taken on this machine: $app_port in its place"
fi
http_port=$(free_port) media_port=$(free_port) turn_port=$(free_port)
models="${ANTIPHON_MODELS_DIR:-${HF_CACHE_DIR:-$cache/models}}"
[ -d "$models" ] || fail "no models in $models: run ./scripts/run.sh build first"
mkdir -p "$work/hf" "$work/letsencrypt"
cp -a --reflink=auto "$models/." "$work/hf/"
chown -R 10001:10001 "$work/hf"
setting() { sed -i "s|^#*$1=.*|$1=$2|" "$project/.env"; }
settings_of_here() {
    setting HF_CACHE_DIR "$work/hf"
    setting APP_PORT "127.0.0.1:$app_port"
    setting HTTP_PORT "127.0.0.1:$http_port"
    setting HTTPS_PORT "127.0.0.1:$(free_port)"
    setting ANTIPHON_WEBRTC_PORTS "$media_port"
    setting LETSENCRYPT_DIR "$work/letsencrypt"
    setting TURN_PORT "127.0.0.1:$turn_port"
}
cp "$project/.env.example" "$project/.env"
settings_of_here
ok "$(grep -c '^[A-Z]' "$project/.env") values"

await_ready() {  # PORT
    for _ in $(seq 180); do
        [ "$(python3 -c "import json, urllib.request as u; print(json.load(u.urlopen('http://127.0.0.1:$1/ready', timeout=3))['ready'])" 2>/dev/null)" = True ] && return 0
        sleep 1
    done
    wrong "not ready after three minutes"
}
container() { podman ps -a --format '{{.Names}}' | grep -m 1 -E "^antiphon_$1_1$|^solvathon_$1$"; }
up() {  # podman-compose's arguments
    local one
    compose "$@" >"$work/up.log" 2>&1 || { tail -n 30 "$work/up.log" >&2; wrong "docker compose up"; }
    for one in ollama redis app nginx; do
        [ "$(podman inspect "$(container $one)" --format '{{.State.Running}}' 2>/dev/null)" = true ] ||
            { grep -v systemd "$work/up.log" | tail -n 30 >&2; wrong "$one does not run"; }
    done
}

step "docker compose up -d"
# What a plain `docker compose up -d` starts, but for ollama-models, which fetches from Ollama's own site.
started=yes
up up -d models ollama redis app nginx
[ "$(podman inspect "$(container models)" --format '{{.State.ExitCode}}')" = 0 ] || { podman logs "$(container models)" >&2; wrong "models"; }
ok "models: $(podman logs "$(container models)" 2>&1 | tail -1)"
podman container exists solvathon_ollama || wrong "there is no container solvathon_ollama"
ok "the containers are $(podman ps --format '{{.Names}}' | sort | tr '\n' ' ')"

step "curl http://localhost:8080/ready"
await_ready "$app_port"
python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:$app_port/ready').read().decode())"
ok "ready"

step "python test_pipeline.py --server http://127.0.0.1:$app_port"
(cd "$project" && python3 test_pipeline.py --server "http://127.0.0.1:$app_port" --full) || wrong "test_pipeline.py"
ok "it passes at app"
(cd "$project" && python3 test_pipeline.py --server "http://127.0.0.1:$http_port") || wrong "test_pipeline.py through nginx"
ok "it passes through nginx"

app=$(container app)
step "what the containers may do"
inside() { podman exec "$app" "$@"; }
[ "$(inside sh -c 'cat /proc/1/comm')" = antiphon ] || wrong "process 1 is not antiphon"
[ "$(inside id -u)" = 10001 ] || wrong "app runs as $(inside id -u)"
for one in "$app" solvathon_ollama "$(container redis)"; do
    [ "$(podman exec "$one" grep -c '^CapEff:.*[^0]$' /proc/1/status || true)" = 0 ] || wrong "$one has capabilities: $(podman exec "$one" grep CapEff /proc/1/status)"
    podman exec "$one" grep -q '^NoNewPrivs:.*1$' /proc/1/status || wrong "$one may gain privileges"
done
for one in "$app" solvathon_ollama "$(container redis)" "$(container nginx)"; do
    ! podman exec "$one" sh -c 'echo x >/usr/x' 2>/dev/null || wrong "$one can write its own root"
done
ok "process 1 is antiphon, for a user of its own; no capabilities, no new privileges, nothing to write on but volumes"
[ -z "$(podman port "$(container redis)")$(podman port solvathon_ollama)" ] || wrong "redis or ollama is published"
podman exec "$app" bash -c 'exec 3<>/dev/tcp/redis/6379' || wrong "app does not reach redis"
! podman exec "$(container nginx)" bash -c 'exec 3<>/dev/tcp/redis/6379' 2>/dev/null || wrong "nginx reaches redis"
ok "redis is there for app, and for nobody else"
for one in app redis nginx; do
    podman healthcheck run "$(container $one)" >/dev/null || wrong "$one is not healthy"
done
[ $thinks = no ] || podman healthcheck run solvathon_ollama >/dev/null || wrong "ollama is not healthy"
ok "the health checks pass"

if [ $thinks = yes ]; then
    step "docker exec solvathon_ollama ollama list"
    podman exec solvathon_ollama ollama list || wrong "ollama list"
    ok "Ollama answers"
fi

step "docker compose stop app: process 1 takes SIGTERM"
began=$SECONDS
podman stop -t 30 "$app" >/dev/null
code=$(podman inspect "$app" --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || wrong "it ended with $code"
podman logs "$app" 2>&1 | grep -q server.stopped || wrong "its log does not say that it stopped in order"
ok "in order, within $((SECONDS - began)) s"
code=$(podman start "$app" >/dev/null; await_ready "$app_port"; podman healthcheck run "$app" >/dev/null; echo $?)
[ "$code" = 0 ] || wrong "it is not healthy again"
ok "and it comes up again"

step "antiphon init: the same with secrets, and the relay (profile turn)"
compose down -t 20 >/dev/null 2>&1
in_image localhost/antiphon:latest init --output - >"$project/.env"
settings_of_here
setting ANTIPHON_ICE_TURN_URLS "turn:coturn:3478"
up --profile turn up -d models ollama redis app nginx coturn
await_ready "$app_port"
podman exec "$(container redis)" redis-cli -h 127.0.0.1 ping 2>&1 | grep -q NOAUTH || wrong "redis asks for no password"
podman healthcheck run "$(container redis)" >/dev/null || wrong "redis is not healthy with its password"
python3 - "$app_port" <<'PY' || wrong "app does not come into Redis"
import json, sys, urllib.request
ready = json.load(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/ready"))
sys.exit(ready.get("session_store") != "ok")
PY
ok "Redis asks for the password, and app has it"
relay=""
for _ in $(seq 20); do
    relay=$(podman exec "$(container app)" antiphon check --timeout 5 | tee "$work/check.log" | grep -E '^ok +turn' || true)
    [ -z "$relay" ] || break
    sleep 1
done
cat "$work/check.log"
[ -n "$relay" ] || wrong "the relay gives app no address"
! grep -q '^failed' "$work/check.log" || wrong "antiphon check"
ok "every leg of a call, and a relay's address"
said=$(in_image --network host localhost/antiphon:latest check "http://127.0.0.1:$app_port" --timeout 10 | grep '^ok *webrtc' || true)
[ -n "$said" ] || wrong "no sound from the machine itself"
ok "from the machine itself: ${said#*webrtc     }"

step "a placeholder for a secret"
setting REDIS_PASSWORD change-me
compose --profile turn down -t 20 >/dev/null 2>&1
said=$(in_image --env-file "$project/.env" localhost/antiphon:latest serve 2>&1) && wrong "app starts with it"
[[ $said == *REDIS_PASSWORD* ]] || wrong "app does not name it: $said"
ok "app does not start: $said"

say "all steps passed ($passed checks)"
