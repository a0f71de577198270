#!/bin/sh
# serve.sh TOOL REACTOR: `rouse serve` on a directory made here. Says each check that fails; passes when none does.
tool=$1
export ROUSE_REACTOR="$2"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
work=$(mktemp -d) || exit 1
server=
failures=0

finish() {
  [ -n "$server" ] && kill -KILL "$server" 2>/dev/null
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
check() {  # check WHAT HAVE WANT
  [ "$2" = "$3" ] || fail "$1: have '$2', want '$3'"
}
fetch() { curl -s --max-time 20 --path-as-is "$@"; }
code() { fetch -o "$work/body" -D "$work/head" -w '%{http_code}' "$@"; }
holds() {  # holds WHAT FILE WORDS
  grep -qF -- "$3" "$2" || fail "$1: no '$3' in: $(head -c 600 "$2")"
}
lacks() {
  if grep -qF -- "$3" "$2"; then fail "$1: '$3' is there"; fi
}
start() {  # start ARGUMENTS...: sets server and url
  : >"$work/out"  # else the former server's address may be read
  "$tool" serve "$@" >"$work/out" 2>"$work/err" &
  server=$!
  url=
  for _ in $(seq 200); do
    url=$(sed -n 's/^Serving .* at \(http:[^ ]*\)\/ .*/\1/p' "$work/out")
    [ -n "$url" ] && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  echo "the server did not start: $(cat "$work/err")"
  exit 1
}
ended() {  # the exit code of the server
  wait "$server"
  code=$?
  server=
}

site="$work/site & <files>"
mkdir -p "$site/dir/deep" "$site/.hidden" "$site/with index"
echo secret >"$work/secret"
echo hello >"$site/hello.txt"
: >"$site/empty"
echo inside >"$site/dir/deep/inside.txt"
echo hidden >"$site/.hidden/file"
echo hidden >"$site/.dot"
echo '<p>index' >"$site/with index/index.html"
ln -s "$work/secret" "$site/link"
ln -s dir "$site/linked_dir"
mkfifo "$site/fifo"
script='<script>alert(1)<'
unicode='größe 日本 🙂.txt'
quotes="quo\"te's & 100% #1?.txt"
for name in "$script" "$unicode" "$quotes" 'a b  c.txt'; do printf '%s' "$name" >"$site/$name"; done
head -c 67108864 /dev/urandom >"$site/big"

# ---- The command line.
"$tool" --version >"$work/said" 2>&1
check '--version exits' $? 0
holds '--version' "$work/said" 'rouse '
"$tool" serve --help >"$work/said" 2>&1
check '--help exits' $? 0
holds '--help' "$work/said" '--port'
"$tool" serve --wrong >"$work/said" 2>&1
check 'a bad option exits' $? 2
holds 'a bad option' "$work/said" '--wrong'
"$tool" serve --port 70000 >"$work/said" 2>&1
check 'a bad port exits' $? 2
"$tool" >"$work/said" 2>&1
check 'no command exits' $? 2
"$tool" serve "$work/nowhere" --port 0 >"$work/said" 2>&1
check 'a missing directory exits' $? 1
holds 'a missing directory' "$work/said" "$work/nowhere"

# ---- Files and pages.
start "$site" --port 0
holds 'the greeting names the reactor' "$work/out" "($ROUSE_REACTOR)"
check 'the page' "$(code "$url/")" 200
holds 'the page' "$work/head" 'text/html'
for name in hello.txt empty dir 'with%20index' 'a%20b%20%20c.txt'; do holds 'the page' "$work/body" "$name"; done
for name in .dot .hidden linked_dir fifo; do lacks 'the page' "$work/body" "$name"; done
lacks 'the page is escaped' "$work/body" '<script>alert'

check 'a file' "$(code "$url/hello.txt")" 200
cmp -s "$work/body" "$site/hello.txt" || fail 'the bytes of a file differ'
holds 'a file' "$work/head" 'Content-Length: 6'
check 'an empty file' "$(code "$url/empty")" 200
check 'an empty file' "$(wc -c <"$work/body")" 0
check 'a deep file' "$(code "$url/dir/deep/inside.txt")" 200
check 'index.html' "$(fetch "$url/with%20index/")" '<p>index'
check 'HEAD' "$(code -I "$url/hello.txt")" 200
holds 'HEAD' "$work/head" 'Content-Length: 6'
check 'HEAD and GET on one connection' \
  "$(fetch -I -o "$work/body" -w '%{http_code} ' "$url/big" --next -s -o "$work/body" -w '%{http_code} %{num_connects}' "$url/hello.txt")" '200 200 0'
check 'what is not there' "$(code "$url/nothing")" 404
check 'POST' "$(code -d x=1 "$url/hello.txt")" 405
holds 'POST' "$work/head" 'Allow: GET, HEAD'
check 'a directory without its slash' "$(code "$url/dir?q=1")" 301
holds 'the redirect' "$work/head" 'Location: /dir/?q=1'
check 'a file with a slash' "$(code "$url/hello.txt/")" 404
for path in /.dot /.hidden/file /link /linked_dir/ /linked_dir/deep/inside.txt /fifo \
  /../secret /dir/../../secret /%2e%2e/secret /dir/%2e%2e/%2e%2e/secret /..%2fsecret; do
  answered=$(code "$url$path")
  case $answered in
    400 | 404) ;;
    *) fail "$path: $answered" ;;
  esac
  lacks "$path" "$work/body" secret
