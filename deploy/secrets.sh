#!/bin/sh
# Makes, once, the secrets that the servers need before they start; each file is its owner's alone.
# Lays out, each time, the configuration of the broker and of Prometheus, with TLS where there is
# a folder of certificates.
# Usage: secrets.sh DATA DATABASE BROKER-PASSWORDS DEPLOY BROKER-CONFIG MONITORING CERTIFICATES
set -eu
data=$1 database=$2 broker=$3 deploy=$4 config=$5 monitoring=$6 certificates=$7
umask 077

tls=""
if [ -d "$certificates" ]; then
    tls=tls # the broker sees the folder under the same name
    for file in server.pem server.key; do
        if [ ! -r "$certificates/$file" ]; then
            echo "secrets: $certificates/$file is not there, or user $(id -u) cannot read it:" \
                "put it into the folder of certificates and give it to that user" >&2
            exit 1
        fi
    done
fi

mkdir -p "$data/secrets"
if [ ! -s "$database/password" ]; then
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$database/password.new"
    mv "$database/password.new" "$database/password"
fi
greenoffice broker user receiver --password-file "$data/secrets/broker.password" \
    --mosquitto-passwords "$broker/passwords"

lay() { # whole or not at all: who starts meanwhile reads the one or the other
    cat >"$1.new"
    mv "$1.new" "$1"
}
# The version is that of the image in docker-compose.yml; the memory fits its bounds there.
greenoffice broker config --out "$config" --container --mosquitto-version 2.0.22 --memory-mb 2048 \
    ${tls:+--certificate /certificates/server.pem --private-key /certificates/server.key}
for file in run.sh answers.sh; do
    lay "$config/$file" <"$deploy/mosquitto/$file"
done
for file in prometheus.yml alerts.yml; do
    lay "$monitoring/$file" <"$deploy/prometheus/$file"
done
lay "$monitoring/api.yml" <"$deploy/prometheus/api-${tls:-plain}.yml"
