#!/bin/sh
# Whether the broker answers: it refuses whom it does not know, and that is an answer. One that
# hangs accepts connections all the same, so the port alone says nothing.
# Usage: answers.sh PORT
timeout 10 mosquitto_pub -h 127.0.0.1 -p "$1" -i health -u health -P health -t health -n \
    >/dev/null 2>&1
[ $? -eq 5 ]
