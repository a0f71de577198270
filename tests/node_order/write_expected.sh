#!/bin/sh
# write_expected.sh FOLDER [TIMES]: writes each programs/NAME.expected with what NAME.js prints in Node.js, which
# get_node.sh finds in FOLDER. A program that does not print the same each of TIMES times (default: 5) is none to
# compare with: its name is printed and the exit code is 1.
set -eu
here=${0%/*}
node=$("$here/get_node.sh" "$1") || { echo "$node"; exit 77; }
status=0
for program in "$here"/programs/*.js; do
  name=${program##*/}
  name=${name%.js}
  "$here/run_in_node.sh" "$node" "$name" >"$here/programs/$name.expected"
  left=$((${2:-5} - 1))
  while [ "$left" -gt 0 ]; do
    left=$((left - 1))
    if ! "$here/run_in_node.sh" "$node" "$name" | cmp -s - "$here/programs/$name.expected"; then
      echo "$name: not always the same"
      status=1
      break
    fi
  done
done
exit $status
