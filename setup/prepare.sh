#!/bin/sh
# Makes .venv with everything that Understudy needs: the right Python, the packages, system libraries, networks.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fits() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 11), (3, 13)})' >/dev/null 2>&1; }

find_python() {
    for name in "${PYTHON:-}" python3 python3.13 python3.11; do
        if [ -n "$name" ] && fits "$name"; then
            echo "$name"
            return
        fi
    done
    say "Python 3.11 or 3.13 is needed (Blender's Python module exists for these); install one, or name it: make PYTHON=/path/to/python3.13"
    exit 2
}

python=$(find_python)
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing python$version-venv"
        { apt-get update -q && apt-get install -y -q --no-install-recommends "python$version-venv"; } >/dev/null
    else
        say "Python's venv module is missing; install the package python$version-venv"
        exit 2
    fi
fi

say "making .venv with $("$python" --version) (about a minute)"
[ -x .venv/bin/python ] && fits .venv/bin/python || { rm -rf .venv && "$python" -m venv .venv; }
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[develop]'
.venv/bin/python setup/libraries.py
.venv/bin/python -m understudy.solvers.models
touch .venv/ready
