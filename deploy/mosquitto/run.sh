#!/bin/sh
# Runs the broker and has it read its passwords again when they change.
# Usage: run.sh CONFIGURATION PASSWORDS
set -eu
configuration=$1 passwords=$2

mosquitto -c "$configuration" &
broker=$!
trap 'kill -TERM "$broker"' TERM INT

seen=$(cksum <"$passwords")
while kill -0 "$broker" 2>/dev/null; do
    sleep 2 &
    wait $! || true
    now=$(cksum <"$passwords")
    if [ "$now" != "$seen" ]; then
        seen=$now
        kill -HUP "$broker" 2>/dev/null || true
    fi
done
wait "$broker"
