// The phased loop: callbacks in the order of Node.js, as a tenant of the stack that tasks run on.
//
//    +-> timers     time-outs and intervals that are due
//    |   pending    what was deferred to this turn
//    |   idle       hooks
//    |   prepare    hooks, just before the wait
//    |   poll       waits for events; I/O, finished jobs, tasks, other threads
//    |   check      immediates and hooks
//    +-- closing    what is called when a handle has closed
//
// Between any two callbacks the next ticks run, then the microtasks, until both are empty. `run`
// returns when nothing is left that could call back.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/core/join_handle.hpp>
#include <rouse/loop/loop_delay.hpp>
#include <rouse/loop/loop_handle.hpp>
#include <rouse/loop/loop_hold.hpp>
#include <rouse/loop/loop_ids.hpp>
#include <rouse/loop/loop_options.hpp>
#include <rouse/time/sleep.hpp>

#include <exception>
#include <optional>
#include <source_location>

namespace rouse {

class loop_crypto;
class loop_files;
class loop_http;
class loop_jobs;
class loop_names;
class loop_net;
class loop_processes;
class loop_signals;

namespace internal {
class loop_caller;
class loop_core;
class loop_request;
}  // namespace internal

/// @threads  One thread at a time drives it and calls everything here, a ring's thread for ever;
/// `handle()` is the way in from others. Callbacks run on that thread only.
/// @errors   After `close`, whatever registers something throws io_error(closed), and on another
/// thread than the one that drives the loop io_error(wrong_thread), where `stop` and `exit` assert;
/// what asks or clears does nothing, and does not look at the thread. A callback that throws: the
/// error handler is told, or the exception leaves `run`; the callbacks that are left stay queued,
/// and `run` can be called again.
///
/// Callbacks are not empty: that is a bug, and asserts where they are registered.
///
/// Neither copied nor moved. Destroying it closes it.
/// @example
///   rouse::loop loop;
///   loop.set_timeout(10ms, [] { std::puts("ten"); });
///   loop.run();
class loop {
 public:
  using site = std::source_location;

  /// @errors  throws io_error: no reactor could be made; std::bad_alloc.
  explicit loop(const loop_options& options = {});
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  // ---- Timers. Never early; equal deadlines are first in, first out. A callback may clear any.

  /// Calls `f` once, `delay` from this call at the earliest. 0: in the next timers phase.
  /// @cost  One read of the clock, O(1); no allocation in the steady state.
  timer_id set_timeout(loop_delay delay, callback<void()> f, site at = site::current());
  /// Calls `f` again and again: each time `period` after the last call began. Periods that were
  /// missed are not made up for. Throws io_error(invalid_input) for a period of 0.
  timer_id set_interval(loop_delay period, callback<void()> f, site at = site::current());
  /// After this its callback is not called. False: it had gone already.
  bool clear_timeout(timer_id id) noexcept;
  bool clear_interval(timer_id id) noexcept { return clear_timeout(id); }
  /// Begins its whole delay anew, also from inside its own callback. False: it had gone already.
  bool refresh(timer_id id) noexcept;

  // ---- Other queues.

  /// Calls `f` in the next check phase; during one, in that of the next turn.
  immediate_id set_immediate(callback<void()> f, site at = site::current());
  bool clear_immediate(immediate_id id) noexcept;
  /// Calls `f` as soon as the current callback has returned, before microtasks.
  void next_tick(callback<void()> f);
  /// Calls `f` when the current callback has returned and no next tick is left.
  void queue_microtask(callback<void()> f);
  /// Calls `f` in the pending phase of the next turn.
  void defer(callback<void()> f);
  /// Calls `f` in the next closing phase: how handles tell that they have closed.
  void call_when_closed(callback<void()> f);

  // ---- Hooks, called every turn until removed.

  /// While there is an idle hook, the loop never waits.
  hook_id add_idle(callback<void()> f);
  hook_id add_prepare(callback<void()> f);
  hook_id add_check(callback<void()> f);
  bool remove(hook_id id) noexcept;

  // ---- What keeps the loop alive: registrations that are ref'd, as all are at first. False: gone.

  bool ref(timer_id id) noexcept;
  bool ref(immediate_id id) noexcept;
  bool ref(hook_id id) noexcept;
  bool ref(request_id id) noexcept;
  bool unref(timer_id id) noexcept;
  bool unref(immediate_id id) noexcept;
  bool unref(hook_id id) noexcept;
  bool unref(request_id id) noexcept;
  [[nodiscard]] bool is_active(timer_id id) const noexcept;
  [[nodiscard]] bool is_active(immediate_id id) const noexcept;
  /// Keeps the loop alive for as long as it lives: for what the loop cannot see, such as another
  /// thread that will post.
  [[nodiscard]] loop_hold hold();

  // ---- Running.

