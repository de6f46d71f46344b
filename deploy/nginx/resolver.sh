#!/bin/sh
# Tells deploy/nginx.conf who answers for the name "app" where that is not Docker's 127.0.0.11 (Podman, Kubernetes).
# In the nginx image it lies in /docker-entrypoint.d, which is run before nginx starts.
set -eu

folder="${1:-/run/antiphon-nginx}"
servers=$(awk '$1 == "nameserver" { if (index($2, ":")) printf "[%s] ", $2; else printf "%s ", $2 }' "${2:-/etc/resolv.conf}")
[ -n "$servers" ] || { echo "resolver.sh: ${2:-/etc/resolv.conf} names no server; nginx asks 127.0.0.11" >&2; exit 0; }
mkdir -p "$folder"
echo "resolver ${servers}valid=5s ipv6=off;" >"$folder/resolver.conf"
