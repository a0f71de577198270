#!/bin/sh
# curl.sh TOOL REACTOR: what a careful client may ask of a file. tests/serve asks the rest.
. "${0%/*}/server.sh" "$1" "$2"
need curl
serve "$1" serve "$site" --port 0 --quiet

fetch() { curl -s --max-time 20 --path-as-is "$@"; }
code() { fetch -o "$work/body" -D "$work/head" -w '%{http_code}' "$@"; }
field() { sed -n "s/^$1: \(.*\)\r\$/\1/p" "$work/head"; }

check 'GET' "$(code "$url/big")" 200
cmp -s "$work/body" "$site/big" || fail 'GET: other bytes'
check 'its length' "$(field Content-Length)" 3000000
check 'HEAD' "$(code -I "$url/big")" 200
check 'its length' "$(field Content-Length)" 3000000
check 'one connection for 50 files' \
  "$(fetch -o /dev/null -w '%{num_connects}\n' "$url/hello.txt?[1-50]" | sort | uniq -c | tr -s ' \n' ' ')" ' 49 0 1 1 '
check 'eight at a time' \
  "$(fetch -Z --no-progress-meter --parallel-max 8 -o "$work/body.#1" -w '%{http_code}\n' "$url/big?[1-24]" | sort | uniq -c | tr -s ' \n' ' ')" ' 24 200 '
for body in "$work"/body.*; do cmp -s "$body" "$site/big" || fail "eight at a time: $body has other bytes"; done
check 'HTTP/1.0' "$(code -0 "$url/hello.txt") $(cat "$work/body")" '200 hello'

# Parts of it, and whether it has changed.
check 'a range' "$(code -r 1000000-1999999 "$url/big")" 206
dd if="$site/big" bs=1000000 skip=1 count=1 status=none | cmp -s - "$work/body" || fail 'a range: other bytes'
check 'the last byte' "$(code -r -1 "$url/hello.txt") $(wc -c <"$work/body")" '206 1'
check 'two ranges' "$(code -r 0-0,2-2 "$url/hello.txt")" 206
check 'no such range' "$(code -r 9- "$url/hello.txt")" 416
head -c 1000000 "$site/big" >"$work/part"
check 'a download goes on' "$(fetch -C - -o "$work/part" -w '%{http_code}' "$url/big")" 206
cmp -s "$work/part" "$site/big" || fail 'a download that goes on: other bytes'
check 'not modified since' "$(code -z "$site/hello.txt" "$url/hello.txt")" 304
check 'modified since' "$(code -z '1 Jan 2000' "$url/hello.txt")" 200
fetch --etag-save "$work/tag" -o "$work/body" "$url/hello.txt"
check 'the same tag' "$(code --etag-compare "$work/tag" "$url/hello.txt")" 304
echo changed >"$site/hello.txt"
check 'another tag' "$(code --etag-compare "$work/tag" "$url/hello.txt") $(cat "$work/body")" '200 changed'
echo hello >"$site/hello.txt"

# What is not wanted is refused, and the body of an upload does no harm to what follows it.
check 'PUT' "$(code -T "$site/big" -H 'Expect:' "$url/hello.txt")" 405
check 'a small POST, then a GET, on one connection' \
  "$(fetch -d a=b -o /dev/null -w '%{http_code} ' "$url/hello.txt" --next -s -o /dev/null -w '%{http_code} %{num_connects}' "$url/hello.txt")" '405 200 0'
check 'a chunked POST, then a GET' \
  "$(fetch -H 'Transfer-Encoding: chunked' -d @"$site/hello.txt" -o /dev/null -w '%{http_code} ' "$url/" --next -s -o /dev/null -w '%{http_code} %{num_connects}' "$url/hello.txt")" '405 200 0'
check 'Expect: 100-continue' "$(code -H 'Expect: 100-continue' -d a=b "$url/hello.txt")" 405
check 'a head of 20 kB' "$(code -H "X: $(head -c 20000 /dev/zero | tr '\0' x)" "$url/hello.txt")" 431

verdict
