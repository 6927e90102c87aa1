# Prosody: a.test, and the gateway's component gw.a.test. Accounts sign in with SCRAM-SHA-256 after STARTTLS.

prosody_packages() { say prosody lua-sec lua-unbound openssl; }
prosody_ports() { say "$PROSODY_C2S_PORT" "$PROSODY_COMPONENT_PORT" "$PROSODY_HTTP_PORT"; }
prosody_address() { say "$HOST:$PROSODY_C2S_PORT"; }

prosody_prepare() {
    local folder=$STATE/prosody
    mkdir -p "$folder/data" "$folder/certs"
    self_signed_certificate "$folder/tls" "$PROSODY_DOMAIN"
    cat >"$folder/prosody.cfg.lua" <<CONF
run_as_root = true
pidfile = "$folder/prosody.pid"
data_path = "$folder/data"
log = { info = "*console" }
interfaces = { "$HOST" }
local_interfaces = { "$HOST" }
c2s_ports = { $PROSODY_C2S_PORT }
legacy_ssl_ports = {}
component_ports = { $PROSODY_COMPONENT_PORT }
component_interfaces = { "$HOST" }
http_ports = { $PROSODY_HTTP_PORT }
http_interfaces = { "$HOST" }
https_ports = {}
modules_enabled = {
    "admin_shell", "blocklist", "bookmarks", "bosh", "carbons", "csi_simple", "disco", "http_openmetrics", "mam", "offline", "pep", "ping",
    "posix", "register", "roster", "saslauth", "smacks", "time", "tls", "uptime", "vcard4", "version", "websocket",
}
modules_disabled = { "s2s" }
authentication = "internal_hashed"
password_hash = "SHA-256"
allow_registration = false
c2s_require_encryption = true
ssl = { certificate = "$folder/tls/cert.pem", key = "$folder/tls/key.pem" }
storage = "internal"
default_archive_policy = true
archive_expires_after = "1w"
statistics = "internal"
c2s_stanza_size_limit = 1024 * 1024
component_stanza_size_limit = 4 * 1024 * 1024
smacks_hibernation_time = 300
smacks_max_unacked_stanzas = 50
http_default_host = "$PROSODY_DOMAIN"
consider_bosh_secure = true
consider_websocket_secure = true

VirtualHost "$PROSODY_DOMAIN"

Component "conf.$PROSODY_DOMAIN" "muc"
    modules_enabled = { "muc_mam" }
    muc_room_locking = false

Component "upload.$PROSODY_DOMAIN" "http_file_share"
    http_file_share_size_limit = 10 * 1024 * 1024
    http_external_url = "http://$HOST:$PROSODY_HTTP_PORT/"
    http_host = "$PROSODY_DOMAIN"

Component "gw.$PROSODY_DOMAIN"
    component_secret = "$PROSODY_COMPONENT_SECRET"
CONF
}

prosody_start() { launch prosody prosody --config "$STATE/prosody/prosody.cfg.lua" -F; }
prosody_ready() { xmpp_ready "$PROSODY_C2S_PORT" "$PROSODY_DOMAIN" && port_open "$PROSODY_COMPONENT_PORT"; }
prosody_stop() { stop prosody TERM; }

# An account that exists gets the password given.
prosody_user() {
    prosodyctl --config "$STATE/prosody/prosody.cfg.lua" register "$1" "$PROSODY_DOMAIN" "$2"
}
