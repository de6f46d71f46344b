#!/bin/sh
# Starts Redis with the password of the environment, which its command line would show to everybody:
#
#   redis.sh         starts it
#   redis.sh ping    whether it answers
set -eu

if [ "${1:-}" = ping ]; then
    [ -z "$REDIS_PASSWORD" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
    [ "$(redis-cli -h 127.0.0.1 ping)" = PONG ]
    exit
fi

case "$REDIS_PASSWORD" in
    *change-me*) echo "REDIS_PASSWORD is a placeholder: put a secret into .env (antiphon init, or openssl rand -hex 32)" >&2; exit 1 ;;
    *[!A-Za-z0-9_.+/=-]*) echo "REDIS_PASSWORD may have letters, digits and _.+/=- only" >&2; exit 1 ;;
esac

umask 077
# What is acknowledged outlives a kill at once, and loses a second at most when the power goes. Nothing is thrown away
# when the memory is full: Antiphon goes on without and says so (docs/sessions.md).
cat >/run/redis/redis.conf <<END
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory 512mb
maxmemory-policy noeviction
protected-mode no
${REDIS_PASSWORD:+requirepass $REDIS_PASSWORD}
END
exec redis-server /run/redis/redis.conf
