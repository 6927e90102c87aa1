# ejabberd: b.test, and the gateway's component gw.b.test. Accounts sign in with SCRAM-SHA-1 after STARTTLS.
# Started as an Erlang program, because Debian's ejabberdctl changes the user and stays as a parent with another pid.

ejabberd_packages() { say ejabberd openssl curl; }
ejabberd_ports() { say "$EJABBERD_C2S_PORT" "$EJABBERD_COMPONENT_PORT" "$EJABBERD_HTTP_PORT" "$EJABBERD_DIST_PORT"; }
ejabberd_address() { say "$HOST:$EJABBERD_C2S_PORT"; }

ejabberd_prepare() {
    local folder=$STATE/ejabberd
    mkdir -p "$folder/home" "$folder/mnesia" "$folder/upload"
    self_signed_certificate "$folder/tls" "$EJABBERD_DOMAIN"
    cat "$folder/tls/cert.pem" "$folder/tls/key.pem" >"$folder/tls/both.pem"
    printf '%s' "$EJABBERD_COOKIE" >"$folder/home/.erlang.cookie.new"
    chmod 400 "$folder/home/.erlang.cookie.new"
    mv -f "$folder/home/.erlang.cookie.new" "$folder/home/.erlang.cookie"
    cat >"$folder/inetrc" <<'CONF'
{lookup,["file","native"]}.
{host,{127,0,0,1},["localhost"]}.
CONF
    cat >"$folder/ejabberd.yml" <<CONF
hosts: [$EJABBERD_DOMAIN]
loglevel: info
log_rotate_count: 0
certfiles: ["$folder/tls/both.pem"]
auth_method: [internal]
auth_password_format: scram
auth_scram_hash: sha
listen:
  - {port: $EJABBERD_C2S_PORT, ip: "$HOST", module: ejabberd_c2s, starttls: true, starttls_required: true, access: c2s, shaper: none, max_stanza_size: 1048576}
  - port: $EJABBERD_COMPONENT_PORT
    ip: "$HOST"
    module: ejabberd_service
    access: all
    shaper: none
    max_stanza_size: 4194304
    hosts: {"gw.$EJABBERD_DOMAIN": {password: "$EJABBERD_COMPONENT_SECRET"}}
  - port: $EJABBERD_HTTP_PORT
    ip: "$HOST"
    module: ejabberd_http
    request_handlers: {/upload: mod_http_upload, /ws: ejabberd_http_ws, /bosh: mod_bosh, /api: mod_http_api}
acl: {local: {user_regexp: ""}, loopback: {ip: [127.0.0.0/8]}}
access_rules: {local: {allow: local}, c2s: {allow: all}}
api_permissions:
  "accounts from loopback": {from: [mod_http_api], who: {access: {allow: [{acl: loopback}]}}, what: [register, change_password, check_account, status]}
modules:
  mod_admin_extra: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_disco: {}
  mod_http_upload: {host: "upload.$EJABBERD_DOMAIN", docroot: "$folder/upload", put_url: "http://$HOST:$EJABBERD_HTTP_PORT/upload", get_url: "http://$HOST:$EJABBERD_HTTP_PORT/upload", max_size: 10485760}
  mod_mam: {default: always, db_type: mnesia}
  mod_muc: {access: all, access_create: all, host: "conf.$EJABBERD_DOMAIN", default_room_options: {mam: true}}
  mod_offline: {access_max_user_messages: offline_limit}
  mod_ping: {}
  mod_pubsub: {access_createnode: local, plugins: [flat, pep]}
  mod_roster: {}
  mod_stream_mgmt: {resume_timeout: 300, max_ack_queue: 5000}
  mod_vcard: {}
shaper_rules: {offline_limit: [{5000: all}]}
CONF
}

ejabberd_start() {
    (
        local folder=$STATE/ejabberd beams
        # Where ejabberd's compiled modules lie depends on the processor architecture.
        beams=$(dpkg -L ejabberd | grep '/ebin/ejabberd\.app$')
        cd "$folder"
        export HOME=$folder/home ERL_LIBS=${beams%/*/ebin/*} ERL_INETRC=$folder/inetrc ERL_CRASH_DUMP_BYTES=0 ERL_MAX_PORTS=8192
        export EJABBERD_CONFIG_PATH=$folder/ejabberd.yml EJABBERD_LOG_PATH=$STATE/log/ejabberd.log EJABBERD_PID_PATH=$folder/ejabberd.pid
        launch ejabberd erl -sname ejabberd@localhost -noinput +K true +P 250000 +S 2:2 +sbwt none \
            -kernel inet_dist_use_interface '{127,0,0,1}' -erl_epmd_port "$EJABBERD_DIST_PORT" -start_epmd false \
            -mnesia dir "\"$folder/mnesia\"" -ejabberd log_rotate_count 0 -s ejabberd
    )
}

ejabberd_ready() { xmpp_ready "$EJABBERD_C2S_PORT" "$EJABBERD_DOMAIN" && port_open "$EJABBERD_COMPONENT_PORT"; }
ejabberd_stop() { stop ejabberd TERM; }

ejabberd_api() {
    curl -sS -m 20 -o "$3" -w '%{http_code}' -H 'Content-Type: application/json' --data "$2" "http://$HOST:$EJABBERD_HTTP_PORT/api/$1"
}

# An account that exists gets the password given.
ejabberd_user() {
    local answer status
    answer=$(mktemp)
    status=$(ejabberd_api register "{\"user\":\"$1\",\"host\":\"$EJABBERD_DOMAIN\",\"password\":\"$2\"}" "$answer") || true
    if [[ $status == 409 ]]; then
        status=$(ejabberd_api change_password "{\"user\":\"$1\",\"host\":\"$EJABBERD_DOMAIN\",\"newpass\":\"$2\"}" "$answer") || true
    fi
    [[ $status == 200 ]] || { warn "ejabberd answered $status: $(head -c 300 "$answer")"; rm -f "$answer"; return 1; }
    rm -f "$answer"
}
