# Words shared by up, down, status, user and rabbitmqctl. Sourced, never run.
set -euo pipefail
umask 077

readonly SERVERS=(rabbitmq postgres prosody ejabberd synapse prometheus)
readonly HOST=127.0.0.1
readonly PROSODY_DOMAIN=a.test EJABBERD_DOMAIN=b.test SYNAPSE_SERVER_NAME=hs.test
# The first line of the marker file: nothing without it is ever wiped.
readonly MARKER='interconnect development servers'

DEV=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(cd "$DEV/../.." && pwd)
STATE=$(realpath -m "${INTERCONNECT_DEV_STATE:-$REPOSITORY/.state/dev}")
CACHE=$(realpath -m "${INTERCONNECT_DEV_CACHE:-/var/cache/interconnect-dev}")
WAIT_SECONDS=${INTERCONNECT_DEV_WAIT:-90}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
fail() {
    REPORTED=yes
    warn "$*"
    exit 1
}
usage_error() {
    warn "$*"
    warn "try: ${0##*/} --help"
    exit 2
}

is_root() { [[ $(id -u) -eq 0 ]]; }

# Prints the names asked for, all of them when none is named, in the order of SERVERS.
chosen_servers() {
    local name
    for name in "$@"; do
        [[ " ${SERVERS[*]} " == *" $name "* ]] || usage_error "unknown server '$name'; there are: ${SERVERS[*]}"
    done
    for name in "${SERVERS[@]}"; do
        [[ $# -eq 0 || " $* " == *" $name "* ]] && say "$name"
    done
    return 0
}

# Every command that changes the state folder holds this lock; the next one waits.
lock_state() {
    mkdir -p "$STATE"
    if [[ ! -e $STATE/.marker ]]; then
        [[ -z $(ls -A "$STATE" | grep -vx '\.lock') ]] || fail "$STATE is not empty and was not made by deploy/dev/up; choose another INTERCONNECT_DEV_STATE"
        say "$MARKER" >"$STATE/.marker"
    fi
    # A server that gives up root must be able to reach its own folder below.
    chmod 711 "$STATE"
    exec 9>"$STATE/.lock"
    flock --nonblock 9 || {
        say "waiting for another command on $STATE"
        flock --timeout 900 9 || fail "another command has held $STATE/.lock for 15 minutes"
    }
    mkdir -p "$STATE/run" "$STATE/log"
    chmod 711 "$STATE/run" "$STATE/log"
}

# wipe_state [SERVER...]: removes the data of the servers named, everything when none is named. They must be stopped.
wipe_state() {
    [[ $(head -n 1 "$STATE/.marker" 2>/dev/null) == "$MARKER" ]] || fail "$STATE was not made by deploy/dev/up and is not wiped"
    local name
    if [[ $# -eq 0 ]]; then
        find "$STATE" -mindepth 1 -maxdepth 1 ! -name .lock ! -name .marker -exec rm -rf {} +
    else
        for name in "$@"; do rm -rf "${STATE:?}/$name" "$STATE/log/$name.log"; done
    fi
    mkdir -p "$STATE/run" "$STATE/log"
}

# Whether something accepts connections on a port of loopback.
port_open() { (exec 3<>"/dev/tcp/$HOST/$1") 2>/dev/null; }

# xmpp_ready PORT DOMAIN: the server opens a stream and offers STARTTLS.
xmpp_ready() {
    timeout 5 bash -c '
        exec 3<>"/dev/tcp/$0/$1" || exit 1
        printf "<?xml version=\"1.0\"?><stream:stream xmlns=\"jabber:client\" xmlns:stream=\"http://etherx.jabber.org/streams\" to=\"%s\" version=\"1.0\">" "$2" >&3
        while IFS= read -r -d ">" -t 3 part <&3; do
            [[ $part == *"<starttls"* ]] && { printf "</stream:stream>" >&3; exit 0; }
        done
        exit 1' "$HOST" "$1" "$2" 2>/dev/null
}

# self_signed_certificate FOLDER DOMAIN: cert.pem and key.pem, made once. Its own issuer, so clients can trust exactly this file.
self_signed_certificate() {
    local folder=$1 domain=$2
    [[ -s $folder/cert.pem && -s $folder/key.pem ]] && return 0
    mkdir -p "$folder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$domain" \
        -addext "subjectAltName=DNS:$domain,DNS:*.$domain" -keyout "$folder/key.pem" -out "$folder/cert.pem.new" 2>"$folder/openssl.log" \
        || fail "making a certificate for $domain failed; see $folder/openssl.log"
    mv "$folder/cert.pem.new" "$folder/cert.pem"
}
