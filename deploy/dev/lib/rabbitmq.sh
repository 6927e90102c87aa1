# RabbitMQ with an epmd of its own, so that no other Erlang program on the machine is met.

rabbitmq_packages() { say rabbitmq-server; }
rabbitmq_ports() { say "$RABBITMQ_PORT" "$RABBITMQ_DIST_PORT"; }
rabbitmq_address() { say "$HOST:$RABBITMQ_PORT"; }

# The variables that both the server and rabbitmqctl need.
rabbitmq_environment() {
    local folder=$STATE/rabbitmq
    export HOME=$folder/home LANG=C.UTF-8
    export ERL_EPMD_PORT=$RABBITMQ_EPMD_PORT ERL_EPMD_ADDRESS=$HOST
    export RABBITMQ_NODENAME=interconnect@localhost RABBITMQ_NODE_IP_ADDRESS=$HOST RABBITMQ_NODE_PORT=$RABBITMQ_PORT RABBITMQ_DIST_PORT
    export RABBITMQ_BASE=$folder RABBITMQ_MNESIA_BASE=$folder/mnesia RABBITMQ_LOG_BASE=$STATE/log RABBITMQ_LOGS=-
    export RABBITMQ_PID_FILE=$folder/pid RABBITMQ_ENABLED_PLUGINS_FILE=$folder/enabled_plugins RABBITMQ_CONFIG_FILE=$folder/rabbitmq
    export RABBITMQ_ADVANCED_CONFIG_FILE=$folder/advanced RABBITMQ_CONF_ENV_FILE=$folder/env.conf
    # Two schedulers that do not spin: other programs share the machine.
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none'
    export RABBITMQ_CTL_ERL_ARGS='+S 1:1 +sbwt none'
    # Makes the start script become the Erlang process, so that its pid is the broker's.
    export RABBITMQ_ALLOW_INPUT=1
}

rabbitmq_prepare() {
    local folder=$STATE/rabbitmq
    mkdir -p "$folder/home" "$folder/mnesia"
    printf '%s' "$RABBITMQ_COOKIE" >"$folder/home/.erlang.cookie.new"
    chmod 400 "$folder/home/.erlang.cookie.new"
    mv -f "$folder/home/.erlang.cookie.new" "$folder/home/.erlang.cookie"
    say '[].' >"$folder/enabled_plugins"
    # The first start of an empty node makes this user and, with one named, no guest.
    cat >"$folder/rabbitmq.conf" <<CONF
default_user = interconnect
default_pass = $RABBITMQ_PASSWORD
default_user_tags.administrator = true
default_vhost = /
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.absolute = 1GiB
disk_free_limit.absolute = 200MB
CONF
}

# Without its epmd the broker serves on, but rabbitmqctl cannot find it; it registers again with a new one.
rabbitmq_mend() {
    pid_of rabbitmq-epmd >/dev/null || (rabbitmq_environment && launch rabbitmq-epmd epmd -address "$HOST" -port "$RABBITMQ_EPMD_PORT")
}

rabbitmq_start() {
    rabbitmq_mend
    (
        rabbitmq_environment
        launch rabbitmq /usr/lib/rabbitmq/bin/rabbitmq-server -noinput
    )
}

# An AMQP handshake: the broker answers the protocol header with a method frame, whose first byte is 1.
rabbitmq_ready() {
    timeout 5 bash -c '
        exec 3<>"/dev/tcp/$0/$1" || exit 1
        printf "AMQP\0\0\011\001" >&3
        IFS= read -r -N 1 -t 3 first <&3 && [[ $first == "$(printf "\001")" ]]' "$HOST" "$RABBITMQ_PORT" 2>/dev/null
}

rabbitmq_stop() {
    local stopped=1
    if stop rabbitmq TERM; then stopped=0; fi
    if stop rabbitmq-epmd TERM; then stopped=0; fi
    return $stopped
}
