#!/usr/bin/env bash
# Uncomments the TLS section of deploy/nginx.conf and puts the name and the certificate in:
#
#   sudo deploy/enable_tls.sh yourdomain.com
#
#   --conf FILE   the configuration (deploy/nginx.conf)
#   --cert FILE   the certificate and those above it (/etc/letsencrypt/live/DOMAIN/fullchain.pem)
#   --key FILE    its private key (/etc/letsencrypt/live/DOMAIN/privkey.pem)
#   --dry-run     shows what would change, and changes nothing
#
# Run again it changes nothing, or the name and the paths to what is now said. nginx is not touched: how to make it
# read the file is said at the end.
set -euo pipefail

fail() { echo "enable_tls.sh: $1" >&2; [ $# -lt 2 ] || echo "  $2" >&2; exit 1; }
warn() { echo "enable_tls.sh: $1" >&2; }

domain="" conf="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/nginx.conf" certificate="" key="" dry_run=no
while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run) dry_run=yes; shift ;;
        --conf | --cert | --key)
            [ $# -ge 2 ] || fail "$1 needs a file"
            case "$1" in --conf) conf=$2 ;; --cert) certificate=$2 ;; --key) key=$2 ;; esac
            shift 2
            ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
        -*) fail "there is no option $1" ;;
        *) [ -z "$domain" ] || fail "one domain, not both $domain and $1"; domain=$1; shift ;;
    esac
done

label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
[ -n "$domain" ] || fail "which domain? For example: deploy/enable_tls.sh voice.example.org"
[[ $domain =~ ^$label(\.$label)+$ && ${#domain} -le 253 ]] || fail "$domain is no domain name"
[ "$domain" != yourdomain.com ] || fail "yourdomain.com stands for the name of your own"
certificate=${certificate:-/etc/letsencrypt/live/$domain/fullchain.pem}
key=${key:-/etc/letsencrypt/live/$domain/privkey.pem}
for path in "$certificate" "$key"; do
    [[ $path =~ ^/[A-Za-z0-9._/+@-]+$ ]] || fail "$path: a whole path of letters, digits and ._/+@- is needed, as nginx sees it"
done
[ -f "$conf" ] || fail "there is no $conf"
[ -r "$conf" ] || fail "$conf cannot be read" "Run this with sudo"

# What is wrong with the certificate stops everything but a dry run.
problem() { if [ $dry_run = yes ]; then warn "$1"; else fail "$@"; fi; }
public_key() { openssl "$@" 2>/dev/null | openssl dgst -sha256; }
check_certificate() {
    local path
    for path in "$certificate" "$key"; do
        if [ ! -e "$path" ]; then
            problem "there is no $path (or it is not for this user to see)" \
                "Obtain the certificate first (docs/deploy.md, 5.1), run this with sudo, or name the files with --cert and --key"
            return
        fi
        [ -r "$path" ] || { problem "$path cannot be read" "Run this with sudo"; return; }
    done
    command -v openssl >/dev/null || return 0
    openssl x509 -in "$certificate" -noout 2>/dev/null || { problem "$certificate holds no certificate"; return; }
    openssl x509 -in "$certificate" -noout -checkhost "$domain" | grep -q "does match" ||
        problem "$certificate is not for $domain" "It must name it as a DNS name: obtain one with -d $domain"
    openssl x509 -in "$certificate" -noout -checkend 0 >/dev/null || problem "$certificate has expired" "Renew it: certbot renew"
    [ "$(public_key x509 -in "$certificate" -noout -pubkey)" = "$(public_key pkey -in "$key" -passin pass: -pubout)" ] ||
        problem "$key is not the key of $certificate (or has a passphrase)"
}
check_certificate

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v domain="$domain" -v certificate="$certificate" -v key="$key" '
    /^    # --- The end of TLS/ { inside = 0; ends++ }
    inside {
        # Decided once, by its first line: comments inside the section stay comments.
        if (commented == "") commented = /^ *#/ ? "yes" : "no"
        if (commented == "yes" && !/^    #/ && !/^[ \t]*$/) { mixed = 1 }
        if (commented == "yes") { sub(/^    # ?/, "    "); if (/^ +$/) $0 = "" }
        if (/^ *server_name /) sub(/server_name .*/, "server_name " domain ";")
        if (/^ *ssl_certificate /) sub(/ssl_certificate .*/, "ssl_certificate " certificate ";")
        if (/^ *ssl_certificate_key /) sub(/ssl_certificate_key .*/, "ssl_certificate_key " key ";")
        if (/return 308 https:/) sub(/https:\/\/[^$]*/, "https://" domain)
    }
    /^    # --- TLS: uncomment/ { inside = 1; begins++ }
    { print }
    END { exit begins != 1 || ends != 1 || inside ? 3 : mixed ? 4 : 0 }
' "$conf" >"$work/nginx.conf" || case $? in
    3) fail "$conf has no section from \"# --- TLS: uncomment\" to \"# --- The end of TLS\"" "Take deploy/nginx.conf as it comes, and your own changes again" ;;
    4) fail "the TLS section of $conf is half uncommented" "Uncomment all of it, or none" ;;
    *) fail "$conf could not be rewritten" ;;
esac

# Whole files are compared by nginx itself, where there is one; its own files are put out of the way.
if nginx=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v nginx) && [ -r "$certificate" ] && [ -r "$key" ]; then
    sed -e "s|/run/nginx|$work/nginx|; s|/dev/std[a-z]*|$work/log|" "$work/nginx.conf" >"$work/check.conf"
    "$nginx" -t -q -c "$work/check.conf" -e "$work/log" 2>"$work/said" || { cat "$work/said" >&2; fail "nginx does not take it; $conf is as it was"; }
    checked="nginx -t takes it"
else
    checked="not checked: that takes nginx and the certificate"
fi

if cmp -s "$conf" "$work/nginx.conf"; then
    echo "$conf has TLS for $domain already ($checked)"
    exit 0
fi
if [ $dry_run = yes ]; then
    diff -u "$conf" "$work/nginx.conf" || true
    echo "nothing was changed ($checked)"
    exit 0
fi
[ -w "$conf" ] || fail "$conf cannot be written" "Run this with sudo"
cp --preserve=mode --backup=numbered "$conf" "$conf.before-tls"
# Into the same file: a container has this one mounted, and would go on to see the old one otherwise.
cat "$work/nginx.conf" >"$conf"
cat <<END
$conf: TLS for $domain ($checked); as it was before: $conf.before-tls

Now make nginx read it. Calls go on:
  docker compose exec nginx nginx -s reload
or, as the deployment guide has it (calls over nginx come back within two seconds):
  docker compose restart nginx
END
