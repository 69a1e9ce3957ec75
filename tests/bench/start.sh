#!/bin/sh
# Cold start, memory and binary size; `--help` tells the options.
set -eu
here=$(dirname "$0")
. "$here/build.sh"
need
build_fazt
build_store
exec python3 "$here/start.py" "$@"
