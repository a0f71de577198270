#!/bin/sh
# refuses.sh PROGRAM ROOT COMPILER: passes when the program compiles without -DBREACH, does not with it, and the compiler then
# says what each "// says:" line of the program wants.
program=$1
root=$2
compiler=$3
flags="-std=c++23 -fsyntax-only -I$root"

if ! $compiler $flags "$program"; then
  echo "$program: must compile without -DBREACH, or its failure proves nothing"
  exit 1
fi
if said=$($compiler $flags -DBREACH "$program" 2>&1); then
  echo "$program: compiles, but must not"
  exit 1
fi
grep '^// says: ' "$program" | sed 's|^// says: ||' | while read -r words; do
  case $said in
    *"$words"*) ;;
    *)
      echo "$program: the compiler does not say: $words"
      echo "$said"
      exit 1
      ;;
  esac
done
