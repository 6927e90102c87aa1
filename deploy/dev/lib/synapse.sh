# Synapse: hs.test, with the gateway registered as an application service. Debian 12 has no Synapse: its files come from a sid system
# in the cache folder and run with that system's own loader and libraries, so nothing is mounted and the state folder is where it seems.

synapse_packages() { say openssl curl; }
synapse_ports() { say "$SYNAPSE_PORT"; }
synapse_address() { say "$HOST:$SYNAPSE_PORT"; }

# Puts the command that runs sid's Python in the array SYNAPSE_PYTHON.
synapse_python() {
    local tree=$CACHE/synapse loader libraries
    loader=$(find "$tree/usr/lib" "$tree/usr/lib64" -maxdepth 2 -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
    libraries=$(dirname "$(find "$tree/usr/lib" -maxdepth 2 -name 'libc.so.6' | head -n 1)")
    [[ -n $loader ]] || fail "no loader in $tree; remove the folder and run deploy/dev/up synapse again"
    SYNAPSE_PYTHON=(env "PYTHONHOME=$tree/usr" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 "$loader" --library-path "$libraries:$tree/usr/lib" "$tree/usr/bin/python3")
}

synapse_prepare() {
    local folder=$STATE/synapse limit='{per_second: 100000, burst_count: 100000}' domain_pattern=${SYNAPSE_SERVER_NAME//./\\.}
    need_synapse_tree
    mkdir -p "$folder/media"
    cat >"$folder/log.yaml" <<CONF
version: 1
formatters: {precise: {format: '%(asctime)s %(levelname)s %(name)s - %(message)s'}}
handlers: {console: {class: logging.StreamHandler, formatter: precise, stream: ext://sys.stderr}}
root: {level: WARNING, handlers: [console]}
disable_existing_loggers: false
CONF
    cat >"$folder/registration.yaml" <<CONF
id: interconnect
url: http://$HOST:$SYNAPSE_AS_PORT
as_token: $SYNAPSE_AS_TOKEN
hs_token: $SYNAPSE_HS_TOKEN
sender_localpart: gwbot
rate_limited: false
receive_ephemeral: true
de.sorunome.msc2409.push_ephemeral: true
org.matrix.msc3202: true
io.element.msc4190: true
namespaces:
  users: [{exclusive: true, regex: '@gw_.*:$domain_pattern'}]
  aliases: [{exclusive: true, regex: '#gw_.*:$domain_pattern'}]
  rooms: []
CONF
    cat >"$folder/homeserver.yaml" <<CONF
server_name: "$SYNAPSE_SERVER_NAME"
public_baseurl: "http://$HOST:$SYNAPSE_PORT/"
pid_file: "$folder/homeserver.pid"
listeners:
  - {port: $SYNAPSE_PORT, bind_addresses: ['$HOST'], type: http, tls: false, resources: [{names: [client], compress: false}]}
database: {name: sqlite3, args: {database: "$folder/homeserver.db"}}
log_config: "$folder/log.yaml"
media_store_path: "$folder/media"
signing_key_path: "$folder/signing.key"
app_service_config_files: ["$folder/registration.yaml"]
registration_shared_secret: "$SYNAPSE_REGISTRATION_SHARED_SECRET"
macaroon_secret_key: "$SYNAPSE_MACAROON_SECRET"
form_secret: "$SYNAPSE_FORM_SECRET"
report_stats: false
enable_registration: false
suppress_key_server_warning: true
trusted_key_servers: []
federation_domain_whitelist: []
ip_range_blacklist: []
presence: {enabled: false}
rc_message: $limit
rc_registration: $limit
rc_login: {address: $limit, account: $limit, failed_attempts: $limit}
rc_joins: {local: $limit, remote: $limit}
rc_joins_per_room: $limit
rc_invites: {per_room: $limit, per_user: $limit, per_issuer: $limit}
rc_key_requests: $limit
rc_media_create: $limit
rc_room_creation: $limit
experimental_features:
  msc2409_to_device_messages_enabled: true
  msc3202_device_masquerading: true
  msc3202_transaction_extensions: true
CONF
}

synapse_start() {
    synapse_python
    [[ -s $STATE/synapse/signing.key ]] || "${SYNAPSE_PYTHON[@]}" -m synapse.app.homeserver -c "$STATE/synapse/homeserver.yaml" --generate-keys >>"$STATE/log/synapse.log" 2>&1
    launch synapse "${SYNAPSE_PYTHON[@]}" -m synapse.app.homeserver -c "$STATE/synapse/homeserver.yaml"
}

synapse_ready() { curl -sf -m 5 "http://$HOST:$SYNAPSE_PORT/_matrix/client/versions" 2>/dev/null | grep -q '"versions"'; }
synapse_stop() { stop synapse TERM; }

# Registration by shared secret (Synapse's admin API). An account that exists must already have the password given.
synapse_user() {
    local url=http://$HOST:$SYNAPSE_PORT nonce mac answer
    nonce=$(curl -sSf -m 20 "$url/_synapse/admin/v1/register" | sed -n 's/.*"nonce":"\([0-9a-f]*\)".*/\1/p')
    [[ -n $nonce ]] || { warn "Synapse gave no registration nonce"; return 1; }
    mac=$(printf '%s\0%s\0%s\0notadmin' "$nonce" "$1" "$2" | openssl dgst -sha1 -hmac "$SYNAPSE_REGISTRATION_SHARED_SECRET" -r)
    answer=$(curl -sS -m 30 -H 'Content-Type: application/json' "$url/_synapse/admin/v1/register" \
        --data "{\"nonce\":\"$nonce\",\"username\":\"$1\",\"password\":\"$2\",\"admin\":false,\"inhibit_login\":true,\"mac\":\"${mac%% *}\"}")
    case $answer in
        *'"user_id"'*) return 0 ;;
        *M_USER_IN_USE*) ;;
        *) warn "Synapse answered: ${answer:0:300}"; return 1 ;;
    esac
    answer=$(curl -sS -m 30 -H 'Content-Type: application/json' "$url/_matrix/client/v3/login" \
        --data "{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\",\"user\":\"$1\"},\"password\":\"$2\"}")
    [[ $answer == *'"access_token"'* ]] || { warn "$1 exists on Synapse with another password"; return 1; }
    local token
    token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' <<<"$answer")
    curl -sS -m 20 -o /dev/null -X POST -H "Authorization: Bearer $token" "$url/_matrix/client/v3/logout" --data '{}'
}
