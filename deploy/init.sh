#!/bin/sh
# Makes what is lacking once the servers answer: data folder, bucket, tokens, Grafana's boards, the
# key of Prometheus. May run again at any time, also beside processes that run.
# Usage: init.sh DATA GRAFANA-PROVISIONING MONITORING
set -eu
data=$1 provisioning=$2 monitoring=$3
umask 077

[ -e "$data/greenoffice.toml" ] || greenoffice init "$data"
# Not while bucket and token serve: new tokens would end those of processes that run.
greenoffice influx init "$data" --if-needed
if [ -n "${GREENOFFICE_HTTP__CERTIFICATE:-}" ]; then
    greenoffice grafana provision "$provisioning" --data "$data" --api-url https://api:8080 \
        --unverified
else
    greenoffice grafana provision "$provisioning" --data "$data" --api-url http://api:8080
fi
[ -s "$monitoring/prometheus.key" ] || greenoffice key add "$data" --name prometheus \
    --purpose "/metrics" --secret-file "$monitoring/prometheus.key"
