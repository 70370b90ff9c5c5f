#!/bin/sh
# Runs the broker, has it read passwords and certificate again when they change, and ends it where
# it does not answer any more: Docker starts a container again that ends, not one that hangs.
# Usage: run.sh CONFIGURATION PASSWORDS CERTIFICATE
set -eu
configuration=$1 passwords=$2 certificate=$3
looks_a_probe=${BROKER_LOOKS_A_PROBE:-15} # of 2 s each
silent_probes=${BROKER_SILENT_PROBES:-4}
here=$(dirname "$0")
port=$(sed -n 's/^listener \([0-9]*\).*/\1/p' "$configuration" | head -n 1)

state() {
    cat "$passwords" "$certificate" 2>/dev/null | cksum
}

mosquitto -c "$configuration" &
broker=$!
trap 'kill -TERM "$broker"' TERM INT

seen=$(state) look=0 heard="" silent=0
while kill -0 "$broker" 2>/dev/null; do
    sleep 2 &
    wait $! || true
    now=$(state)
    if [ "$now" != "$seen" ]; then
        seen=$now
        kill -HUP "$broker" 2>/dev/null || true
    fi
    look=$((look + 1))
    [ $((look % looks_a_probe)) -eq 0 ] || continue
    if sh "$here/answers.sh" "$port"; then
        heard=heard silent=0
    elif [ -n "$heard" ]; then
        silent=$((silent + 1))
    fi
    if [ "$silent" -ge "$silent_probes" ]; then
        echo "the broker does not answer, it is ended" >&2
        kill -TERM "$broker" 2>/dev/null || true
        sleep 10
        kill -KILL "$broker" 2>/dev/null || true
        exit 70
    fi
done
wait "$broker"
