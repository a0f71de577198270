#!/bin/sh
# Compiles one canary and runs it. A canary reproduces a fault of a compiler and records its present state:
#   right     it compiles, ends within 10 s, and exits 0
#   wrong     anything else that compiles
#   refused   it does not compile
# canary.sh FILE COMPILER FLAGS EXPECTED SCRATCH; fails when the state is not EXPECTED, and says which rule that touches.
set -u
file=$1 compiler=$2 flags=$3 expected=$4 scratch=$5

mkdir -p "$scratch"
program=$scratch/$(basename "$file" .cpp).$$
trap 'rm -f "$program"' EXIT
# shellcheck disable=SC2046
if ! log=$("$compiler" -std=c++23 -pthread -w $(echo "$flags" | tr , ' ') "$file" -o "$program" 2>&1); then
  state=refused
elif (ulimit -c 0; timeout 10 "$program") >/dev/null 2>&1; then
  state=right
else
  state=wrong
fi
[ "$state" = "$expected" ] && exit 0

version=$("$compiler" --version | head -n 1)
rule=$(sed -n 's|^// rule: ||p' "$file")
echo "$(basename "$file") was $expected and is now $state, with $flags on: $version"
if [ "$state" = right ]; then
  echo "The compiler got better. For this version the rule can be lifted: $rule"
else
  echo "The compiler got worse, or the cure stopped to work. The rule that leans on it: $rule"
  echo "$log" | head -n 20
fi
echo "Then record the new state in the 'expect' lines of $file."
exit 1
