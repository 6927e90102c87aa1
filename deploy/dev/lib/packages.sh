# Getting Debian packages, and the one server Debian 12 does not have. Sourced after common.sh.

missing_packages() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || say "$package"
    done
}

# need_packages NAME...: installs what is missing. Two commands at once wait for each other.
need_packages() {
    command -v apt-get >/dev/null || fail "deploy/dev needs Debian 12 (apt-get was not found); it would install: $*"
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    is_root || fail "not installed: ${missing[*]}. Run deploy/dev/up as root, or: apt-get install ${missing[*]}"
    mkdir -p "$STATE/log"
    (
        umask 022
        exec 8>/run/lock/interconnect-dev-packages.lock
        flock --timeout 1800 8 || fail "another command has been installing packages for 30 minutes"
        mapfile -t missing < <(missing_packages "$@")
        [[ ${#missing[@]} -gt 0 ]] || exit 0
        say "installing ${missing[*]}"
        forbid_service_start
        trap allow_service_start EXIT
        export DEBIAN_FRONTEND=noninteractive
        update_lists && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=900 "${missing[@]}"
    ) >>"$STATE/log/packages.log" 2>&1 9>&- || {
        tail -n 15 "$STATE/log/packages.log" >&2
        fail "installing ${missing[*]} failed; log: $STATE/log/packages.log"
    }
}

# apt waits for dpkg's lock but not for that of the lists.
update_lists() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        apt-get update -o DPkg::Lock::Timeout=900 && return 0
        warn "apt-get update failed ($try)"
        sleep 5
    done
    return 1
}

# A package that is only wanted for its programs must not start a system service; Debian asks this file. One that exists is left alone.
readonly POLICY=/usr/sbin/policy-rc.d
forbid_service_start() {
    [[ ! -e $POLICY ]] || return 0
    printf '#!/bin/sh\n# Put here by deploy/dev/up while it installs packages.\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}
allow_service_start() {
    if grep -q 'deploy/dev/up while it installs' "$POLICY" 2>/dev/null; then rm -f "$POLICY"; fi
}

# The mirror apt itself uses for this Debian, not the security one.
debian_mirror() {
    apt-get indextargets --format '$(SITE)' | grep -v security | sort -u | head -n 1
}

# need_synapse_tree: a Debian sid system holding Synapse at $CACHE/synapse, made once and shared by every checkout.
need_synapse_tree() {
    [[ ! -e $CACHE/synapse/.complete ]] || return 0
    is_root || fail "Synapse is not in $CACHE/synapse yet, and only root can make it: run deploy/dev/up synapse as root once"
    need_packages mmdebstrap debian-archive-keyring
    mkdir -p "$CACHE"
    chmod 755 "$CACHE"
    (
        umask 022
        exec 8>"$CACHE/.lock"
        flock --timeout 1800 8 || fail "another command has been building $CACHE/synapse for 30 minutes"
        [[ ! -e $CACHE/synapse/.complete ]] || exit 0
        rm -rf "$CACHE"/synapse "$CACHE"/synapse.new
        local mirror
        mirror=$(debian_mirror)
        [[ -n $mirror ]] || fail "apt knows no Debian mirror"
        # A copy of sid may be older than its own validity date.
        mmdebstrap --mode=root --variant=apt --skip=output/mknod \
            --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --include=matrix-synapse,ca-certificates \
            --essential-hook="printf 'matrix-synapse matrix-synapse/server-name string $SYNAPSE_SERVER_NAME\nmatrix-synapse matrix-synapse/report-stats boolean false\n' | chroot \"\$1\" debconf-set-selections" \
            sid "$CACHE/synapse.new" "$mirror" \
            && touch "$CACHE/synapse.new/.complete" && mv "$CACHE/synapse.new" "$CACHE/synapse"
    ) >>"$STATE/log/synapse-build.log" 2>&1 9>&- || {
        tail -n 15 "$STATE/log/synapse-build.log" >&2
        fail "getting Synapse failed; log: $STATE/log/synapse-build.log"
    }
}
