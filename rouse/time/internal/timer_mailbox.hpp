// What a timer driver and its handles share. A registration is a node of its own, because the
// thread that made it may give it up at any time: the wheel's links are touched by the driver only,
// everything else under the lock.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/time/timer_driver.hpp>

namespace rouse::internal {

//   posted --take_mail()--> in the wheel --fire--> fired
//     |                        |    \--driver ends--> shut_down
//     +--cancel: unlinked      +--cancel: posted again, to be taken out of the wheel
class remote_timer final : public timer_entry, public list_link {  // list_link: in the mailbox
 public:
  using state = timer_registration::state;

  remote_timer(timer_mailbox& box, instant at, waker w) noexcept;
  ~remote_timer();

  void release(int references = 1) noexcept {
    // acq_rel: pairs with the other release, so that the last one sees all that was done
    if (references_.fetch_sub(references, order::acq_rel) == references) delete this;
  }

  timer_mailbox& box;
  const instant at;
  waker target;  // under the mailbox's lock

  [[nodiscard]] state status() const noexcept {
    return static_cast<state>(status_.load(order::acquire));
  }
  /// Under the mailbox's lock. Release: what happened before the deadline's turn is seen by whoever
  /// sees the status.
  void set_status(state s) noexcept {
    status_.store(static_cast<unsigned char>(s), order::release);
  }

 private:
  static void on_fire(timer_entry& e, reason why) noexcept;
  atomic<unsigned char> status_{static_cast<unsigned char>(state::waiting)};
  atomic<int> references_{
      2};  // the registration's, and the driver's until it has fired or been taken out
};

class timer_mailbox {
 public:
  timer_mailbox(rouse::clock& c, rouse::unparker wake) noexcept
      : clock(&c), wake_(std::move(wake)) {}

  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: pairs with the other releases, so that the last one sees all they did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  /// Any thread.
  result<remote_timer*> post(instant at, waker w) noexcept;
  /// Takes it back, and gives the registration's reference back.
  void cancel(remote_timer& t) noexcept;

  /// The driver: a glance without the lock. An unpark follows every post and orders it, so nothing
  /// is missed.
  [[nodiscard]] bool has_mail() const noexcept { return has_mail_.load(order::relaxed); }
  void take_mail(timer_driver& driver) noexcept;
  /// The driver, at its end: no post succeeds after this; what was posted is told.
  void close() noexcept;

  fork_mutex lock;
  rouse::clock* clock ROUSE_GUARDED_BY(lock);  // null when closed

 private:
  ~timer_mailbox() = default;

  list<remote_timer> mail_ ROUSE_GUARDED_BY(lock);
  rouse::unparker wake_;
  atomic<bool> has_mail_{false};
  atomic<long> references_{1};
};

}  // namespace rouse::internal
