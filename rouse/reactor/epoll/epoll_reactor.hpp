// Readiness by epoll. A descriptor is registered once, edge-triggered, for both directions, and
// only when an operation has to wait: a connection that is answered at once never meets epoll_ctl.
// Every operation tries its call first; the call is made in the poll that wants it, so buffers are
// warm and nothing is lost by a cancel. After a short read from a TCP socket the socket is known to
// be empty, and the next read waits for an edge without asking. Refused: EPOLLONESHOT and
// level-triggering, which cost an epoll_ctl per wait.
#pragma once

#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/epoll.hpp>
#include <rouse/sys/event_fd.hpp>

#include <vector>

namespace rouse {
namespace internal {
class heap_lease_pool;
class spare_descriptor;
}  // namespace internal

/// Works on every Linux. Files are not its matter (supports() says so). A park by itself, and a
/// `reactor`. In a forked child park() gives errc::forked, and destroying it leaves the parent's
/// alone.
class epoll_reactor final : public reactor {
 public:
  /// Takes nothing from the kernel yet, see open().
  explicit epoll_reactor(const reactor_options& options = {});
  ~epoll_reactor() override;

  result<park_outcome> park(nanoseconds limit) override;
  result<outside_wait> begin_wait(nanoseconds limit) override;
  result<park_outcome> end_wait() override;
  result<int> wait_descriptor() override;
  [[nodiscard]] rouse::unparker unparker() override;
  [[nodiscard]] bool has_work() const noexcept override {
    return waiting_ != 0 || has_undelivered() || has_posted();
  }
  [[nodiscard]] reactor_kind kind() const noexcept override { return reactor_kind::epoll; }
  [[nodiscard]] std::size_t leases_out() const noexcept override;
  [[nodiscard]] bool supports(opcode code) const noexcept override {
    return side(code) != side_of::none;
  }
  result<void> open() override;

  bool start(operation& op) noexcept override;
  bool cancel(operation& op) noexcept override;
  void settle(operation& op) noexcept override { (void)cancel(op); }
  void detach(source_block& block) noexcept override;

 private:
  class wake_target;

  [[nodiscard]] result<void> check_process() const noexcept;
  bool attempt(operation& op) noexcept;
  bool attempt_accept(operation& op) noexcept;
  bool attempt_connect(operation& op) noexcept;
  bool wait_for_edge(operation& op) noexcept;
  bool wait_for_buffer(operation& op) noexcept;
  bool pause_accepting(operation& op) noexcept;
  void resume_accepting() noexcept;

  /// A park that has come to the point where it waits.
  struct half_park {
    nanoseconds limit{0};   // that it may wait
    bool asleep = false;    // unpark() interrupts
    bool token = false;     // there was one
    bool happened = false;  // something came from other threads
  };
  half_park begin(nanoseconds limit) noexcept;
  result<park_outcome> finish(const half_park& b, const result<unsigned>& count) noexcept;
  result<unsigned> wait(nanoseconds limit) noexcept;
  void take(const sys::ready_event& event) noexcept;
  void wake_side(source_side& side) noexcept;
  void feed_starving() noexcept;

  wake_target* target_;  // counted; every unparker shares it
  sys::epoll queue_;
  std::vector<sys::ready_event> events_;
  internal::heap_lease_pool* buffers_;
  list<operation> starving_;  // receives that wait for a buffer
  unsigned forks_ = 0;        // of this process when it was opened
  bool interrupted_ = false;  // the last sleep ended by a signal
  half_park outside_;         // from begin_wait to end_wait

  // Out of descriptors (FAULTS R1): accepts pause here until `resume_at_`.
  internal::spare_descriptor* spare_;
  list<operation> paused_;
  instant resume_at_ = never;
  nanoseconds pause_;
};

}  // namespace rouse
