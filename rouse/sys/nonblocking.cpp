#include <rouse/sys/nonblocking.hpp>

#include <rouse/sys/address.hpp>
#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace rouse::sys::nonblocking {
namespace {

using internal::uninterrupted;

static_assert(sizeof(slice) == sizeof(iovec) && offsetof(slice, size) == offsetof(iovec, iov_len));

std::size_t capped(std::size_t bytes) noexcept { return std::min(bytes, transfer_bytes_max); }

/// accept(2): errors of the connection, not of the listener.
bool is_of_the_connection(int n) noexcept {
  switch (-n) {
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
  }
}

int has_events(int fd, short events) noexcept {
  const int n = uninterrupted([&]() noexcept { return calls().poll(fd, events, 0); });
  return n > 0 ? 1 : n;
}

/// Holds SIGPIPE back on this thread while a call is made that has no flag against it, and takes it
/// away if it came, unless the thread blocks it anyway.
class without_sigpipe {
 public:
  without_sigpipe() noexcept {
    ::sigemptyset(&only_);
    ::sigaddset(&only_, SIGPIPE);
    sigset_t former;
    ::sigemptyset(&former);
    mine_ = calls().signal_mask(SIG_BLOCK, &only_, &former) == 0 &&
            ::sigismember(&former, SIGPIPE) == 0;
  }
  without_sigpipe(const without_sigpipe&) = delete;
  without_sigpipe& operator=(const without_sigpipe&) = delete;
  ~without_sigpipe() {
    if (mine_) (void)calls().signal_mask(SIG_UNBLOCK, &only_, nullptr);
  }
  /// What the call answered. Gives it back.
  long came_with(long answer) const noexcept {
    constexpr timespec at_once{};
    while (mine_ && answer == -EPIPE && ::sigtimedwait(&only_, nullptr, &at_once) == SIGPIPE) {
    }
    return answer;
  }

 private:
  sigset_t only_;
  bool mine_ = false;
};

}  // namespace

bool would_block(long negative_errno) noexcept {
  return negative_errno == -EAGAIN || negative_errno == -EWOULDBLOCK;
}

int accept(int fd) noexcept {
  constexpr int dead_connections_max = 64;  // a turn must end, whatever the backlog holds
  int n = -EAGAIN;
  for (int i = 0; i < dead_connections_max; i++) {
    n = uninterrupted([&]() noexcept {
      return calls().accept(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    });
    if (n >= 0 || !is_of_the_connection(n)) break;
  }
  return n;
}

int connect(int fd, const socket_address& to) noexcept {
  // After EINTR the attempt goes on in the kernel. Asked again it says how far it is: whoever
  // waited for the edge instead would wait for ever if that had come before.
  bool was_interrupted = false;
  const int n = uninterrupted([&]() noexcept {
    const int answer = calls().connect(fd, to.data(), to.size());
    was_interrupted |= answer == -EINTR;
    return answer;
  });
  return was_interrupted && n == -EISCONN ? 0 : n;
}
bool is_connecting(int negative_errno) noexcept {
  return negative_errno == -EINPROGRESS || negative_errno == -EALREADY;
}
bool is_connected(int answer) noexcept { return answer == 0 || answer == -EISCONN; }

long receive(int fd, void* into, std::size_t bytes) noexcept {
  return uninterrupted(
      [&]() noexcept { return calls().recv(fd, into, capped(bytes), MSG_DONTWAIT); });
}

long send(int fd, const void* from, std::size_t bytes) noexcept {
  return uninterrupted([&]() noexcept {
    return calls().send(fd, from, capped(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

long send_vectored(int fd, const slice* slices, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = reinterpret_cast<iovec*>(const_cast<slice*>(slices));  // sendmsg only reads it
  message.msg_iovlen = std::min(count, slices_max);
  return uninterrupted(
      [&]() noexcept { return calls().sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

long send_file(int fd, int file, std::uint64_t offset, std::size_t bytes) noexcept {
  const without_sigpipe guard;
  return guard.came_with(
      uninterrupted([&]() noexcept { return calls().sendfile(fd, file, offset, capped(bytes)); }));
}

long read(int fd, void* into, std::size_t bytes) noexcept {
  return uninterrupted([&]() noexcept { return calls().read(fd, into, capped(bytes)); });
}

long write(int fd, const void* from, std::size_t bytes) noexcept {
  const without_sigpipe guard;
  return guard.came_with(
      uninterrupted([&]() noexcept { return calls().write(fd, from, capped(bytes)); }));
}

int is_readable(int fd) noexcept { return has_events(fd, POLLIN | POLLRDHUP); }
int is_writable(int fd) noexcept { return has_events(fd, POLLOUT); }
int is_failed(int fd) noexcept {
  const int n = uninterrupted([&]() noexcept { return calls().poll(fd, 0, 0); });
  return n > 0 ? (n & (POLLERR | POLLNVAL)) != 0 : n;
}

}  // namespace rouse::sys::nonblocking