  /// The whole life of a loop: calls `main`, then everything that follows from it, the before_exit
  /// and exit callbacks, and closes. Gives the code of `exit`, or 0.
  int run(callback<void()> main, site at = site::current());
  /// Runs until nothing is left that could call back, or `stop`, or `exit`. May be called again.
  /// @errors  throws io_error: would_block_runtime inside a callback or task; wrong_thread; what
  /// the layers below report. Throws what a callback threw when there is no error handler. Where
  /// one callback has left several exceptions (a stream that fails, and callbacks of its writes),
  /// each run throws the next one, at once: the `main` of such a run is not called.
  void run(site at = site::current());
  /// One turn that waits at most once; a timer that fell due meanwhile is called. True: call again,
  /// something is left.
  bool run_once(site at = site::current());
  /// One turn without a wait.
  bool run_nowait(site at = site::current());
  /// The current or next run ends with its turn.
  void stop() noexcept;
  /// No callback after this one but those of on_exit; `run` returns, and closes the loop. Inside
  /// one of those, none after it.
  void exit(int code) noexcept;
  /// Destroys uncalled callbacks and tasks, waits for the jobs that run, joins the pool's threads
  /// in the order of their numbers, then ends the reactor.
  /// @errors  closed: it was already. would_deadlock: inside a callback or task of this loop.
  result<void> close() noexcept;
  [[nodiscard]] bool is_closed() const noexcept { return core_ == nullptr; }
  /// Something is left that could call back, or an exception that `run` is to throw.
  [[nodiscard]] bool is_alive() const noexcept;

  /// Called when nothing is left, and may register more: then the loop goes on.
  void on_before_exit(callback<void()> f);
  /// Called at the end, in order; what it registers is never called. Where several throw, `run`
  /// throws what the first threw, since the loop has closed then.
  void on_exit(callback<void(int code)> f);
  /// Told of every exception that leaves a callback, or a task that nobody joins. One: the latest.
  void on_error(callback<void(std::exception_ptr)> f);

  // ---- Inside another event loop, as runtime::begin_wait (docs/foreign-loops.md).

  /// Right before the host sleeps: it then waits until the descriptor is readable, at most for the
  /// limit, which is the time to the loop's next deadline, and calls run_nowait().
  /// @errors  EMFILE, ENOMEM, what the layers report.
  [[nodiscard]] result<outside_wait> begin_wait(site at = site::current());

  // ---- Tasks on the same stack. A task is polled in the poll phase; ticks and microtasks follow.

  /// See rouse::spawn. A task keeps the loop alive unless it is a background one.
  template <pollable P>
  auto spawn(P work, spawn_options options = {}, site at = site::current()) {
    return stack("spawn").spawn(std::move(work), options, at);
  }
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  auto spawn(F f, Args... args) {
    return stack("spawn").spawn(std::move(f), std::move(args)...);
  }
  /// Runs `work` as a task that keeps the loop alive, and calls `done(result<T>)` in the poll phase
  /// when it ends. An error that `work` throws as io_error comes as that error, want of memory as
  /// ENOMEM. Anything else it throws goes where what callbacks throw goes, and `done` is not
  /// called; unless it takes the exception as well, `done(result<T>, std::exception_ptr thrown)`:
  /// then the error is `threw`.
  /// @returns  what `cancel` takes.
  template <pollable P, class F>
  request_id call_when_done(P work, F done, site at = site::current());
  /// Cancels such work: `done` is called with ECANCELED when nothing refers to it any more, or with
  /// the result that was faster. False: it had ended.
  bool cancel(request_id id) noexcept;
  /// `co_await loop.sleep(10ms)`: a timer of the stack below, woken in the poll phase.
  [[nodiscard]] auto sleep(nanoseconds d) { return rouse::sleep(d); }

  // ---- What there is in callbacks: each in its own header.

  /// rouse/loop/loop_net.hpp: TCP and Unix sockets.
  [[nodiscard]] loop_net net() noexcept;
  /// rouse/loop/loop_files.hpp: files, directories, watches.
  [[nodiscard]] loop_files fs() noexcept;
  /// rouse/loop/loop_jobs.hpp: functions on the pool's threads.
  [[nodiscard]] loop_jobs jobs() noexcept;
  /// rouse/loop/loop_names.hpp: look-up of hosts.
  [[nodiscard]] loop_names names() noexcept;
  /// rouse/loop/loop_http.hpp: an HTTP client.
  [[nodiscard]] loop_http http() noexcept;
  /// rouse/loop/loop_processes.hpp: child processes.
  [[nodiscard]] loop_processes processes() noexcept;
  /// rouse/loop/loop_signals.hpp: signals of this process.
  [[nodiscard]] loop_signals signals() noexcept;
  /// rouse/loop/loop_crypto.hpp: hashes and keys, for programs that link Rouse::crypto.
  [[nodiscard]] loop_crypto crypto() noexcept;

  // ---- Other threads, time, numbers.

  [[nodiscard]] loop_handle handle() const;
  [[nodiscard]] instant now() const;
  [[nodiscard]] loop_metrics metrics() const noexcept;
  /// The stack and the pool below.
  [[nodiscard]] rouse::runtime& runtime();
  [[nodiscard]] bool is_node_compatible() const noexcept;

