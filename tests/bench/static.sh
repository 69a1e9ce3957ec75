#!/bin/sh
# Static files against nginx and bare hyper; `--help` tells the options.
set -eu
here=$(dirname "$0")
. "$here/build.sh"
need wrk nginx curl
build_fazt
build_floor
exec python3 "$here/static.py" "$@"
