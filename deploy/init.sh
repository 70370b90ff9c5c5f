#!/bin/sh
# Makes what is lacking once the servers answer: data folder, bucket, tokens, Grafana's boards.
# Usage: init.sh DATA GRAFANA-PROVISIONING
set -eu
data=$1 provisioning=$2

[ -e "$data/greenoffice.toml" ] || greenoffice init "$data"
# Not again: new tokens would end those of processes that run.
[ -e "$data/secrets/influx.token" ] || greenoffice influx init "$data"
greenoffice grafana provision "$provisioning" --data "$data" --api-url http://api:8080
