#!/bin/sh
# run.sh ROOT NAME SECONDS: one fuzz target for so long. Says at the end what it did, or shows the input that broke it.
set -eu
root=$1 name=$2 seconds=$3

found=$root/build/fuzz/$name
program=$root/build/asan/tests/fuzz/fuzz_$name
mkdir -p "$found/corpus"
echo "fuzz $name: $seconds s"
if "$program" -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$found/" "$found/corpus" "$root/tests/fuzz/corpus/$name" >"$found/log" 2>&1; then
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")
  echo "fuzz $name: good, $runs runs, $(ls "$found/corpus" | wc -l) inputs of interest"
else
  grep -v '^#' "$found/log" | tail -n 60 >&2
  echo "fuzz $name: FAILED; the input lies where the last lines say (log: build/fuzz/$name/log)" >&2
  exit 1
fi
