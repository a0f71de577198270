// A server in a process of its own: it ends with the test, and never outlives it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace peers {

class child {
 public:
  /// Starts `command`; its standard output goes to a pipe. `settings`: NAME=VALUE.
  explicit child(const std::vector<std::string>& command,
                 const std::vector<std::string>& settings = {});
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();  // kills it, and waits

  /// The first line it prints; empty when it ends without one.
  [[nodiscard]] std::string first_line();
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running() const;

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Where PATH, or a place for administrators, has it; else empty.
[[nodiscard]] std::string find_program(const std::string& name);

/// `rouse serve` on a directory.
class rouse_serve {
 public:
  rouse_serve(const std::string& directory, const std::string& reactor);
  /// False where there is no such reactor.
  [[nodiscard]] bool has_reactor() const { return has_reactor_; }
  [[nodiscard]] unsigned short port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

 private:
  child process_;
  bool has_reactor_ = false;
  unsigned short port_ = 0;
};

/// nginx without a master, on a Unix socket: nginx cannot have the kernel choose a port.
class nginx {
 public:
  /// `scratch`: a directory for its files.
  nginx(const std::string& program, const std::string& scratch, const std::string& site);
  [[nodiscard]] const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  child process_;
};

/// A blocking connection; throws std::runtime_error when there is none.
[[nodiscard]] int connect_to(unsigned short port);
[[nodiscard]] int connect_to(const std::string& unix_socket);

}  // namespace peers
