// One ring: liburing sets it up and knows its layout; entering the kernel is ours, because one call
// has to submit, run the deferred work and wait with a time-out, and because the fault seam wants
// to see it. Refused: io_uring_submit_and_wait_timeout (skips the call when a completion is there
// already, so that entries stay unsubmitted, and hides how many were taken), SQPOLL (a second
// thread per worker, and it keeps the credentials of the time before a setuid).
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>

#include <liburing.h>
#include <cstdint>

namespace rouse::internal {

/// Submission and completion queue of one thread. Everything but close() and forget() is for that
/// thread.
class ring {
 public:
  static constexpr unsigned entries_min =
      64;  // below that memory is too short for a ring to be worth it
  static constexpr unsigned completions_per_entry = 8;

  /// Where its thread sleeps. A poll() on the descriptor of a ring that defers its work is not
  /// told of that work (Linux 6.18; a registered eventfd is, but only once when the work comes from
  /// another eventfd), so such a ring does without deferral.
  enum class waits : bool { in_enter, in_poll };

  ring() noexcept = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() { close(); }

  /// Sets it up for the calling thread, with `entries` (a power of two) or, when memory is denied,
  /// half of that and so on down to entries_min. Flags that this kernel does not know are left out
  /// one by one. Errors: ENOSYS, EPERM, ENOMEM, EMFILE, ENFILE; EOPNOTSUPP when the kernel is older
  /// than 5.11.
  result<void> open(unsigned entries, waits how = waits::in_enter);
  [[nodiscard]] bool is_open() const noexcept { return raw_.ring_fd >= 0; }
  /// Ends it. What is in flight is cancelled by the kernel some time later, so nothing should be.
  void close() noexcept;
  /// The same on a thread that does not own it: leaves out what belongs to the owner. Its memory
  /// goes now, the kernel's part when the owner ends.
  void close_elsewhere() noexcept;
  /// In a forked child: closes the descriptor and touches no shared memory, which the child does
  /// not have.
  void forget() noexcept;

  /// The next free entry, zeroed; null when the queue is full.
  [[nodiscard]] io_uring_sqe* next_entry() noexcept;
  [[nodiscard]] unsigned entries() const noexcept { return raw_.sq.ring_entries; }
  /// Entries that the kernel has not taken, which is also so after a call that took only some.
  [[nodiscard]] unsigned unsubmitted() const noexcept { return io_uring_sq_ready(&raw_); }
  /// Where an entry is, to take it back before it is submitted.
  struct ticket {
    std::uint64_t epoch_and_index = 0;
  };
  [[nodiscard]] ticket ticket_of(const io_uring_sqe* entry) const noexcept {
    return {epoch_ << index_bits | static_cast<std::uint64_t>(entry - raw_.sq.sqes)};
  }
  /// Makes an entry a no-op whose completion carries nothing. False when the kernel has it already.
  bool retract(ticket t) noexcept;

  /// Gives all entries to the kernel, which tries what it can at once. Runs no deferred work. Gives
  /// 0 or a negative errno: EBUSY (completions have to be taken first), EAGAIN (no memory).
  int submit() noexcept;
  /// Submits, runs deferred work, and waits until `completions` of them are there or `limit` has
  /// passed. Gives 0 or a negative errno: as submit(), and ETIME, EINTR, EEXIST (another thread's
  /// ring).
  int enter(unsigned completions, nanoseconds limit) noexcept;

  [[nodiscard]] bool has_completions() const noexcept { return io_uring_cq_ready(&raw_) != 0; }
  /// True when the kernel has something that only enter() brings here: deferred work, or
  /// completions that overflowed.
  [[nodiscard]] bool wants_enter() const noexcept {
    // The kernel sets it before it wakes us. Without the flag nobody tells, so ask.
    return !has_taskrun_flag_ || (__atomic_load_n(raw_.sq.kflags, __ATOMIC_RELAXED) &
                                  (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  }
  /// Work waits for an enter. Never without the flag.
  [[nodiscard]] bool has_deferred_work() const noexcept {
    return has_taskrun_flag_ &&
           (__atomic_load_n(raw_.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_TASKRUN) != 0;
  }
  [[nodiscard]] bool has_overflowed() const noexcept {
    return (__atomic_load_n(raw_.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW) != 0;
  }
  /// Hands every completion there is to `take(const io_uring_cqe&)`; gives how many.
  template <class F>
  unsigned reap(F&& take) {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* c = nullptr;
    io_uring_for_each_cqe(&raw_, head, c) {
      count++;
      take(*c);
    }
    if (count != 0) io_uring_cq_advance(&raw_, count);
    return count;
  }

  [[nodiscard]] unsigned setup_flags() const noexcept { return raw_.flags; }
  /// True when poll() on fd() sees everything that enter() would bring here.
  [[nodiscard]] bool is_pollable() const noexcept {
    return (raw_.flags & IORING_SETUP_DEFER_TASKRUN) == 0;
  }
  [[nodiscard]] int fd() const noexcept { return raw_.ring_fd; }

 private:
  static constexpr unsigned index_bits = 16;  // the kernel's limit is 32,768 entries

  int set_up(unsigned entries, waits how) noexcept;
  void restrict_operations() noexcept;
  int ask_to_register(unsigned what, const void* argument, unsigned count) const noexcept;
  unsigned publish() noexcept;
  int call(unsigned count, unsigned completions, unsigned flags, const nanoseconds* limit) noexcept;

  io_uring raw_ = closed();
  static io_uring closed() noexcept {
    io_uring r{};
    r.ring_fd = -1;
    r.enter_ring_fd = -1;
    return r;
  }
  std::uint64_t epoch_ = 1;  // counts submissions
  unsigned enter_flags_ = 0;
  bool has_taskrun_flag_ = false;
};

/// Whether this kernel knows an IORING_OP_*; false for all where rings are denied. Asked once per
/// process. Any thread.
[[nodiscard]] bool kernel_has_operation(unsigned operation) noexcept;

}  // namespace rouse::internal
