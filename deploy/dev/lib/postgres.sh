# PostgreSQL from its packaged programs, as user postgres when root starts it (it refuses to be root).

postgres_packages() { say postgresql; }
postgres_ports() { say "$POSTGRES_PORT"; }
postgres_address() { say "$HOST:$POSTGRES_PORT"; }

# The version that made the data folder, the newest otherwise.
postgres_programs() {
    local version
    version=$(cat "$STATE/postgres/data/PG_VERSION" 2>/dev/null || find /usr/lib/postgresql -maxdepth 1 -mindepth 1 -printf '%f\n' | sort -V | tail -n 1)
    say "/usr/lib/postgresql/$version/bin"
}

# Puts a command under user postgres in the array AS_POSTGRES. Where that user may not walk the path to the state folder (a checkout below
# /root), the one right to do so is left to it.
as_postgres() {
    AS_POSTGRES=()
    is_root || return 0
    AS_POSTGRES=(setpriv --reuid=postgres --regid=postgres --init-groups)
    "${AS_POSTGRES[@]}" test -x "$STATE/postgres" || AS_POSTGRES+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
}

postgres_prepare() {
    local folder=$STATE/postgres programs
    programs=$(postgres_programs)
    [[ -x $programs/initdb ]] || fail "no initdb in $programs"
    mkdir -p "$folder"
    if is_root; then chown postgres:postgres "$folder"; fi
    as_postgres
    if [[ ! -f $folder/data/PG_VERSION ]]; then
        rm -rf "$folder/data.new"
        printf '%s' "$POSTGRES_PASSWORD" >"$folder/password"
        if is_root; then chown postgres:postgres "$folder/password"; fi
        (
            cd "$folder"
            "${AS_POSTGRES[@]}" "$programs/initdb" -D "$folder/data.new" -U interconnect -A scram-sha-256 --pwfile="$folder/password" -E UTF8 --locale=C.UTF-8
        ) >>"$STATE/log/postgres.log" 2>&1
        rm -f "$folder/password"
        mv "$folder/data.new" "$folder/data"
    fi
    cat >"$folder/server.conf" <<CONF
listen_addresses = '$HOST'
port = $POSTGRES_PORT
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
fsync = on
synchronous_commit = on
password_encryption = scram-sha-256
log_line_prefix = '%m [%p] %d '
CONF
    if is_root; then chown postgres:postgres "$folder/server.conf"; fi
    grep -q "server.conf" "$folder/data/postgresql.conf" || say "include '../server.conf'" >>"$folder/data/postgresql.conf"
    wait_for_leftovers
}

# After kill -9 the children need a moment to notice, and a new server refuses the data folder until they are gone. Its lock file names a process
# that may by then be a zombie nobody reaps, or another program: once nobody works in the folder, it is stale.
wait_for_leftovers() {
    local data=$STATE/postgres/data tries
    for ((tries = 0; tries < 100; tries++)); do
        if [[ -z $(find /proc -maxdepth 2 -name cwd -lname "$data" 2>/dev/null || true) ]]; then
            rm -f "$data/postmaster.pid"
            return 0
        fi
        sleep 0.1
    done
    fail "postgres: processes of an earlier server still work in $data"
}

postgres_start() {
    as_postgres
    launch postgres "${AS_POSTGRES[@]}" "$(postgres_programs)/postgres" -D "$STATE/postgres/data"
}

# Creates the database on the first start; a second makes no difference.
postgres_after_start() {
    [[ $(postgres_query "select count(*) from pg_database where datname = 'interconnect'" postgres) == 1 ]] || postgres_query 'create database interconnect' postgres
}

# postgres_query SQL DATABASE
postgres_query() {
    PGPASSWORD=$POSTGRES_PASSWORD PGCONNECT_TIMEOUT=3 "$(postgres_programs)/psql" -XqtA -h "$HOST" -p "$POSTGRES_PORT" -U interconnect -d "$2" -c "$1" 2>&1
}

postgres_ready() { [[ $(postgres_query 'select 1' postgres) == 1 ]]; }
postgres_stop() { stop postgres INT; }
