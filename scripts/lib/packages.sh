# install_packages SECTION...: installs what is missing of those sections of scripts/packages.txt.
# A line is a package, alternatives separated by " | " (the first that can be had), or a package with
# " ?" that is done without where it does not exist. A package whose program or file is there already by
# other means counts as installed. Sourced after common.sh.

provided() {
    case "$1" in
        python3) command -v python3 ;;
        python3-pip) python3 -m pip --version ;;
        python3-venv) python3 -c 'import venv, ensurepip' ;;
        cmake) command -v cmake ;;
        cargo|cargo-web) command -v cargo ;;
        *) return 1 ;;
    esac >/dev/null 2>&1
}

installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

apt_updated=no
apt_install() {
    if [ "$apt_updated" = no ]; then
        quietly "apt-get update" as_root env DEBIAN_FRONTEND=noninteractive apt-get update
        apt_updated=yes
    fi
    # One failure may be the package manager's own bad day (chromium's has been seen): try once more.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        quietly "installing $*" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

available() { apt-cache show "$1" >/dev/null 2>&1; }

install_packages() {
    command -v apt-get >/dev/null || fail "this script installs packages with apt-get (Debian or Ubuntu); see docs/building.md for other systems"
    local wanted=() section line name found alternatives optional
    for section in "$@"; do
        while IFS= read -r line; do
            optional=no; [[ $line == *' ?' ]] && optional=yes && line=${line% \?}
            IFS='|' read -ra alternatives <<<"${line// /}"
            found=
            for name in "${alternatives[@]}"; do
                if installed "$name" || provided "$name"; then found=$name; break; fi
            done
            [ -n "$found" ] || wanted+=("$optional:${line// /}")
        done < <(awk -v s="[$section]" '/^\[/{on=($0==s);next} on && NF && !/^#/' "$root/scripts/packages.txt")
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    quietly "apt-get update" as_root env DEBIAN_FRONTEND=noninteractive apt-get update
    apt_updated=yes
    local list=()
    for line in "${wanted[@]}"; do
        optional=${line%%:*}
        IFS='|' read -ra alternatives <<<"${line#*:}"
        found=
        for name in "${alternatives[@]}"; do available "$name" && { found=$name; break; }; done
        if [ -n "$found" ]; then list+=("$found")
        elif [ "$optional" = no ]; then fail "no package ${line#*:} for this system"; fi
    done
    [ ${#list[@]} -gt 0 ] || return 0
    say "installing ${#list[@]} packages: ${list[*]}"
    apt_install "${list[@]}"
}
