#!/bin/sh
# run_in_node.sh NODE NAME: what programs/NAME.js prints, then how it exits. After 20 s it is killed: exit code 124.
here=$(CDPATH='' cd -- "${0%/*}" && pwd -P)
unset NODE_OPTIONS UV_THREADPOOL_SIZE NODE_PATH
SCRATCH=$(mktemp -d)
export SCRATCH
timeout -k 1 20 "$1" --no-warnings --require "$here/prelude.js" "$here/programs/$2.js"
echo "exit code $?"
rm -rf "$SCRATCH"
