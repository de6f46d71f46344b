#!/usr/bin/env bash
# Installs what is missing, builds, fetches the models and starts the server:
#   ./scripts/run.sh [antiphon serve options]     the server; open http://localhost:8080/call
#   ./scripts/run.sh demo                         a spoken call without a microphone
#   ./scripts/run.sh build                        everything but the start
#   ./scripts/run.sh binary                       no models either: the program alone, for an image
# Can be run again at any time; what is there already takes no time.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$root/scripts/lib/packages.sh"
source "$root/scripts/lib/node.sh"
source "$root/scripts/lib/build.sh"
cd "$root"

what=${1:-}
sections=(build)
[ "$what" = demo ] && sections+=(demo)
install_packages "${sections[@]}"
ensure_node
build_antiphon release antiphon
antiphon="$root/build/release/antiphon"
if [ "$what" = binary ]; then say "built: $antiphon"; exit 0; fi
set_name="${ANTIPHON_MODELS_SET:-tiny}"
say "models: set $set_name"
"$antiphon" models fetch "$set_name"

case "$what" in
    build) say "built: $antiphon" ;;
    demo) exec "$root/scripts/demo.sh" "$antiphon" ;;
    *) say "starting the server; the call page is http://localhost:8080/call"
       exec "$antiphon" serve "$@" ;;
esac
