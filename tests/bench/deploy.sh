#!/bin/sh
# Deploys, promotes and rollbacks by the release binary; `--help` tells the options.
set -eu
here=$(dirname "$0")
. "$here/build.sh"
need
build_fazt
exec python3 "$here/deploy.py" "$@"
