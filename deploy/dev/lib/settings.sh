# Ports and secrets of one state folder, and the env files that tell tests and people about them. Sourced after common.sh.

# name of the port, its distance from the base, the variable that overrides it
readonly PORTS='
RABBITMQ_PORT 0 INTERCONNECT_DEV_RABBITMQ_PORT
RABBITMQ_DIST_PORT 1 INTERCONNECT_DEV_RABBITMQ_DIST_PORT
RABBITMQ_EPMD_PORT 2 INTERCONNECT_DEV_RABBITMQ_EPMD_PORT
POSTGRES_PORT 10 INTERCONNECT_DEV_POSTGRES_PORT
PROSODY_C2S_PORT 20 INTERCONNECT_DEV_PROSODY_C2S_PORT
PROSODY_COMPONENT_PORT 21 INTERCONNECT_DEV_PROSODY_COMPONENT_PORT
PROSODY_HTTP_PORT 22 INTERCONNECT_DEV_PROSODY_HTTP_PORT
EJABBERD_C2S_PORT 30 INTERCONNECT_DEV_EJABBERD_C2S_PORT
EJABBERD_COMPONENT_PORT 31 INTERCONNECT_DEV_EJABBERD_COMPONENT_PORT
EJABBERD_HTTP_PORT 32 INTERCONNECT_DEV_EJABBERD_HTTP_PORT
EJABBERD_DIST_PORT 33 INTERCONNECT_DEV_EJABBERD_DIST_PORT
SYNAPSE_PORT 40 INTERCONNECT_DEV_SYNAPSE_PORT
SYNAPSE_AS_PORT 41 INTERCONNECT_DEV_AS_PORT
PROMETHEUS_PORT 50 INTERCONNECT_DEV_PROMETHEUS_PORT'
readonly SECRETS=(RABBITMQ_PASSWORD RABBITMQ_COOKIE POSTGRES_PASSWORD PROSODY_COMPONENT_SECRET EJABBERD_COMPONENT_SECRET EJABBERD_COOKIE
    SYNAPSE_AS_TOKEN SYNAPSE_HS_TOKEN SYNAPSE_REGISTRATION_SHARED_SECRET SYNAPSE_MACAROON_SECRET SYNAPSE_FORM_SECRET)

