#!/bin/sh
# Registers the simulated campus, once, and has its gateways push a history, then live readings.
# Usage: simulators.sh DATA BROKER-PASSWORDS
set -eu
data=$1 passwords=$2

if [ ! -e "$data/demo.json" ]; then
    greenoffice demo-campus "$data" --mosquitto-passwords "$passwords/passwords"
    sleep 5 # the broker looks for new passwords every two seconds
fi
exec greenoffice simulators "$data"
