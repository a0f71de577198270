// Other programs as processes of their own, which end with the test and never outlive it. The
// benchmarks start theirs with these, too.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace peers {

class child {
 public:
  /// Starts `command`; its standard output goes to a pipe. `settings`: NAME=VALUE. `processor`:
  /// the only one it runs on; -1: where this process does.
  explicit child(const std::vector<std::string>& command,
                 const std::vector<std::string>& settings = {}, int processor = -1);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();  // kills it, and waits

  /// The next line it prints; empty when it ends without one, or says nothing for 20 s.
  [[nodiscard]] std::string next_line();
  /// Whether there is something to read, or nothing more will come; waits for `ms` at most.
  [[nodiscard]] bool has_output(int ms) const;
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
  /// `more`: further options.
  rouse_serve(const std::string& directory, const std::string& reactor, int processor = -1,
              const std::vector<std::string>& more = {});
  /// False where there is no such reactor.
  [[nodiscard]] bool has_reactor() const { return has_reactor_; }
  [[nodiscard]] unsigned short port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

 private:
  child process_;
  bool has_reactor_ = false;
  unsigned short port_ = 0;
};

struct nginx_options {
  unsigned short port = 0;  // 0: a Unix socket, as nginx cannot have the kernel choose a port
  bool open_file_cache = false;
  int processor = -1;
  unsigned short behind = 0;   // a server on that port answers for /app/; 0: none does
  int requests_max = 1 << 30;  // on one connection
};

/// nginx without a master, serving `site`. Throws std::runtime_error when it does not start.
class nginx {
 public:
  /// `scratch`: a directory for its files.
  nginx(const std::string& program, const std::string& scratch, const std::string& site,
        nginx_options options = {});
  [[nodiscard]] const std::string& socket() const { return socket_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

 private:
  std::string socket_;
  child process_;
};

/// A port that was free a moment ago.
[[nodiscard]] unsigned short free_port();

/// A blocking connection; throws std::runtime_error when there is none.
[[nodiscard]] int connect_to(unsigned short port);
[[nodiscard]] int connect_to(const std::string& unix_socket);

}  // namespace peers
