#!/bin/sh
# Reads the binaries of a release build and checks that the hardening of cmake/rouse_hardening.cmake arrived in them.
# hardening.sh BUILD_DIR
set -u
build=$1
failed=0
bad() { echo "$*"; failed=1; }

# Not the programs that do nothing: they have no libc, and nothing to load.
programs=$(find "$build" -path '*/CMakeFiles' -prune -o -path "$build/tests/workshop/install" -prune -o ! -name '*_nothing' -type f -perm -u+x -print |
  while read -r file; do
    if readelf -h "$file" >/dev/null 2>&1; then echo "$file"; fi
  done)
[ -n "$programs" ] || bad "no programs below $build: build it first"
for program in $programs; do
  facts=$(readelf -hlWd "$program")
  echo "$facts" | grep -q 'Type: *DYN (Position-Independent Executable' || bad "$program: not position independent"
  echo "$facts" | grep -q 'GNU_RELRO' || bad "$program: no RELRO"
  echo "$facts" | grep -q 'Flags:.* NOW' || bad "$program: lazy binding, so RELRO is not full"
  if echo "$facts" | grep 'GNU_STACK' | grep -q 'RWE'; then bad "$program: executable stack"; fi
done

archives=$(find "$build/rouse" -name 'librouse_*.a')
[ -n "$archives" ] || bad "no libraries below $build"
# shellcheck disable=SC2086
wanted=$(nm -u $archives 2>/dev/null)
echo "$wanted" | grep -q '__stack_chk_fail' || bad "no stack protector in our libraries"
echo "$wanted" | grep -q '__glibcxx_assert_fail' || bad "no library assertions in our libraries"
echo "$wanted" | grep -q '_chk$' || bad "no fortified call in our libraries"
if [ "$(uname -m)" = x86_64 ]; then
  for archive in $archives; do
    members=$(ar t "$archive" | wc -l)
    protected=$(readelf -n "$archive" 2>/dev/null | grep -c 'x86 feature: IBT, SHSTK')
    [ "$members" = "$protected" ] || bad "$archive: $protected of $members objects carry control-flow protection"
  done
fi

# What leaves no trace in a binary is read from the commands that made it.
for flag in -ftrivial-auto-var-init=zero -fstack-clash-protection -fstack-protector-strong -D_FORTIFY_SOURCE=3; do
  without=$(grep '"command":' "$build/compile_commands.json" | grep -vcF -e "$flag")
  [ "$without" = 0 ] || bad "$without compile commands without $flag"
done

[ $failed = 0 ] && echo "$(echo "$programs" | wc -l) programs and $(echo "$archives" | wc -l) libraries are hardened"
exit $failed
