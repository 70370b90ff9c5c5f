#!/bin/sh
# Makes .venv with Python 3.11 or later, and puts uv and the build backend into it.
# PYTHON names the interpreter; otherwise the first fitting one on the path is taken.
set -eu
cd "$(dirname "$0")/.."

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

choose() {
    for candidate in ${PYTHON:-python3.11 python3 python3.14 python3.13 python3.12}; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or later is needed; tried: ${PYTHON:-python3.11 python3 and later}." >&2
    echo "Install it (Debian: apt-get install python3 python3-venv), or name it:" >&2
    echo "  make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
}

python=$(choose)
if ! fits .venv/bin/python; then
    echo "Making .venv with $("$python" --version) ($python)"
    rm -rf .venv
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "$python cannot make a virtual environment (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
fi

echo "Installing uv and the build backend"
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r requirements-bootstrap.txt
