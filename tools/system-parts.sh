#!/bin/sh
# Installs what the tests start beside Python, where this is Debian and we are root.
# Elsewhere, or where it fails, the tests that need an absent part are skipped by name.
set -eu

parts="chromium fonts-noto-cjk mosquitto-clients"

has() {
    case $1 in
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    fonts-noto-cjk) fc-list :lang=zh 2>/dev/null | grep . || dpkg -s fonts-noto-cjk 2>/dev/null ;;
    mosquitto-clients) command -v mosquitto_pub ;;
    esac >/dev/null
}

absent=""
for part in $parts; do
    has "$part" || absent="$absent $part"
done
[ -n "$absent" ] || exit 0

if [ ! -e /etc/debian_version ] || ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "Absent:$absent. Not Debian as root, so they are not installed; their tests are skipped."
    exit 0
fi

echo "Installing what the tests start:$absent"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # a list of names
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $absent; }; then
    echo "apt-get failed; the tests that need$absent are skipped." >&2
fi
