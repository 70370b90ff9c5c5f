#!/bin/sh
# Installs what the tests and checks start beside Python, where this is Debian and we are root.
# Elsewhere, or where it fails, the tests that need an absent part are skipped by name. Servers
# are installed, not started: the tests start their own, on free ports.
set -eu

parts="chromium fonts-noto-cjk mosquitto-clients mosquitto influxdb postgresql mariadb-server docker-compose prometheus"
services="mosquitto influxdb postgresql mariadb-server prometheus"

has() {
    case $1 in
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    fonts-noto-cjk) fc-list :lang=zh 2>/dev/null | grep . || dpkg -s fonts-noto-cjk 2>/dev/null ;;
    mosquitto-clients) command -v mosquitto_pub ;;
    mosquitto) command -v mosquitto || [ -x /usr/sbin/mosquitto ] ;;
    influxdb) command -v influxd ;;
    postgresql) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null ;;
    mariadb-server) command -v mariadbd || [ -x /usr/sbin/mariadbd ] ;;
    docker-compose) command -v docker-compose ;;
    prometheus) command -v promtool ;;
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

# Debian starts a server as soon as it is installed, on its default port; this says not to.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

echo "Installing what the tests start:$absent"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo "apt-get update failed; trying with the lists that are there." >&2
for part in $absent; do
    if ! apt-get install -y -qq --no-install-recommends "$part"; then
        echo "apt-get could not install $part; the tests that need it are skipped." >&2
        continue
    fi
    case " $services " in
    *" $part "*)
        if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
            systemctl disable --quiet --now "${part%-server}" || true
        fi
        echo "$part is installed; its own service is not started and stays off."
        ;;
    esac
done
