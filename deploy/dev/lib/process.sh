# Starting a process so that it outlives the shell, and stopping exactly that process. Sourced after common.sh.

# start_time PID: the kernel's start time of a live process, in clock ticks since boot; nothing for a dead one or a zombie.
start_time() {
    local line fields
    { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name in parentheses may hold spaces: what follows the last one is state, parent, ...; the start time is the 20th.
    read -ra fields <<<"${line##*) }"
    [[ ${fields[0]} != Z ]] || return 1
    say "${fields[19]}"
}

# pid_of NAME: the pid of the process this state folder started under that name, if it is still that process.
pid_of() {
    local pid started boot
    read -r pid started boot 2>/dev/null <"$STATE/run/$1.pid" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" && $(start_time "$pid") == "$started" ]] || return 1
    say "$pid"
}

# launch NAME COMMAND...: in a session of its own, output to the log, the pid file written by the process itself before it becomes the command.
launch() {
    local name=$1 tries
    shift
    rm -f "$STATE/run/$name.pid"
    setsid --fork bash -c '
        name=$0 state=$1; shift
        read -r line </proc/$$/stat; set -- "${line##*) }" "$@"
        read -ra fields <<<"$1"; shift
        printf "%s %s %s\n" $$ "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)" >"$state/run/$name.pid.new"
        mv "$state/run/$name.pid.new" "$state/run/$name.pid"
        exec "$@"' "$name" "$STATE" "$@" </dev/null >>"$STATE/log/${name%-epmd}.log" 2>&1 9>&-
    for ((tries = 0; tries < 100; tries++)); do
        [[ -s $STATE/run/$name.pid ]] && return 0
        sleep 0.05
    done
    return 1
}

# stop NAME SIGNAL: asks, waits, and only after 30 s ends it by force.
stop() {
    local name=$1 signal=$2 pid tries
    if ! pid=$(pid_of "$name"); then
        rm -f "$STATE/run/$name.pid"
        return 1
    fi
    kill -s "$signal" "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 300; tries++)); do
        pid_of "$name" >/dev/null || break
        sleep 0.1
    done
    if pid_of "$name" >/dev/null; then
        warn "$name (pid $pid) did not stop within 30 s and is killed"
        kill -s KILL "$pid" 2>/dev/null || true
        for ((tries = 0; tries < 50; tries++)); do
            pid_of "$name" >/dev/null || break
            sleep 0.1
        done
    fi
    rm -f "$STATE/run/$name.pid"
}

# How long a process has run, in seconds.
uptime_of() {
    local up
    read -r up _ </proc/uptime
    say $((${up%.*} - $(start_time "$1") / $(getconf CLK_TCK)))
}
