#!/bin/sh
# Makes, once, the secrets that the servers need before they start; each file is its owner's alone.
# Usage: secrets.sh DATA DATABASE-SECRETS BROKER-PASSWORDS
set -eu
data=$1 database=$2 broker=$3
umask 077
mkdir -p "$data/secrets"

if [ ! -s "$database/password" ]; then
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$database/password"
fi
greenoffice broker user receiver --password-file "$data/secrets/broker.password" \
    --mosquitto-passwords "$broker/passwords"
