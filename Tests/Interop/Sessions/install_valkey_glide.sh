#!/usr/bin/env bash
# Puts valkey-glide from PyPI into a virtual environment of its own, unless it is there already:
# install_valkey_glide.sh DIRECTORY. Fails when the machine cannot reach PyPI, or lacks python3-venv.
set -euo pipefail
directory=$1

[ ! -e "$directory/complete" ] || exit 0
rm -rf "$directory"
/usr/bin/python3 -m venv "$directory"
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check valkey-glide==2.6.0
touch "$directory/complete"