done
check 'a FIFO' "$(code "$url/fifo")" 404
check '%2e%2e' "$(code "$url/%2e%2e/secret")" 404

# What the page links to opens, whatever its name.
for name in "$script" "$unicode" "$quotes" 'a b  c.txt'; do
  path=$(printf '%s' "$name" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%')
  check "the file $name" "$(fetch "$url/$path")" "$name"
done
opened=0
fetch "$url/" | grep -o 'href="[^"]*"' | sed 's/^href="//; s/"$//; s/&amp;/\&/g' >"$work/links"
while read -r link; do
  case $link in
    [a-z]*:* | /*) continue ;;
  esac
  [ "$link" = big ] && continue
  answered=$(code "$url/${link#./}")
  [ "$answered" = 200 ] || fail "the link $link: $answered"
  opened=$((opened + 1))
done <"$work/links"
[ "$opened" -ge 8 ] || fail "the page has only $opened links that open"

check 'keep-alive' \
  "$(fetch -o "$work/body" -w '%{num_connects}' "$url/hello.txt" --next -s -o "$work/body" -w '%{num_connects}' "$url/empty")" 10

# ---- A large file, in bounded memory.
want=$(sha256sum <"$site/big")
for _ in 1 2 3; do fetch "$url/big" | sha256sum >"$work/sum.$_" & pulls="$pulls $!"; done
have=$(fetch "$url/big" | sha256sum)
check '64 MiB' "$have" "$want"
# shellcheck disable=SC2086
wait $pulls
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server/status")
bound=65536
grep -q asan "/proc/$server/maps" && bound=524288  # shadow and quarantine
[ "$peak" -lt "$bound" ] || fail "peak memory is $peak kB"

# ---- Its end finishes what is under way, and takes nothing new.
curl -s --limit-rate 24M --max-time 30 "$url/big" >"$work/slow" &
slow=$!
for _ in $(seq 100); do
  [ -s "$work/slow" ] && break
  sleep 0.05
done
kill -TERM "$server"
sleep 0.3
if kill -0 "$slow" 2>/dev/null; then
  fetch -o "$work/body" "$url/" && fail 'it still takes connections while it ends'
else
  fail 'the slow download was over before the signal'
fi
wait "$slow"
check 'the slow download exits' $? 0
ended
check 'after SIGTERM it exits' "$code" 0
check 'the slow download' "$(sha256sum <"$work/slow")" "$want"
check 'on standard error' "$(cat "$work/err")" ''
holds 'the log' "$work/out" 'GET /hello.txt 200'

# ---- Ports.
start "$site" --port 0 --quiet
first=$server
port=${url##*:}
fetch -o "$work/body" "$url/hello.txt"
lacks '--quiet' "$work/out" 'GET'
"$tool" serve "$site" --port "$port" >"$work/said" 2>&1
check 'a taken port exits' $? 1
holds 'a taken port' "$work/said" "$port"
start "$site"
second=$server
default=${url##*:}
start "$site"
[ "${url##*:}" -gt "$default" ] || fail "the next free port after $default: ${url##*:}"
check 'on the next port' "$(code "$url/hello.txt")" 200
kill -INT "$server"
ended
check 'after SIGINT it exits' "$code" 0
for server in "$first" "$second"; do
  kill -TERM "$server"
  ended
  check 'an idle one exits' "$code" 0
done

# ---- What options change.
start "$site" --port 0 --no-listing --log common --cache-control 'max-age=60' --sendfile
check '--no-listing' "$(code "$url/")" 404
check '--no-listing leaves an index.html' "$(code "$url/with%20index/")" 200
check '--cache-control' "$(code "$url/hello.txt")" 200
holds '--cache-control' "$work/head" 'Cache-Control: max-age=60'
check '--sendfile' "$(fetch "$url/big" | sha256sum)" "$want"
kill -TERM "$server"
ended
grep -qE '^127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \+0000\] "GET /hello\.txt HTTP/1\.1" 200 6$' "$work/out" ||
  fail "--log common: $(tail -n 3 "$work/out")"

start "$site" --port 0 --log json --header-timeout 0.3 --idle-timeout 0.3 --drain 0.3
check 'a name with quotes' "$(code "$url/%22")" 404
said=$(timeout 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/${url##*:}; printf 'GET / HT' >&3; head -c 12 <&3")
check 'a slow head' "$said" 'HTTP/1.1 408'
curl -s --limit-rate 1M --max-time 30 "$url/big" >"$work/slow" &
slow=$!
for _ in $(seq 100); do
  [ -s "$work/slow" ] && break
  sleep 0.05
done
began=$(date +%s)
kill -TERM "$server"
ended
check '--drain exits' "$code" 0
[ $(($(date +%s) - began)) -le 5 ] || fail '--drain took too long'
wait "$slow" && fail 'what did not end in time was not cut'
grep -qE '^\{"time":"[0-9T:.-]+Z","peer":"127\.0\.0\.1:[0-9]+","method":"GET","target":"/%22","version":"1\.1","status":404,"bytes":[0-9]+,"body_bytes":[0-9]+,"seconds":[0-9.]+\}$' "$work/out" ||
  fail "--log json: $(tail -n 3 "$work/out")"
for words in '--log xml' '--drain -1' '--drain nan' '--max-connections 0'; do
  # shellcheck disable=SC2086
  "$tool" serve $words >"$work/said" 2>&1
  check "$words exits" $? 2
  holds "$words" "$work/said" "${words%% *}"
done

[ "$failures" -eq 0 ] && echo 'all is well'
[ "$failures" -eq 0 ]
