#include "child.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace peers {
namespace {

constexpr int start_ms_max = 20'000;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& w : words)
    all.push_back(const_cast<char*>(w.c_str()));
  all.push_back(nullptr);
  return all;
}

std::string write_config(const std::string& scratch, const std::string& site,
                         const nginx_options& options) {
  const std::string name = scratch + "/nginx.conf";
  const std::string at = " " + scratch + "/";
  const std::string where = options.port == 0 ? "unix:" + scratch + "/socket"
                                              : "127.0.0.1:" + std::to_string(options.port);
  const std::string upstream =
      "upstream app { server 127.0.0.1:" + std::to_string(options.behind) + "; keepalive 4; }\n";
  const std::string location =
      "location /app/ { proxy_pass http://app; proxy_http_version 1.1; client_max_body_size 0;\n"
      "proxy_set_header Connection \"\"; proxy_request_buffering off; proxy_buffering off; }\n";
  // What a guide would set up, apart from where its files lie. Its user is who runs the test: a
  // lesser one could not read the test's directories.
  std::ofstream(name)
      << (::geteuid() == 0 ? "user root;\n" : "") << "daemon off; master_process off; pid" << at
      << "pid; error_log" << at << "error.log;\n"
      << "events { worker_connections 4096; }\n"
      << "http { access_log off; sendfile on; absolute_redirect off; lingering_timeout 100ms;\n"
      << "keepalive_requests " << options.requests_max << ";\n"
      << (options.behind == 0 ? "" : upstream)
      << (options.open_file_cache ? "open_file_cache max=1000;\n" : "")  //
      << "client_body_temp_path" << at << "b; proxy_temp_path" << at << "p;\n"
      << "fastcgi_temp_path" << at << "f; uwsgi_temp_path" << at << "u;\n"
      << "scgi_temp_path" << at << "s;\n"
      << "server { listen " << where << " backlog=4096; root " << site << "; autoindex on;\n"
      << (options.behind == 0 ? "" : location) << "} }\n";
  return name;
}

/// -1 when nobody listens.
int try_connect(const sockaddr* there, socklen_t bytes) {
  const int fd = ::socket(there->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (::connect(fd, there, bytes) == 0) return fd;
  ::close(fd);
  return -1;
}
int try_connect(unsigned short port) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return try_connect(reinterpret_cast<const sockaddr*>(&there), sizeof there);
}
int try_connect(const std::string& unix_socket) {
  sockaddr_un there{};
  there.sun_family = AF_UNIX;
  unix_socket.copy(there.sun_path, sizeof there.sun_path - 1);
  return try_connect(reinterpret_cast<const sockaddr*>(&there), sizeof there);
}

}  // namespace

child::child(const std::vector<std::string>& command, const std::vector<std::string>& settings,
             int processor) {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) fail("pipe");
  std::vector<std::string> environment = settings;
  for (char** e = environ; *e; ++e)
    environment.emplace_back(*e);
  const auto arguments = pointers(command);
  const auto variables = pointers(environment);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    if (processor >= 0) {
      cpu_set_t only;
      CPU_ZERO(&only);
      CPU_SET(processor, &only);
      ::sched_setaffinity(0, sizeof only, &only);
    }
    ::dup2(pair[1], STDOUT_FILENO);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  ::close(pair[1]);
  output_ = pair[0];
}

child::~child() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(output_);
}

bool child::has_output(int ms) const {
  pollfd wait{.fd = output_, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, ms) == 1;
}

std::string child::next_line() {
  std::string line;
  char c = 0;
  while (has_output(start_ms_max) && ::read(output_, &c, 1) == 1 && c != '\n')
    line += c;
  return line;
}

bool child::is_running() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string places = std::string(path ? path : "") + ":/usr/sbin:";
  for (std::size_t end; (end = places.find(':')) != std::string::npos; places.erase(0, end + 1)) {
    const std::string candidate = places.substr(0, end) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

namespace {

std::vector<std::string> serve_command(const std::string& directory,
                                       const std::vector<std::string>& more) {
  std::vector<std::string> words = {PEERS_TOOL, "serve", directory, "--port", "0", "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

rouse_serve::rouse_serve(const std::string& directory, const std::string& reactor, int processor,
                         const std::vector<std::string>& more)
    : process_(serve_command(directory, more), {"ROUSE_REACTOR=" + reactor}, processor) {
  const std::string greeting = process_.next_line();
  const std::size_t colon = greeting.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("no greeting: " + greeting);
  port_ = static_cast<unsigned short>(std::atoi(greeting.c_str() + colon + 1));
  has_reactor_ = greeting.find("(" + reactor + ")") != std::string::npos;
}

nginx::nginx(const std::string& program, const std::string& scratch, const std::string& site,
             nginx_options options)
    : socket_(scratch + "/socket"),
      process_({program, "-p", scratch, "-e", scratch + "/error.log", "-c",
                write_config(scratch, site, options)},
               {}, options.processor) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(start_ms_max);
  while (std::chrono::steady_clock::now() < limit && process_.is_running()) {
    const int fd = options.port == 0 ? try_connect(socket_) : try_connect(options.port);
    if (fd >= 0) {
      ::close(fd);
      return;
    }
    ::poll(nullptr, 0, 5);  // nginx says nowhere that it listens
  }
  std::ifstream log(scratch + "/error.log");
  std::string why;
  std::getline(log, why);
  throw std::runtime_error("nginx did not start: " + why);
}

unsigned short free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof here;
  const bool is_bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&here), bytes) == 0 &&
                        ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &bytes) == 0;
  ::close(fd);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(here.sin_port);
}

int connect_to(unsigned short port) {
  const int fd = try_connect(port);
  if (fd < 0) fail("connect to port " + std::to_string(port));
  return fd;
}

int connect_to(const std::string& unix_socket) {
  const int fd = try_connect(unix_socket);
  if (fd < 0) fail("connect to " + unix_socket);
  return fd;
}

}  // namespace peers
