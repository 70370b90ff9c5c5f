#!/bin/sh
# Installs a locked list of packages, and the project itself, into .venv; into another environment
# the packages alone.
# Usage: tools/install.sh requirements.txt [ENVIRONMENT]
set -eu
cd "$(dirname "$0")/.."
lock=$1
home=${2:-.venv}
python=$home/bin/python

# uv does not read pip's settings: hand it the mirror and the certificates that pip uses.
mirror=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$mirror}
SSL_CERT_FILE=${SSL_CERT_FILE:-${PIP_CERT:-}}
[ -z "$UV_DEFAULT_INDEX" ] || export UV_DEFAULT_INDEX
[ -z "$SSL_CERT_FILE" ] || export SSL_CERT_FILE
export UV_HTTP_TIMEOUT=180

echo "Installing the packages of $lock"
# Compiled now, once, so that no process of the platform has to do it while it starts.
if ! .venv/bin/uv pip install --python "$python" --compile-bytecode --require-hashes -r "$lock"; then
    echo "uv could not install them; trying pip, which is slower" >&2
    "$python" -m pip install --require-hashes -r "$lock"
fi

[ "$home" = .venv ] || exit 0
echo "Installing the project"
"$python" -m pip install --quiet --disable-pip-version-check \
    --no-index --no-deps --no-build-isolation --editable .
