#!/bin/sh
# Starts Grafana, unless its password would be the one that everybody knows.
case "$GF_SECURITY_ADMIN_PASSWORD" in
    "") echo "GRAFANA_PASSWORD is not set: antiphon init makes one, or openssl rand -hex 16" >&2; exit 1 ;;
    *change-me*) echo "GRAFANA_PASSWORD is a placeholder: antiphon init makes a secret, or openssl rand -hex 16" >&2; exit 1 ;;
esac
exec /run.sh "$@"
