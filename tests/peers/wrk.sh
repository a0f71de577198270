#!/bin/sh
# wrk.sh TOOL REACTOR: many connections at once, for a second each: no error, and nothing but the file comes back.
# wrk knows of no response check but the status, so a script of its own compares each body.
. "${0%/*}/server.sh" "$1" "$2"
need wrk
serve "$1" serve "$site" --port 0 --quiet

cat >"$work/check.lua" <<'LUA'
wrong = 0  -- global: thread:get() sees no others
response = function(status, headers, body)
  if status ~= 200 or body ~= "hello\n" then wrong = wrong + 1 end
end
local threads = {}
setup = function(thread) table.insert(threads, thread) end
done = function(summary)
  local e, bad = summary.errors, 0
  for _, t in ipairs(threads) do bad = bad + (t:get("wrong") or 0) end
  io.write(string.format("requests %d errors %d wrong %d\n", summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout, bad))
end
LUA

for connections in 1 64 512; do
  said=$(wrk -t1 -c$connections -d1s --timeout 10s -s "$work/check.lua" "$url/hello.txt" | grep '^requests')
  case $said in
    'requests 0 '*) fail "$connections connections: nothing came" ;;
    'requests '*' errors 0 wrong 0') ;;
    *) fail "$connections connections: $said" ;;
  esac
done

# Pipelined: 16 requests a write, each answered.
cat >"$work/pipelined.lua" <<'LUA'
init = function()
  local all = {}
  for i = 1, 16 do all[i] = wrk.format(nil, "/hello.txt") end
  request = function() return table.concat(all) end
end
LUA
cat "$work/check.lua" >>"$work/pipelined.lua"
said=$(wrk -t1 -c64 -d1s --timeout 10s -s "$work/pipelined.lua" "$url/hello.txt" | grep '^requests')
case $said in
  'requests 0 '*) fail "pipelined: nothing came" ;;
  'requests '*' errors 0 wrong 0') ;;
  *) fail "pipelined: $said" ;;
esac
verdict
