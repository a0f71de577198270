#include "bare_sleeper.hpp"

#include <liburing.h>  // lint: ok, a floor
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdlib>

namespace bench {

struct bare_sleeper::ring {
  io_uring raw{};
  ring() {
    io_uring_params how{};
    how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (::io_uring_queue_init_params(8, &raw, &how) != 0) std::abort();
    ::io_uring_register_ring_fd(&raw);
  }
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() { ::io_uring_queue_exit(&raw); }
};

bare_sleeper::bare_sleeper(over what, int event) : event_(event) {
  if (what == over::epoll) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event e{};
    e.events = EPOLLIN | EPOLLET;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &e);
  } else {
    ring_ = std::make_unique<ring>();
    io_uring_sqe* e = io_uring_get_sqe(&ring_->raw);
    io_uring_prep_poll_multishot(e, event_, POLLIN);
  }
}
bare_sleeper::~bare_sleeper() {
  if (epoll_ >= 0) ::close(epoll_);
}

void bare_sleeper::wait() {
  if (epoll_ >= 0) {
    epoll_event e{};
    while (::epoll_wait(epoll_, &e, 1, -1) != 1) {
    }
    return;
  }
  for (bool woken = false; !woken;) {
    ::io_uring_submit_and_wait(&ring_->raw, 1);
    io_uring_cqe* done = nullptr;
    while (::io_uring_peek_cqe(&ring_->raw, &done) == 0) {
      ::io_uring_cqe_seen(&ring_->raw, done);
      woken = true;
    }
  }
}

bool has_ring() {
  io_uring ring{};
  io_uring_params how{};
  how.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (::io_uring_queue_init_params(8, &ring, &how) != 0) return false;
  ::io_uring_queue_exit(&ring);
  return true;
}

}  // namespace bench
