// Operations by io_uring. Waiting, accepting, connecting and everything on files is submitted to
// the ring, in one call per turn that also waits; nothing interrupts the thread, since the kernel's
// work runs only in that call (DEFER_TASKRUN).
//
// Bytes move by plain calls: a source has one multishot poll in the ring, armed when a call first
// would have waited, and the call is made in the poll of the operation that wants it. Measured on
// Linux 6.18 as bare loops, one thread, 64 connections on one CPU, microseconds of server CPU per
// echoed message of 64 B / 16 KiB: so 3.9 / 4.9, and level with that when the same receive and send
// are ring operations (3.9 / 4.9) or a multishot receive fills a buffer ring (4.0 / 4.9); one-shot
// receives cost 4.1 / 5.1 into memory of the connection's own and 4.2 / 5.2 with buffer selection.
// So nothing is lent to the kernel: an idle connection holds no buffer, the next buffer is a warm
// one, no buffer ring can run dry, and a read or write that is cancelled is let go at once with
// nothing lost. (epoll: 5.2 level-triggered; edge-triggered as in epoll/ it is level with this.)
// Refused: SQPOLL, registered files and buffers (no gain here), sync_cancel (never returns for a
// file write under way), MSG_RING to end a sleep (the other thread would need a ring).
#pragma once

#include <rouse/reactor/reactor.hpp>

#include <vector>

namespace rouse {
namespace internal {
class heap_lease_pool;
class ring;
class spare_descriptor;
}  // namespace internal

/// Linux 5.11 and newer, best from 6.1 on, where it is allowed. A park by itself, and a `reactor`.
///
/// The ring is made by the first park (or open()) and belongs to that thread; operations started
/// before wait for it. Another thread gets errc::wrong_thread from park, open and operations until
/// the owner has called release_thread() or has ended, which does the same: what is in flight is
/// cancelled to its final completion and starts again on the next owner's ring. Destroying it
/// elsewhere before that is allowed only while no operation lends memory to the kernel. A forked
/// child gets errc::forked.
class io_uring_reactor final : public reactor {
 public:
  /// Connections that the kernel may accept ahead of the program; beyond, multishot accept pauses.
  static constexpr std::uint32_t accepted_ahead_max = 64;

  /// Takes nothing from the kernel yet, see open().
  explicit io_uring_reactor(const reactor_options& options = {});
  /// Cancels what is in flight and waits until the kernel has let go; for abandoned file operations
  /// at most `teardown_limit`, after which they, their memory and the ring are kept for ever and
  /// counted as leaked.
  ~io_uring_reactor() override;

  /// Whether a ring can be made here and now: makes one and closes it. Any thread.
  /// Errors: ENOSYS, EPERM, ENOMEM (denied); EMFILE, ENFILE; EOPNOTSUPP (kernel before 5.11).
  [[nodiscard]] static result<void> probe(const reactor_options& options = {});

  result<park_outcome> park(nanoseconds limit) override;
  /// The first of these replaces a ring that defers the kernel's work by one that can be waited on
  /// from outside; what is in flight starts again there. From then on a turn costs a little more,
  /// and a host that sleeps in epoll_wait() is interrupted (EINTR) instead of told at times.
  result<outside_wait> begin_wait(nanoseconds limit) override;
  result<park_outcome> end_wait() override;
  result<int> wait_descriptor() override;
  [[nodiscard]] rouse::unparker unparker() override;
  [[nodiscard]] bool has_work() const noexcept override;
  [[nodiscard]] reactor_kind kind() const noexcept override { return reactor_kind::io_uring; }
  [[nodiscard]] std::size_t leases_out() const noexcept override;
  /// False for what this kernel lacks, or has refused at its first use: such operations answer
  /// -EOPNOTSUPP.
  [[nodiscard]] bool supports(opcode code) const noexcept override;
  result<void> open() override;
  result<void> release_thread() override;

  bool start(operation& op) noexcept override;
  bool cancel(operation& op) noexcept override;
  void settle(operation& op) noexcept override;
  void detach(source_block& block) noexcept override;

  /// How long the destructor and release_thread() wait for abandoned operations. 5 s at first.
  void set_teardown_limit(nanoseconds limit) noexcept { teardown_limit_ = limit; }
  /// How long a TCP connection stays quiet after a read that stopped short before it is asked once
  /// whether that was at urgent data; at most twice as long. 1 s at first.
  void set_quiet_limit(nanoseconds limit) noexcept { quiet_limit_ = limit; }
  /// Operations given up by all reactors so far, see the destructor.
  [[nodiscard]] static std::uint64_t leaked_operations() noexcept;
  /// Requests that the kernel holds: operations, polls, accepts.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  class wake_target;
  class thread_link;
  struct listener;
  struct completion;
  enum class phase : unsigned char { working, releasing, ending };

