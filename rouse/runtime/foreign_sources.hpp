// Another library's event sources, hosted by a runtime: curl's multi interface, c-ares, libpq, a
// bare descriptor. Such a library names descriptors it wants to be told about, and an instant; it
// is called back when they are ready, or when that has come, until it names others.
//
//   watch(fd, {.readable = true}, on_ready)   set_timer(50ms, on_timeout)
//        |                                         |
//        +---- one task of the runtime: looks at what became ready, calls back, looks again
//
// Level-triggered for the guest, who may leave bytes where they are and is told again; edge-
// triggered towards the kernel. A watch holds a duplicate of the descriptor, so that the guest
// stays the owner of its number and an event can never reach whoever gets that number next.
// Refused: the guest's own number in the kernel's queue, which a close the guest forgot to announce
// would turn into somebody else's.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>

#include <cstddef>

namespace rouse {

class runtime;

/// What a watch waits for. Neither: it rests.
struct foreign_interest {
  bool readable = false;
  bool writable = false;
};

/// What a guest is told.
struct foreign_events {
  int fd = -1;            ///< as it was given to watch()
  bool readable = false;  ///< wanted, and a read would not wait: bytes, end of stream, error
  bool writable = false;  ///< wanted, and a write would not wait
  /// The descriptor has an error, which the next call on it names. Without the other two: it could
  /// not be waited for (no memory, a limit of the kernel), and the watch rests until modify().
  bool error = false;
};

/// The descriptors and the timer of one guest.
///
/// Callbacks run on the runtime's thread, in a poll of a task, one after the other and never inside
/// a call of this class. They may call everything here, remove any watch, also their own, and
/// destroy the set. A callback that throws is reported as a task that failed and that nobody joins
/// (see executor_options::on_failure); the set goes on.
///
/// While something is watched or the timer runs, the runtime's run() does not end, unless the set
/// is in the background. Destroying the set ends all its watches; it may be destroyed before or
/// after the runtime, on the runtime's thread.
/// @threads  The runtime's thread, in or outside its tasks.
/// @example
///   rouse::foreign_sources guest(rt);
///   guest.watch(PQsocket(db), {.readable = true}, [&](rouse::foreign_events) { read_some(db); })
///       .value();
class foreign_sources {
 public:
  using ready_callback = callback<void(foreign_events)>;
  using timeout_callback = callback<void()>;

  struct options {
    bool background = false;  ///< run() does not wait for this guest
    /// Callbacks before other tasks have their turn, 1 or more. On a phased loop with 1 the ticks
    /// run between any two.
    unsigned callbacks_per_poll = 64;
  };

  /// Throws std::bad_alloc. `on` may be moved afterwards.
  explicit foreign_sources(runtime& on) : foreign_sources(on, options{}) {}
  foreign_sources(runtime& on, options how);
  foreign_sources(foreign_sources&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  foreign_sources& operator=(foreign_sources&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~foreign_sources();

  /// Has `on_ready` called whenever `fd` is ready for `what`, soon and again while it stays so. A
  /// watch that there was on this number is replaced; its callback is not called any more. A
  /// regular file is always ready.
  /// @errors  EBADF, EMFILE, ENOMEM; runtime_shut_down. The former watch is gone then.
  /// @cost    A duplicate of the descriptor, three small allocations. Per event three or four looks
  /// at the descriptor.
  [[nodiscard]] result<void> watch(int fd, foreign_interest what, ready_callback on_ready);
  /// Changes what is waited for; what is wanted no more is not told any more. False: nobody watches
  /// `fd`.
  bool modify(int fd, foreign_interest what) noexcept;
  /// Ends a watch: not called any more, and nothing of ours refers to the descriptor. To be called
  /// before the guest closes it: until then its file stays open. Nothing happens when nobody
  /// watches it.
  void remove(int fd) noexcept;

  /// Has `on_timeout` called once, `after` from now on the runtime's clock, never early. The timer
  /// that there was is replaced.
  /// @errors  ENOMEM; runtime_shut_down.
  [[nodiscard]] result<void> set_timer(nanoseconds after, timeout_callback on_timeout);
  void clear_timer() noexcept;

  [[nodiscard]] std::size_t watch_count() const noexcept;
  [[nodiscard]] bool has_timer() const noexcept;

 private:
  class state;
  state* state_;
};

}  // namespace rouse
