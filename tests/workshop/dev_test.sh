#!/bin/sh
# Tests ./dev without building anything: a copy of it in a scratch checkout, with cmake, ctest, apt and friends replaced
# by fakes that write down how they were called. dev_test.sh ROOT SCRATCH
set -u
root=$1 scratch=$2
failed=0

# fake NAME, its body on stdin
fake() { { echo '#!/bin/sh'; echo "echo \"$1 \$*\" >>'$scratch/calls'"; cat; } >"$scratch/bin/$1"; chmod +x "$scratch/bin/$1"; }

begin() {
  rm -rf "$scratch"
  mkdir -p "$scratch/bin" "$scratch/tree/cmake" "$scratch/elsewhere"
  cp "$root/dev" "$root/packages.txt" "$root/CMakePresets.json" "$scratch/tree/"
  cp "$root"/cmake/*.cmake "$scratch/tree/cmake/"
  for tool in sh cat sed grep awk find mkdir rm touch cp dirname head tail getconf uname env sleep xargs; do
    ln -s "$(command -v $tool)" "$scratch/bin/$tool"
  done
  : >"$scratch/calls"
  fake dpkg-query <<'END'
for word; do case $word in -*) ;; *) echo "installed $word" ;; esac; done
END
  fake cmake <<'END'
case $* in
  *--preset*) for last; do :; done; d=$SCRATCH/tree/build/$last
    echo "CMAKE_HOME_DIRECTORY:INTERNAL=$SCRATCH/tree" >"$d/CMakeCache.txt"; : >"$d/build.ninja" ;;
esac
END
  fake ctest </dev/null
  fake id <<'END'
echo 0
END
}

# dev ARGS: runs it in another folder, with the fakes only.
dev() {
  (cd "$scratch/elsewhere" && PATH=$scratch/bin SCRATCH=$scratch "$scratch/tree/dev" "$@") >"$scratch/out" 2>&1
}
check() { # check WHAT COMMAND...: COMMAND succeeds
  what=$1
  shift
  "$@" && return
  failed=1
  echo "not so: $what"
  sed 's/^/  out: /' "$scratch/out"
  sed 's/^/  call: /' "$scratch/calls"
}
said() { grep -q -e "$1" "$scratch/out"; }
called() { grep -q -e "$1" "$scratch/calls"; }
never() { ! "$@"; }

begin
check "help names every command" eval 'dev --help && (for c in run test build check fmt bench fuzz example rouse; do said "^./dev $c" || exit 1; done)'
check "an unknown command fails and says so" eval '! dev dance && said "unknown command .dance"'

begin
check "test configures, builds and runs ctest" dev test
check "it says that it configures" said 'configuring build/debug'
check "it used the debug preset" called 'cmake -S .*/tree --preset debug'
check "nothing is installed when nothing is missing" never called apt-get
: >"$scratch/calls"
check "a second call works" dev test 'wheel|list'
check "and does not configure again" never called 'cmake.*--preset'
check "the filter reaches ctest" called 'ctest --preset debug .*-R wheel|list'
sleep 0.01
touch "$scratch/tree/CMakePresets.json"
check "changed presets" dev test
check "are configured again" called 'cmake.*--preset debug'
echo "CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere" >"$scratch/tree/build/debug/CMakeCache.txt"
check "a checkout that moved" dev test
check "is built afresh" said 'has moved'
check "other presets leave out the workshop" eval 'dev test --preset asan && called "ctest --preset asan .*-LE workshop"'
fake ctest <<'END'
echo "full=${ROUSE_FULL:-no}"
END
check "the full size is asked for, and has its time" eval 'dev test --full && said full=1 && called "ctest --preset debug .*--timeout 3600"'
check "and is not there else" eval 'dev test && said full=no'
check "an unknown preset fails and names the known ones" eval '! dev test --preset fast && said "release, debug, asan"'

begin
fake ctest <<'END'
mkdir -p build/debug/Testing/Temporary
printf '3:time.wheel.fires (once)\n7:core.x/0\n' >build/debug/Testing/Temporary/LastTestsFailed.log
exit 8
END
check "failed tests fail the call" never dev test
check "and print the command that reruns each" eval \
  'grep -qxF "  ./dev test '"'^time\\\\.wheel\\\\.fires \\\\(once\\\\)\$'"'" "$scratch/out" && said "^  ./dev test .^core\\\\.x/0\\$.$"'

begin
fake cmake <<'END'
case $* in *--preset*) echo "chatter"; echo "CMake Error at x:1: clang 19 is missing"; exit 1 ;; esac
END
check "a failed configure fails" never dev build
check "and shows the error" said 'clang 19 is missing'
check "but not the chatter" never said chatter
check "and names the log" said 'log: build/debug/configure.log'

