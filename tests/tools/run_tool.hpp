// Runs the tool as a user would, and looks at what it says and how it exits.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace tools {

struct tool_run {
  int exit_code = -1;  // minus the signal where one ended it
  std::string out;
  std::string err;
};

/// Waits for its end; kills it after 30 s.
inline tool_run run_tool(std::vector<std::string> arguments) {
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2");
  std::string path = ROUSE_TOOL;
  std::vector<char*> argv{path.data()};
  for (std::string& a : arguments)
    argv.push_back(a.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  tool_run ran;
  pollfd ends[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (std::chrono::steady_clock::now() > give_up) ::kill(pid, SIGKILL);
    if (::poll(ends, 2, 1000) < 0) break;
    for (int i = 0; i < 2; ++i) {
      if ((ends[i].revents & (POLLIN | POLLHUP)) == 0) continue;
      char text[4096];
      const ssize_t n = ::read(ends[i].fd, text, sizeof text);
      if (n > 0)
        (i == 0 ? ran.out : ran.err).append(text, static_cast<std::size_t>(n));
      else
        ends[i].fd = -1;
    }
  }
  ::close(out[0]);
  ::close(err[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran;
}

}  // namespace tools
