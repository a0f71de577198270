#!/bin/sh
# curl_uploads.sh UPLOAD_SERVER REACTOR: bodies with a length, in chunks and after "100 Continue", taken and given back.
. "${0%/*}/server.sh" "$1" "$2"
need curl
serve "$1"

send() { curl -s --max-time 30 "$@"; }
same() {  # same WHAT ARGUMENTS...: the server gives back what it got
  what=$1
  shift
  send -o "$work/back" "$@" "$url/echo" || fail "$what: curl exits with $?"
  cmp -s "$work/back" "$site/big" || fail "$what: other bytes came back"
}
check 'the size' "$(send -T "$site/big" "$url/count")" 3000000
check 'the size of nothing' "$(send -X POST -d '' "$url/count")" 0
check 'the size in chunks' "$(send -T - "$url/count" <"$site/big")" 3000000
same 'a PUT' -T "$site/big"
same 'a PUT without asking first' -T "$site/big" -H 'Expect:'
same 'a POST' --data-binary "@$site/big"
same 'a slow PUT' -T "$site/big" --limit-rate 6M
send -T - -o "$work/back" "$url/echo" <"$site/big"
cmp -s "$work/back" "$site/big" || fail 'in chunks: other bytes came back'
check 'two uploads on one connection' \
  "$(send -o "$work/back" -w '%{num_connects} ' -T "$site/big" "$url/echo" \
    --next -s -o "$work/back" -w '%{num_connects}' -T "$site/big" "$url/echo")" '1 0'

# Who goes away in the middle of an upload takes nothing along.
for _ in 1 2 3 4 5; do send --limit-rate 1M --max-time 0.2 -T "$site/big" -o "$work/back" "$url/echo"; done
same 'after uploads that were cut' -T "$site/big"
: >"$work/err"  # the server may have said that they were
verdict