  [[nodiscard]] result<void> check_thread() const noexcept;

  // The ring
  void* next_entry() noexcept;  // io_uring_sqe*; null when there is no ring yet, or no room even
                                // after submitting
  [[nodiscard]] nanoseconds shortened(nanoseconds limit) noexcept;
  /// A park that has come to the point where it waits.
  struct half_park {
    nanoseconds limit{0};   // that it may wait
    bool is_cut = false;    // shorter than it was asked to, for a matter of our own
    bool asleep = false;    // unpark() interrupts
    bool token = false;     // there was one
    bool happened = false;  // something came from other threads
  };
  half_park begin(nanoseconds limit) noexcept;
  result<park_outcome> finish(const half_park& b, int answer) noexcept;
  int look() noexcept;
  int enter(unsigned completions, nanoseconds limit) noexcept;
  bool reap() noexcept;
  bool reap_more() noexcept;
  void take(const completion& c) noexcept;
  void arm_wake_target() noexcept;
  bool send_cancel(std::uint64_t user_data) noexcept;
  void insist_on_cancel(std::uint64_t user_data) noexcept;
  template <class Done>
  bool drive_until(Done done, instant deadline) noexcept;
  [[nodiscard]] bool is_all_entered() const noexcept;
  void push_deferred() noexcept;

  // Operations that the kernel carries out
  bool submit(operation& op) noexcept;
  bool push(operation& op) noexcept;
  bool retract(operation& op) noexcept;
  void request_cancel(operation& op) noexcept;
  void take_operation(operation& op, int answer) noexcept;
  void take_file_answer(operation& op, int answer) noexcept;

  // Operations that are calls, made when a poll says so
  bool attempt(operation& op) noexcept;
  bool attempt_connect(operation& op) noexcept;
  bool wait_for_readiness(operation& op) noexcept;
  void arm(source_block& block, side_of which) noexcept;
  void doubt(source_block& block) noexcept;
  void end_doubt(source_block& block) noexcept;
  void check_quiet_sources() noexcept;
  nanoseconds time_to_quiet_check() noexcept;
  void take_readiness(source_block& block, side_of which, int answer, bool is_last) noexcept;
  void wake_side(source_side& side) noexcept;
  void feed_starving() noexcept;

  // Accepting
  [[nodiscard]] listener* known_listener(const source_block& block) const noexcept;
  listener* make_listener(source_block& block) noexcept;
  bool start_accept(operation& op) noexcept;
  bool accept_by_call(operation& op, listener& from) noexcept;
  void take_connection(listener& from, int answer, bool is_last) noexcept;
  void tend_later(listener& of) noexcept;
  void tend(listener& of) noexcept;
  void pause_accepting(listener& at) noexcept;
  void resume_accepting() noexcept;

  // Letting go
  void let_go(phase why) noexcept;
  void cancel_everything() noexcept;
  void leak_ring() noexcept;

  wake_target* target_;  // counted; every unparker shares it
  internal::ring* ring_ = nullptr;
  internal::heap_lease_pool* buffers_;
  thread_link* thread_;
  std::size_t in_flight_ = 0;         // requests whose final completion has not been seen
  list<operation> in_kernel_;         // entered into the ring
  list<operation> deferred_;          // to be entered: no ring yet, or no room
  list<operation> starving_;          // receives that wait for a buffer
  std::vector<listener*> listeners_;  // by the index of their block
  list<listener> untended_;           // listeners to look after when reaping is over
  bool arms_deferred_ = false;        // some source wants a poll that could not be entered
  bool cancels_deferred_ = false;     // some operation wants a cancel that could not be entered
  bool wake_armed_ = false;
  bool has_retracted_file_operation_ = false;
  bool multishot_poll_ = true;    // false once this kernel has refused it
  bool multishot_accept_ = true;  // likewise
  bool connect_in_ring_ = true;   // likewise
  bool waits_outside_ = false;    // somebody asked for the descriptor, now or earlier
  half_park outside_;             // from begin_wait to end_wait
  phase phase_ = phase::working;
  std::uint32_t proven_ = 0;   // by opcode: has worked once
  std::uint32_t refused_ = 0;  // by opcode: was refused at its first use

  // Out of descriptors (FAULTS R2): accepting pauses until `resume_at_`.
  internal::spare_descriptor* spare_;
  list<listener> paused_;
  instant resume_at_ = never;
  nanoseconds pause_;

  // TCP sources that wait after what may have been a short read (check_quiet_sources).
  std::size_t doubted_ = 0;
  instant check_quiet_at_{};
  nanoseconds quiet_limit_;

  nanoseconds teardown_limit_;
};

}  // namespace rouse
