#!/bin/sh
# Functions against workerd and PocketBase; `--help` tells the options.
set -eu
here=$(dirname "$0")
. "$here/build.sh"
need wrk curl
build_fazt
exec python3 "$here/functions.py" "$@"
