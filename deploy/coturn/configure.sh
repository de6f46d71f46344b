#!/usr/bin/env bash
# Writes coturn's configuration for Antiphon to standard output:
#
#   ANTIPHON_ICE_TURN_SECRET=$(openssl rand -hex 32) deploy/coturn/configure.sh --media 203.0.113.7 >turnserver.conf
#
#   --media ADDRESS    where Antiphon's media is to be reached from here; again for a further one (IPv4 and IPv6)
#   --listen ADDRESS   this machine's own address to listen and relay on; again for a further one (default: all)
#   --public ADDRESS   the address that callers see, where a NAT stands before this machine
#   --port PORT        to listen on (3478)
#   --ports MIN-MAX    of the relays (49152-49999)
#   --realm NAME       (antiphon)
#   --secret-file FILE the secret, where it is not in the environment
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { echo "configure.sh: $*" >&2; exit 1; }

media=() listen=() public="" port=3478 ports=49152-49999 realm=antiphon secret="${ANTIPHON_ICE_TURN_SECRET:-}"
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "$1 needs a value"
    case "$1" in
        --media) media+=("$2") ;;
        --listen) listen+=("$2") ;;
        --public) public=$2 ;;
        --port) port=$2 ;;
        --ports) ports=$2 ;;
        --realm) realm=$2 ;;
        --secret-file) secret=$(<"$2") ;;
        *) fail "there is no option $1" ;;
    esac
    shift 2
done

is_address() { [[ $1 =~ ^[0-9]+(\.[0-9]+){3}$ || $1 =~ ^[0-9a-fA-F:]*:[0-9a-fA-F:]*$ ]]; }

[ ${#media[@]} -gt 0 ] || fail "--media is missing: the address of Antiphon's media, the only one that may be reached"
for address in "${media[@]}" "${listen[@]}" ${public:+"$public"}; do
    is_address "$address" || fail "$address is no IP address"
done
for address in "${media[@]}"; do
    case "$address" in 0.0.0.0 | :: | ::ffff:*) fail "$address is not one address that media can be at" ;; esac
done
[[ $port =~ ^[0-9]+$ ]] || fail "$port is no port"
[[ $ports =~ ^([0-9]+)-([0-9]+)$ ]] || fail "$ports is no range of ports"
min_port=${BASH_REMATCH[1]} max_port=${BASH_REMATCH[2]}
[ "$min_port" -le "$max_port" ] || fail "$ports is no range of ports"
[[ $realm =~ ^[A-Za-z0-9._-]+$ ]] || fail "$realm is no realm"
[ ${#secret} -ge 16 ] || fail "the secret is missing or shorter than 16 characters; make one with: openssl rand -hex 32"
[[ $secret =~ ^[A-Za-z0-9+/=_-]+$ ]] || fail "the secret has other characters than letters, digits and +/=_-"

addresses="" allowed=""
for address in "${listen[@]}"; do addresses+="listening-ip=$address"$'\n'"relay-ip=$address"$'\n'; done
[ -z "$public" ] || addresses+="external-ip=$public"$'\n'
for address in "${media[@]}"; do allowed+="allowed-peer-ip=$address"$'\n'; done

while IFS= read -r line; do
    case "$line" in
        @ADDRESSES@) printf '%s' "$addresses" ;;
        @ALLOWED@) printf '%s' "$allowed" ;;
        *)
            line=${line//@PORT@/$port} line=${line//@MIN_PORT@/$min_port} line=${line//@MAX_PORT@/$max_port}
            line=${line//@REALM@/$realm}
            printf '%s\n' "${line//@SECRET@/$secret}"
            ;;
    esac
done <"$here/turnserver.conf"
