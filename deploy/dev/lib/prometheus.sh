# Prometheus, scraping every second whatever the files in <state>/prometheus/targets name; files may come and go while it runs.

prometheus_packages() { say prometheus curl; }
prometheus_ports() { say "$PROMETHEUS_PORT"; }
prometheus_address() { say "$HOST:$PROMETHEUS_PORT"; }

prometheus_prepare() {
    local folder=$STATE/prometheus
    mkdir -p "$folder/data" "$folder/targets"
    cat >"$folder/prometheus.yml" <<CONF
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: interconnect
    file_sd_configs: [{files: ["$folder/targets/*.json"], refresh_interval: 1s}]
  - job_name: prometheus
    static_configs: [{targets: ["$HOST:$PROMETHEUS_PORT"]}]
  - job_name: prosody
    static_configs: [{targets: ["$HOST:$PROSODY_HTTP_PORT"]}]
CONF
    promtool check config "$folder/prometheus.yml" >>"$STATE/log/prometheus.log" 2>&1
}

prometheus_start() {
    launch prometheus prometheus --config.file="$STATE/prometheus/prometheus.yml" --storage.tsdb.path="$STATE/prometheus/data" \
        --storage.tsdb.retention.time=2d --web.listen-address="$HOST:$PROMETHEUS_PORT" --web.enable-lifecycle --log.level=warn
}

prometheus_ready() { curl -sf -m 5 -o /dev/null "http://$HOST:$PROMETHEUS_PORT/-/ready" 2>/dev/null; }
prometheus_stop() { stop prometheus TERM; }
