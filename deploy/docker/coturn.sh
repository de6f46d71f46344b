#!/bin/bash
# Starts coturn as Antiphon's relay: for calls to the container app, and to nothing else. Its relays are reached from
# app alone, over the network that the two share, so only its own port is published.
set -euo pipefail

case "$ANTIPHON_ICE_TURN_SECRET" in
    "") echo "ANTIPHON_ICE_TURN_SECRET is not set: antiphon init makes one, or openssl rand -hex 32" >&2; exit 1 ;;
    *change-me*) echo "ANTIPHON_ICE_TURN_SECRET is a placeholder: antiphon init makes a secret, or openssl rand -hex 32" >&2; exit 1 ;;
esac

# On the network that both are on: app has others as well.
own=$(hostname -i | tr ' ' '\n' | grep -m 1 '\.')
media=()
for address in $(getent ahostsv4 app | awk '{ print $1 }' | sort -u); do
    [ "${address%.*}" != "${own%.*}" ] || media+=(--media "$address")
done
[ ${#media[@]} -gt 0 ] || { echo "the name app has no address on the network of $own" >&2; exit 1; }

/etc/antiphon/coturn/configure.sh "${media[@]}" --listen "$own" >/tmp/turnserver.conf
exec turnserver -c /tmp/turnserver.conf --log-file stdout --pidfile /tmp/turnserver.pid --no-cli
