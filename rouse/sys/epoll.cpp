#include <rouse/sys/epoll.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <climits>

namespace rouse::sys {
namespace {

using internal::done;
using internal::failure;

static_assert(event_in == EPOLLIN && event_urgent == EPOLLPRI && event_out == EPOLLOUT &&
              event_error == EPOLLERR && event_hang_up == EPOLLHUP &&
              event_peer_closed == EPOLLRDHUP);
static_assert(sizeof(ready_event) == sizeof(epoll_event) &&
              offsetof(ready_event, key) == offsetof(epoll_event, data));

constexpr nanoseconds::rep ns_per_ms = 1'000'000;
constexpr nanoseconds::rep ns_per_s = 1'000'000'000;

int rounded_up_ms(nanoseconds limit) noexcept {
  const auto ms = limit.count() / ns_per_ms + (limit.count() % ns_per_ms != 0);
  return static_cast<int>(
      std::min<nanoseconds::rep>(ms, INT_MAX));  // 24 days: an early return that callers allow
}

}  // namespace

result<epoll> epoll::open() {
  const int fd = calls().epoll_create(EPOLL_CLOEXEC);
  if (fd < 0) return std::unexpected(failure("epoll_create", fd));
  epoll e;
  e.queue_.reset(fd);
  return e;
}

result<void> epoll::add(int fd, std::uint64_t key) noexcept {
  ready_event e{EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLOUT | std::uint32_t{EPOLLET}, key};
  return done("epoll_ctl", calls().epoll_ctl(queue_.get(), EPOLL_CTL_ADD, fd, &e));
}

result<void> epoll::add_readable(int fd, std::uint64_t key) noexcept {
  ready_event e{EPOLLIN | std::uint32_t{EPOLLET}, key};
  return done("epoll_ctl", calls().epoll_ctl(queue_.get(), EPOLL_CTL_ADD, fd, &e));
}

void epoll::remove(int fd) noexcept {
  ready_event unused{};  // kernels before 2.6.9 looked at it
  (void)calls().epoll_ctl(queue_.get(), EPOLL_CTL_DEL, fd, &unused);
}

int epoll::wait_raw(ready_event* events, int count, nanoseconds limit) noexcept {
  const int queue = queue_.get();
  if (limit.count() <= 0) return calls().epoll_wait(queue, events, count, 0);
  if (limit == no_limit) return calls().epoll_wait(queue, events, count, -1);
  if (!milliseconds_only_) {
    const timespec t{static_cast<time_t>(limit.count() / ns_per_s),
                     static_cast<long>(limit.count() % ns_per_s)};
    const int n = calls().epoll_pwait2(queue, events, count, &t);
    if (n != -ENOSYS && n != -EPERM)
      return n;  // EPERM: what old seccomp filters say for unknown calls
    milliseconds_only_ = true;
  }
  return calls().epoll_wait(queue, events, count, rounded_up_ms(limit));
}

result<unsigned> epoll::wait(ready_event* events, unsigned count, nanoseconds limit) noexcept {
  const int n = wait_raw(events, static_cast<int>(count), limit);
  if (n < 0) return std::unexpected(failure("epoll_wait", n));
  return static_cast<unsigned>(n);
}

}  // namespace rouse::sys
