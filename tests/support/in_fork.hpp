// A child made by fork() without an exec, to look at what the copies in it do.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// Runs `work` in a child made by fork; true when it gave true there.
template <class F>
bool in_fork(F work) {
  const int pid = ::fork();
  if (pid == 0) {
    ::alarm(20);  // so that one that hangs is no more than a failure
    ::_exit(work() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace support