  /// The loop of this thread: the one that runs here, or whose `entered` block this is.
  [[nodiscard]] static loop& current();

 private:
  class running;
  friend class internal::loop_caller;
  friend class internal::loop_request;
  friend loop_net;

  [[nodiscard]] bool is_driven_elsewhere() const noexcept;
  [[nodiscard]] internal::loop_core& open_core(const char* operation) const;
  [[nodiscard]] internal::loop_core& core(const char* operation) const;
  [[nodiscard]] rouse::runtime& stack(const char* operation) const;
  void spin(running& here);
  void turn(running& here, bool may_wait);
  int end();
  bool run_turn(bool may_wait, const site& at);
  void keep(request_id id, join_handle<void> task) noexcept;
  bool set_ref(request_id id, bool refd) noexcept;

  internal::loop_core* core_;  // null: closed
};

namespace internal {

/// How a task of the loop calls back.
class loop_caller {
 public:
  /// Throws io_error(closed), which names `operation`.
  loop_caller(loop& of, const char* operation) : core_(&of.core(operation)) {}

  /// As a callback of the poll phase. The rest is for the log.
  void call(callback<void()> f, const char* what = "callback",
            const std::source_location* set_at = nullptr) const noexcept;
  /// Where what callbacks throw goes.
  void fail(std::exception_ptr thrown) const noexcept;
  [[nodiscard]] loop_core& core() const noexcept { return *core_; }

 private:
  loop_core* core_;
};

/// An exception, for who takes errors.
struct caught_error {
  error reason;
  bool is_error;  // an io_error, or want of memory; of any other the reason is only `threw`
};
/// The one that is being handled.
[[nodiscard]] caught_error caught(const char* operation) noexcept;

/// The place of one `call_when_done` in the loop's table. May outlive the loop.
class loop_request : public loop_caller {
 public:
  loop_request(loop& of, const std::source_location& set_at);
  loop_request(loop_request&& other) noexcept
      : loop_caller(other), id_(std::exchange(other.id_, {})), set_at_(other.set_at_) {}
  loop_request& operator=(loop_request&&) = delete;
  ~loop_request();

  [[nodiscard]] request_id id() const noexcept { return id_; }
  void call_done(callback<void()> f) const noexcept { call(std::move(f), "result", &set_at_); }

 private:
  request_id id_;
  std::source_location set_at_;
};

/// The work, which dies before that call, and whom to call with its result.
template <class P, class F>
class delivery {
 public:
  delivery(P&& work, F&& done, loop_request&& place)
      : place_(std::move(place)), done_(std::move(done)), work_(std::move(work)) {}

  poll_result<void> poll(context& cx) {
    is_begun_ = true;
    try {
      auto polled = work_->poll(cx);
      if (!polled.is_ready()) return pending;
      finish(std::move(polled));
    } catch (...) {
      const caught_error why = caught("task");
      if (takes_exception || why.is_error)
        answer(std::unexpected(why.reason), std::current_exception());
      else
        place_.fail(std::current_exception());
    }
    return ready;
  }
  [[nodiscard]] bool borrows() const noexcept { return work_ && borrows_from_caller(*work_); }
  poll_result<void> poll_cancel(context& cx) {
    if (is_done_) return ready;
    if (!rouse::poll_cancel(*work_, cx).is_ready()) return pending;
    // A coroutine that has not begun would begin now.
    if (!is_begun_ || !poll(cx).is_ready()) answer(std::unexpected(error("cancel", ECANCELED)));
    return ready;
  }

 private:
  using polled_value = decltype(std::declval<P&>().poll(std::declval<context&>()).take());
  template <class T>
  struct answer_of {
    using type = result<T>;
  };
  template <class T>
  struct answer_of<result<T>> {
    using type = result<T>;
  };
  using answer_type = typename answer_of<polled_value>::type;
  static constexpr bool takes_exception = std::is_invocable_v<F&, answer_type, std::exception_ptr>;

  template <class Polled>
  void finish(Polled polled) {
    if constexpr (std::is_void_v<polled_value>) {
      polled.take();
      answer(answer_type());
    } else {
      answer(answer_type(polled.take()));
    }
  }
  void answer(answer_type value, std::exception_ptr thrown = nullptr) {
    is_done_ = true;
    work_.reset();  // what it holds on to, a file perhaps, is `done`'s to close
    place_.call_done([&] {
      if constexpr (takes_exception)
        done_(std::move(value), std::move(thrown));
      else
        done_(std::move(value));
    });
  }

  loop_request place_;
  F done_;
  std::optional<P> work_;
  bool is_begun_ = false;
  bool is_done_ = false;
};

}  // namespace internal

template <pollable P, class F>
request_id loop::call_when_done(P work, F done, site at) {
  rouse::runtime& on = stack("call_when_done");
  internal::loop_request place(*this, at);
  const request_id id = place.id();
  internal::delivery<P, F> all(std::move(work), std::move(done), std::move(place));
  auto task = on.spawn(std::move(all), spawn_options{.name = nullptr, .background = true}, at);
  keep(id, std::move(task));
  return id;
}

}  // namespace rouse