begin
fake dpkg-query <<'END'
echo "installed cmake"; echo "config-files git"
END
fake apt-get </dev/null
check "missing packages are installed as root" dev test
check "without questions, after an update" eval 'called "^apt-get -y .*update" && called "^apt-get -y .*install --no-install-recommends .*clang-19 .*git"'
check "and only those that are missing" never called 'install.* cmake'
fake apt-get <<'END'
echo "E: Unable to locate package clang-19"; exit 100
END
check "a failed installation fails" never dev test
check "and shows apt's own reason and what to do" eval 'said "^E: Unable to locate" && said "check the network"'
fake id <<'END'
echo 1000
END
check "without root or sudo it stops" never dev test
check "and says what to type" said 'as root run: apt-get update && apt-get install clang-19'
fake sudo <<'END'
exec "$@"
END
fake apt-get </dev/null
check "with sudo it goes on" dev test
check "and used it" called '^sudo env .*apt-get'

begin
# Two programs of one row each, `early` and `late`; the first misses its target.
mkdir -p "$scratch/tree/benches/one" "$scratch/tree/build/release/benches"
for name in early late; do
  : >"$scratch/tree/benches/one/${name}_bench.cpp"
  cat >"$scratch/tree/build/release/benches/${name}_bench" <<END
#!/bin/sh
case \$* in
  *--list*) for word; do case \$word in --filter=*) echo $name | grep -e "\${word#*=}" || exit 0 ;; esac; done ;;
  *) echo "$name ran \$*"; case \$* in *--check*) [ $name = late ] || exit 1 ;; esac ;;
esac
END
  chmod +x "$scratch/tree/build/release/benches/${name}_bench"
done
check "bench runs every program" eval 'dev bench && said "^early ran" && said "^late ran"'
check "built as users run it" called 'cmake --build .*/tree/build/release .*--target benches'
check "under one header" eval '! said "^early ran.*--no-header" && said "^late ran.*--no-header"'
check "bench takes a filter" eval 'dev bench lat && said "^late ran.*--filter=lat" && ! said "^early ran"'
check "the header is then that program's" never said no-header
check "bench hands on how to print and how often to measure" eval \
  'dev bench --json --rounds=2 && said "^late ran.*--rounds=2 --json"'
check "missed targets fail only when asked" eval '! dev bench --check && said "^late ran.*--check"'
check "a filter that matches nothing fails" eval '! dev bench nothing && said "no row matches .nothing."'
check "an unknown option fails" eval '! dev bench --fast && said "unknown option --fast"'

begin
# Two targets; the second one finds something.
mkdir -p "$scratch/tree/tests/fuzz"
for name in good bad; do : >"$scratch/tree/tests/fuzz/$name.cpp"; done
cat >"$scratch/tree/tests/fuzz/run.sh" <<'END'
#!/bin/sh
echo "fuzzed $2 for $3 s"
[ "$2" = good ]
END
chmod +x "$scratch/tree/tests/fuzz/run.sh"
check "fuzz runs one target, for a minute" eval 'dev fuzz good && said "^fuzzed good for 60 s"'
check "built with the sanitizers" called 'cmake --build .*/tree/build/asan .*--target fuzz_good'
check "or for as long as one says" eval 'dev fuzz good --minutes 2 && said "^fuzzed good for 120 s"'
check "or all of them, and fails when one does" eval \
  '! dev fuzz all --seconds 3 && said "^fuzzed good for 3 s" && said "^fuzzed bad for 3 s"'
check "without a name it says which there are" eval '! dev fuzz && said "fuzz what. .*bad good"'
check "an unknown target fails" eval '! dev fuzz nobody && said "no fuzz target .nobody."'
check "a time that is none fails" eval '! dev fuzz good --seconds soon && said "takes a whole number"'

exit $failed
