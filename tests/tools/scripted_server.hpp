// A server on a thread of its own, with plain blocking sockets: it answers each request with what
// the script says next, and remembers what it heard.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tools {

class scripted_server {
 public:
  struct answer {
    std::string text;
    bool close = true;  // else the connection is kept
  };
  /// The last answer is repeated for all further requests.
  explicit scripted_server(std::vector<answer> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("no listener");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~scripted_server() { stop(); }
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  /// Ends it; gives the requests that came, bodies by Content-Length included.
  const std::vector<std::string>& stop() {
    if (thread_.joinable()) {
      ::shutdown(listener_, SHUT_RDWR);
      thread_.join();
      ::close(listener_);
    }
    return heard_;
  }

 private:
  void serve() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      while (answer_one(fd)) {
      }
      ::close(fd);
    }
  }
  bool answer_one(int fd) {
    std::string in;
    std::size_t wanted = std::string::npos;
    while (in.size() < wanted) {
      char bytes[4096];
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
      if (n <= 0) return false;
      in.append(bytes, static_cast<std::size_t>(n));
      const std::size_t end = in.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::size_t length = in.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(in.substr(length + 16)) : 0);
    }
    heard_.push_back(in);
    const answer& next = script_[std::min(heard_.size(), script_.size()) - 1];
    for (std::size_t at = 0; at < next.text.size();) {
      const ssize_t n = ::send(fd, next.text.data() + at, next.text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return !next.close;
  }

  std::vector<answer> script_;
  std::vector<std::string> heard_;
  std::thread thread_;
  int listener_ = -1;
  unsigned port_ = 0;
};

}  // namespace tools
