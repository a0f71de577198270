// The runtime for one thread: executor over timer over reactor, with a blocking pool beside them.
// With `loop` and `sim` the only place that names concrete layers.
//
//   current_thread_executor  ->  timer_park  ->  epoll_reactor | io_uring_reactor
//
// A program that needs other layers assembles its own stack from the same public parts;
// examples/custom_layer.cpp does.
#pragma once

#include <rouse/core/current.hpp>
#include <rouse/executor/blocking_pool/blocking_pool_options.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse {

class blocking_pool;
class clock;
class timer_driver;

namespace internal {
struct runtime_parts;
}

/// How a runtime is put together. Trivial members only.
struct runtime_options {
  reactor_options reactor;  ///< ROUSE_REACTOR=epoll|io_uring in the environment goes first
  rouse::clock* clock =
      nullptr;  ///< null: the monotonic clock; a manual_clock makes time stand still until advanced
  executor_options executor;
  blocking_pool_options blocking;
};

/// @threads  Made and destroyed anywhere; driven by one thread at a time (a ring stays with the
/// first thread that drove it). Destroying it destroys every task without resuming any, then joins
/// the pool's threads.
class runtime {
 public:
  /// @errors  no reactor could be made, EMFILE, ENOMEM; nothing is leaked then. A ring is opened by
  /// the thread that first drives the runtime, so what it lacks is thrown there.
  [[nodiscard]] static result<runtime> make(const runtime_options& options = {});
  runtime(runtime&& other) noexcept : parts_(std::exchange(other.parts_, nullptr)) {}
  runtime& operator=(runtime&& other) noexcept {
    std::swap(parts_, other.parts_);
    return *this;
  }
  ~runtime();

  /// Runs until `root` is done and gives its value, or throws its exception. Other tasks stay
  /// queued for the next call.
  /// @errors  throws io_error: would_block_runtime inside a task (both call sites are named);
  /// whatever the layers report.
  template <pollable P>
  output<P> block_on(P root, std::source_location site = std::source_location::current()) {
    const entered here(*this);
    return executor().block_on(std::move(root), site);
  }
  /// Runs until no task is left; at once when there is none.
  void run(std::source_location site = std::source_location::current());
  /// The same for at most `limit` of the runtime's clock. @errors  ETIMEDOUT: tasks are left, and
  /// stay.
  [[nodiscard]] result<void> run_timeout(
      nanoseconds limit, std::source_location site = std::source_location::current());
  /// One wait of at most `limit` (none when tasks are ready), then what is ready. True when a task
  /// was polled.
  bool turn(nanoseconds limit = no_limit,
            std::source_location site = std::source_location::current());

  // ---- Inside another event loop (docs/foreign-loops.md).
  /// Call it right before the host sleeps: the host then waits until `descriptor` is readable, at
  /// most for the `limit` that comes back (no longer than the one given), and calls turn(0) after
  /// that, whatever ended its sleep. In between, a wake, a spawn or a timer from any thread makes
  /// the descriptor readable. turn(0), run, block_on and another begin_wait end the wait.
  ///
  /// What this thread itself does to the runtime's objects in between, other than by spawn and
  /// wakers (it destroys a stream, it arms a timer), is seen only by the next of these: call one
  /// before the host sleeps again.
  /// @returns  limit 0 while something is ready: the host looks at its own events, then turn(0).
  /// @errors   EMFILE, ENOMEM, what the layers report. Throws io_error as turn(). A runtime that
  /// was told to wait and was not is as it was.
  /// @example
  ///   for (;;) {
  ///     const auto wait = rt.begin_wait().value();
  ///     pollfd all[] = {{wait.descriptor, POLLIN, 0}, ...};
  ///     ::poll(all, std::size(all), wait.milliseconds());
  ///     rt.turn(rouse::nanoseconds(0));
  ///   }
  [[nodiscard]] result<outside_wait> begin_wait(
      nanoseconds limit = no_limit, std::source_location site = std::source_location::current());
  /// The descriptor of begin_wait(), for hosts that register it once; the runtime keeps it open
  /// and never changes it. @errors  as begin_wait().
  [[nodiscard]] result<int> wait_descriptor();

  /// From the thread that drives it, in or outside a task. See rouse::spawn.
  template <pollable P>
  auto spawn(P work, spawn_options options = {},
             std::source_location site = std::source_location::current()) {
    return executor().spawn(std::move(work), options, site);
  }
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  auto spawn(F f, Args... args) {
    return executor().spawn(std::move(f), std::move(args)...);
  }
  /// Spawns from any thread, and says runtime_shut_down when the runtime is gone.
  [[nodiscard]] executor_handle handle() const noexcept;

  // ---- The parts.
  [[nodiscard]] current_thread_executor& executor() const noexcept;
  [[nodiscard]] rouse::reactor& reactor() const noexcept;
  [[nodiscard]] timer_driver& timer() const noexcept;
  [[nodiscard]] blocking_pool& blocking() const noexcept;
  [[nodiscard]] rouse::clock* time_source() const noexcept;
  /// "epoll" or "io_uring"
  [[nodiscard]] const char* backend() const noexcept;

  /// Makes this runtime's parts the thread's defaults for a block: reactor, timer, clock, blocking
  /// pool. The former ones come back, also by an exception. block_on, run and turn do it
  /// themselves.
  class entered {
   public:
    explicit entered(const runtime& of) noexcept
        : reactor_(&of.reactor()),
          timer_(&of.timer()),
          clock_(of.time_source()),
          pool_(&of.blocking()) {}

   private:
    current<rouse::reactor>::scope reactor_;
    current<timer_driver>::scope timer_;
    current<rouse::clock>::scope clock_;
    current<blocking_pool>::scope pool_;
  };

 private:
  explicit runtime(internal::runtime_parts* parts) noexcept : parts_(parts) {}
  [[nodiscard]] internal::runtime_parts& parts() const noexcept {
    ROUSE_ASSERT(parts_ != nullptr);  // moved from
    return *parts_;
  }
  internal::runtime_parts* parts_;
};

}  // namespace rouse
