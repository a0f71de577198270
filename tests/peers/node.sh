#!/bin/sh
# node.sh PEER ARGUMENTS...: runs node/PEER.mjs where there is a Node.js.
command -v node >/dev/null || { echo 'SKIPPED: no node here; tests/peers/packages.txt says what brings it'; exit 77; }
peer=$1
shift
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NODE_OPTIONS
exec node "${0%/*}/node/$peer.mjs" "$@"
