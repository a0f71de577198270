#!/bin/sh
# one_log_line.sh DENY WAY PROGRAM: a program that is denied the ring says so in one line, and does its work over epoll.
unset ROUSE_REACTOR
said=$("$1" "$2" "$3" 2>&1 >/dev/null) || { echo "it failed: $said"; exit 1; }
case $said in
  *'
'*) echo "more than one line: $said"; exit 1 ;;
  'rouse: warning: io_uring is not available ('*'), using epoll') ;;
  *) echo "it says '$said'"; exit 1 ;;
esac
