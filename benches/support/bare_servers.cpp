#include "bare_servers.hpp"

#include <fcntl.h>
#include <liburing.h>  // lint: ok, a floor
#include <linux/openat2.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t buffer_bytes = 16 * 1024;

void send_all(int fd, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t n = ::send(fd, bytes, count, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return;
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
      continue;
    }
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
}

/// Calls answer(connection, bytes, count) for what arrives.
template <class Answer>
void serve_epoll(int listener, Answer answer) {
  const int queue = ::epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int fd) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    ::epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e);
  };
  add(listener);
  std::vector<char> buffer(buffer_bytes);
  epoll_event events[256];
  for (;;) {
    const int n = ::epoll_wait(queue, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        for (int next;
             (next = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
          add(next);
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0)
        answer(fd, buffer.data(), static_cast<std::size_t>(got));
      else if (got == 0 || errno != EAGAIN)
        ::close(fd);
    }
  }
}

class ring_echo {
 public:
  explicit ring_echo(int listener) : listener_(listener) {
    io_uring_params how{};
    how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                IORING_SETUP_SUBMIT_ALL;
    how.cq_entries = 16384;
    if (::io_uring_queue_init_params(2048, &ring_, &how) != 0) std::abort();
    ::io_uring_register_ring_fd(&ring_);
    if (::io_uring_register_files_sparse(&ring_, connections_max) != 0) std::abort();
    buffers_.resize(connections_max);
  }

  void run() {
    accept();
    for (;;) {
      ::io_uring_submit_and_wait(&ring_, 1);
      io_uring_cqe* done = nullptr;
      unsigned head = 0;
      unsigned count = 0;
      io_uring_for_each_cqe(&ring_, head, done) {
        ++count;
        complete(*done);
      }
      io_uring_cq_advance(&ring_, count);
    }
  }

 private:
  enum class step : std::uint64_t { accept, receive, send, close };
  static constexpr unsigned connections_max = 16384;

  io_uring_sqe& entry(step s, unsigned connection) {
    io_uring_sqe* e = io_uring_get_sqe(&ring_);
    if (!e) {
      ::io_uring_submit(&ring_);
      e = io_uring_get_sqe(&ring_);
    }
    data_ = static_cast<std::uint64_t>(s) << 32 | connection;
    return *e;
  }
  void finish(io_uring_sqe& e, unsigned flags) {
    e.flags |= static_cast<__u8>(flags);
    io_uring_sqe_set_data64(&e, data_);
  }
  void accept() {
    io_uring_sqe& e = entry(step::accept, 0);
    io_uring_prep_multishot_accept_direct(&e, listener_, nullptr, nullptr, 0);
    finish(e, 0);
  }
  void receive(unsigned c) {
    io_uring_sqe& e = entry(step::receive, c);
    io_uring_prep_recv(&e, static_cast<int>(c), buffers_[c].get(), buffer_bytes, 0);
    finish(e, IOSQE_FIXED_FILE);
  }
  void send(unsigned c, int count) {
    io_uring_sqe& e = entry(step::send, c);
    io_uring_prep_send(&e, static_cast<int>(c), buffers_[c].get(), static_cast<std::size_t>(count),
                       MSG_WAITALL | MSG_NOSIGNAL);
    finish(e, IOSQE_FIXED_FILE);
  }
  void close(unsigned c) {
    io_uring_sqe& e = entry(step::close, c);
    io_uring_prep_close_direct(&e, c);
    finish(e, 0);
  }
  void complete(const io_uring_cqe& done) {
    const auto c = static_cast<unsigned>(done.user_data);
    switch (static_cast<step>(done.user_data >> 32)) {
      case step::accept:
        if (done.res >= 0) {
          const auto fresh = static_cast<unsigned>(done.res);
          if (!buffers_[fresh]) buffers_[fresh] = std::make_unique<char[]>(buffer_bytes);
          receive(fresh);
        }
        if (!(done.flags & IORING_CQE_F_MORE)) accept();
        break;
      case step::receive: return done.res > 0 ? send(c, done.res) : close(c);
      case step::send: return done.res > 0 ? receive(c) : close(c);
      case step::close: break;
    }
  }

  int listener_;
  io_uring ring_{};
  std::vector<std::unique_ptr<char[]>> buffers_;
  std::uint64_t data_ = 0;
};

/// Appends the answer to one request.
std::size_t answer_get(int directory, std::string_view request, char* out, std::size_t room) {
  const std::size_t from = request.find('/') + 1;
  char path[256];
  const std::size_t length = request.find(' ', from) - from;
  if (length >= sizeof path) return 0;
  std::memcpy(path, request.data() + from, length);
  path[length] = 0;

  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
  if (fd < 0) return 0;
  struct stat status{};
  ::fstat(fd, &status);
  const auto head = static_cast<std::size_t>(std::snprintf(
      out, room, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %ld\r\n\r\n",
      static_cast<long>(status.st_size)));
  const ssize_t body = ::pread(fd, out + head, room - head, 0);
  ::close(fd);
  return head + static_cast<std::size_t>(body);
}

}  // namespace

void bare_epoll_echo(int listener) {
  serve_epoll(listener, [](int fd, const char* bytes, std::size_t n) { send_all(fd, bytes, n); });
}

void bare_ring_echo(int listener) {
  const int flags = ::fcntl(listener, F_GETFL);
  ::fcntl(listener, F_SETFL, flags & ~O_NONBLOCK);
  ring_echo(listener).run();
}

void bare_epoll_http(int listener, int directory) {
  std::vector<char> out(4 * buffer_bytes);
  serve_epoll(listener, [&](int fd, const char* bytes, std::size_t n) {
    std::size_t written = 0;
    // Every request comes whole: the client sends each batch by one call.
    for (std::string_view rest(bytes, n); !rest.empty();) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      written +=
          answer_get(directory, rest.substr(0, end), out.data() + written, out.size() - written);
      rest.remove_prefix(end + 4);
    }
    send_all(fd, out.data(), written);
  });
}

}  // namespace bench
