# Sourced by the scripts of this folder: a directory made for the test, a server, and checks.
#   . server.sh TOOL REACTOR           sets $work and $site, with hello.txt and big
#   serve COMMAND...                   sets $url; skips the test where there is no such reactor
#   verdict                            ends the server, and the test
reactor=$2
export ROUSE_REACTOR="$2"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
work=$(mktemp -d) || exit 1
site=$work/site
server=
failures=0

end_all() {
  [ -n "$server" ] && kill -KILL "$server" 2>/dev/null
  rm -rf "$work"
}
trap end_all EXIT
trap 'exit 1' INT TERM HUP

need() {  # need PROGRAM: skips the test where it is not
  command -v "$1" >/dev/null || { echo "SKIPPED: no $1 here; tests/peers/packages.txt says what brings it"; exit 77; }
}
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
check() {  # check WHAT HAVE WANT
  [ "$2" = "$3" ] || fail "$1: have '$2', want '$3'"
}
serve() {
  : >"$work/out"
  "$@" >"$work/out" 2>"$work/err" &
  server=$!
  for _ in $(seq 200); do
    url=$(sed -n 's/^Serving .* at \(http:[^ ]*\)\/ .*/\1/p' "$work/out")
    if [ -n "$url" ]; then
      grep -qF "($reactor)" "$work/out" && return
      echo "SKIPPED: no $reactor here: $(head -n 1 "$work/out")"
      exit 77
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  echo "the server did not start: $(cat "$work/err")"
  exit 1
}
verdict() {  # ends the server as a user would, and the test
  kill -TERM "$server"
  wait "$server"
  check 'after SIGTERM the server exits' $? 0
  server=
  check 'the server said' "$(cat "$work/err")" ''
  [ "$failures" -eq 0 ] || exit 1
  echo 'all is well'
  exit 0
}

mkdir "$site"
echo hello >"$site/hello.txt"
head -c 3000000 /dev/urandom >"$site/big"
