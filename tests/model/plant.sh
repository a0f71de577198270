#!/bin/sh
# Plants bugs in a copy of a shipped source: plant.sh SCRIPT SOURCE COPY. Each line of the sed script is one bug, asks
# model::planted("name") whether it is wanted, and must find its place; else the source has changed, and so must the script.
set -eu
sed -f "$1" "$2" >"$3.new"
while read -r line; do
  name=$(printf '%s\n' "$line" | sed 's/.*planted("\([^"]*\)").*/\1/')
  [ "$(grep -cF "planted(\"$name\")" "$3.new")" = 1 ] || { echo "$1: '$name' has lost its place in $2" >&2; exit 1; }
done <"$1"
mv "$3.new" "$3"
