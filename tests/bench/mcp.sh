#!/bin/sh
# Agents: the MCP face under load; `--help` tells the options.
set -eu
here=$(dirname "$0")
. "$here/build.sh"
need wrk
build_fazt
exec python3 "$here/mcp.py" "$@"