# Sets one variable for each port and secret: the environment wins, then what this state folder used last, then the default.
load_settings() {
    local -A kept=()
    local line name offset override value base
    if [[ -f $STATE/settings ]]; then
        while IFS= read -r line; do kept[${line%%=*}]=${line#*=}; done <"$STATE/settings"
    fi
    base=${INTERCONNECT_DEV_PORT_BASE:-${kept[PORT_BASE]:-15000}}
    [[ $base =~ ^[0-9]{1,5}$ && $base -ge 1024 && $base -le 65400 ]] || fail "INTERCONNECT_DEV_PORT_BASE is '$base'; it is a number from 1024 to 65400"
    declare -g PORT_BASE=$base
    while read -r name offset override; do
        [[ -n $name ]] || continue
        value=${!override:-}
        if [[ -z $value && -z ${INTERCONNECT_DEV_PORT_BASE:-} ]]; then value=${kept[$name]:-}; fi
        value=${value:-$((base + offset))}
        [[ $value =~ ^[0-9]{1,5}$ && $value -ge 1 && $value -le 65535 ]] || fail "$override is '$value'; it is a port number"
        declare -g "$name=$value"
    done <<<"$PORTS"
    for name in "${SECRETS[@]}"; do
        declare -g "$name=${kept[$name]:-}"
        [[ -n ${!name} ]] || declare -g "$name=$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')"
    done
}

# Whether the ports asked for now are those this state folder's servers were started with.
settings_match_kept() {
    [[ -f $STATE/settings ]] || return 0
    local name
    while read -r name _; do
        [[ -z $name ]] || grep -qx "$name=${!name}" "$STATE/settings" || return 1
    done <<<"$PORTS"
}

save_settings() {
    local name
    {
        say "PORT_BASE=$PORT_BASE"
        while read -r name _; do [[ -z $name ]] || say "$name=${!name}"; done <<<"$PORTS"
        for name in "${SECRETS[@]}"; do say "$name=${!name}"; done
    } >"$STATE/settings.new"
    mv "$STATE/settings.new" "$STATE/settings"
    write_env
}

# <state>/env and <state>/env.json: the addresses and secrets of all servers, running or not.
write_env() {
    local pairs=(
        "INTERCONNECT_DEV_STATE=$STATE"
        "INTERCONNECT_AMQP=amqp://interconnect:$RABBITMQ_PASSWORD@$HOST:$RABBITMQ_PORT/"
        "RABBITMQCTL=$DEV/rabbitmqctl"
        "INTERCONNECT_POSTGRES=Host=$HOST;Port=$POSTGRES_PORT;Username=interconnect;Password=$POSTGRES_PASSWORD;Database=interconnect"
        "PROSODY_DOMAIN=$PROSODY_DOMAIN"
        "PROSODY_C2S_PORT=$PROSODY_C2S_PORT"
        "PROSODY_COMPONENT_PORT=$PROSODY_COMPONENT_PORT"
        "PROSODY_COMPONENT_DOMAIN=gw.$PROSODY_DOMAIN"
        "PROSODY_COMPONENT_SECRET=$PROSODY_COMPONENT_SECRET"
        "PROSODY_HTTP_PORT=$PROSODY_HTTP_PORT"
        "PROSODY_TLS_CERT=$STATE/prosody/tls/cert.pem"
        "EJABBERD_DOMAIN=$EJABBERD_DOMAIN"
        "EJABBERD_C2S_PORT=$EJABBERD_C2S_PORT"
        "EJABBERD_COMPONENT_PORT=$EJABBERD_COMPONENT_PORT"
        "EJABBERD_COMPONENT_DOMAIN=gw.$EJABBERD_DOMAIN"
        "EJABBERD_COMPONENT_SECRET=$EJABBERD_COMPONENT_SECRET"
        "EJABBERD_HTTP_PORT=$EJABBERD_HTTP_PORT"
        "EJABBERD_TLS_CERT=$STATE/ejabberd/tls/cert.pem"
        "SYNAPSE_SERVER_NAME=$SYNAPSE_SERVER_NAME"
        "SYNAPSE_URL=http://$HOST:$SYNAPSE_PORT"
        "SYNAPSE_AS_PORT=$SYNAPSE_AS_PORT"
        "SYNAPSE_AS_TOKEN=$SYNAPSE_AS_TOKEN"
        "SYNAPSE_HS_TOKEN=$SYNAPSE_HS_TOKEN"
        "SYNAPSE_REGISTRATION_SHARED_SECRET=$SYNAPSE_REGISTRATION_SHARED_SECRET"
        "PROMETHEUS_URL=http://$HOST:$PROMETHEUS_PORT"
        "PROMETHEUS_TARGETS=$STATE/prometheus/targets"
        "PROMTOOL=/usr/bin/promtool")
    local pair value separator=
    for pair in "${pairs[@]}"; do
        value=${pair#*=}
        # Single quotes keep the shell from reading the semicolons and spaces of a value.
        [[ $value =~ ^[A-Za-z0-9_./:@-]*$ ]] || value="'${value//\'/\'\\\'\'}'"
        say "${pair%%=*}=$value"
    done >"$STATE/env.new"
    {
        printf '{'
        for pair in "${pairs[@]}"; do
            value=${pair#*=}
            value=${value//\\/\\\\}
            printf '%s\n  "%s": "%s"' "$separator" "${pair%%=*}" "${value//\"/\\\"}"
            separator=,
        done
        printf '\n}\n'
    } >"$STATE/env.json.new"
    mv "$STATE/env.new" "$STATE/env"
    mv "$STATE/env.json.new" "$STATE/env.json"
}
