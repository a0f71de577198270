// The single-threaded executor: runs ready tasks in the order of their wakes, and parks when none
// is left.
//
//   block_on(root), until the root is done:
//     run ready tasks, at most 61 or for 500 us  ->  look below (wait 0)
//     nothing is ready                           ->  park below until woken
//
// It knows nothing of the layers but that they can park: any `park` will do, also a user's own.
#pragma once

#include <rouse/core/enter.hpp>
#include <rouse/core/spawn.hpp>
#include <rouse/executor/current_thread/executor_handle.hpp>
#include <rouse/park/park.hpp>

namespace rouse {

/// Called for a task that failed and that nobody can join any more.
struct failure_handler {
  void (*report)(void* argument, const task_header& task, std::exception_ptr failure) noexcept;
  void* argument;
};

struct executor_options {
  /// Polls before the layers below are looked at, though tasks are ready; 1 or more.
  unsigned polls_per_look = 61;
  /// The same in time, looked at every 16th poll, and after each that used its whole budget.
  nanoseconds time_per_look{500'000};
  /// Tasks that other threads may have handed in and that are not taken yet.
  std::size_t inject_limit = 1'048'576;
  /// Null: write a log line and terminate.
  failure_handler on_failure{nullptr, nullptr};
};

/// @threads  constructed and destroyed anywhere, driven by one thread at a time; `handle()` may be
/// used by any. Destroying it destroys every task without resuming it; the layers below must still
/// be alive, and no task of it running.
class current_thread_executor final : public worker {
 public:
  /// `below` is referred to, and must outlive the executor.
  template <park P>
    requires(!std::same_as<P, park_ref>)
  explicit current_thread_executor(P& below, executor_options options = {})
      : current_thread_executor(park_ref(below), options) {}
  explicit current_thread_executor(park_ref below, executor_options options = {});
  ~current_thread_executor();

  /// Runs tasks until `root` is done, and gives its value or throws its exception. Other tasks stay
  /// queued for the next call.
  /// @errors  throws io_error: would_block_runtime when this thread drives an executor already,
  /// naming both sites; wrong_thread when another thread drives this one; what the layers report;
  /// abandoned when nothing can ever wake the root.
  template <pollable P>
  output<P> block_on(P root, std::source_location site = std::source_location::current()) {
    const enter guard = enter::enter_or_throw(site);
    const sole_driver mine(*this, site);
    running_scope here(*this);
    auto fresh = internal::make_task(std::move(root), *this);
    internal::describe_task(*fresh.header, {.name = nullptr, .background = true}, site);
    fresh.header->joined = true;
    adopt_first(*fresh.header);
    join_handle<output<P>> handle(fresh);
    const root_guard ends_here(*this, *fresh.header);
    drive(*fresh.header);
    if constexpr (std::is_void_v<output<P>>)
      fresh.end->take();
    else
      return fresh.end->take();
  }
  /// Runs until no task is left; at once when there is none.
  void run(std::source_location site = std::source_location::current()) {
    block_on(idle_operation(*this), site);
  }
  /// One park of at most `limit` (0 when tasks are ready), then the tasks that are ready. True when
  /// any was polled.
  bool turn(nanoseconds limit = no_limit,
            std::source_location site = std::source_location::current());

  /// For an executor inside another event loop, see runtime::begin_wait(). Until the next turn(),
  /// run() or block_on(), which end the wait, whatever would wake a parked executor makes the
  /// descriptor readable. One that is under way is ended first. The wait is no longer than `limit`.
  /// @errors  those of the layers; EOPNOTSUPP: they cannot wait outside. Throws io_error as turn().
  [[nodiscard]] result<outside_wait> begin_wait(
      nanoseconds limit = no_limit, std::source_location site = std::source_location::current());

  /// Hands work in from the executor's own thread or, before it runs, from the thread that builds
  /// it.
  template <pollable P>
  auto spawn(P work, spawn_options options = {},
             std::source_location site = std::source_location::current()) {
    running_scope here(*this);
    end_outside_sleep();
    return rouse::spawn(std::move(work), options, site);
  }
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  auto spawn(F f, Args... args) {
    running_scope here(*this);
    end_outside_sleep();
    return rouse::spawn(std::move(f), std::move(args)...);
  }
  /// Spawns from any thread; says runtime_shut_down once the executor is gone.
  [[nodiscard]] executor_handle handle() const noexcept { return handle_; }
  /// True when no task is alive and none is on its way in.
  [[nodiscard]] bool is_idle() const noexcept {
    return live_tasks() == 0 && handle_.in_flight() == 0;
  }

  /// True while a thread drives it. Any thread; a hint but on that thread.
  [[nodiscard]] bool is_driven() const noexcept { return is_driven_.load(order::relaxed); }

  /// Ready when no task is left; what `run` waits for, and what a bounded run puts a timeout
  /// around. One at a time.
  class [[nodiscard]] idle_operation {
   public:
    explicit idle_operation(current_thread_executor& of) noexcept : executor_(&of) {}
    idle_operation(idle_operation&& other) noexcept : executor_(other.executor_) {
      ROUSE_ASSERT(!other.waits_);  // moves before its first poll only
    }
    ~idle_operation() { disown(); }
    poll_result<void> poll(context& cx) noexcept;
    poll_result<void> poll_cancel(context&) noexcept { return disown(), ready; }
    void disown() noexcept {
      if (std::exchange(waits_, false)) executor_->set_idle_waiter(nullptr);
    }

   private:
    current_thread_executor* executor_;
    bool waits_ = false;
  };
  [[nodiscard]] idle_operation idle() noexcept { return idle_operation(*this); }

 private:
  // The worker's words are plain: two threads at a time would lose wakes.
  class sole_driver {
   public:
    sole_driver(current_thread_executor& e, const std::source_location& site) : executor_(e) {
      // acquire: pairs with the release of the thread that drove it before
      if (e.is_driven_.exchange(true, order::acquire)) refuse_second_driver(site);
    }
    sole_driver(const sole_driver&) = delete;
    sole_driver& operator=(const sole_driver&) = delete;
    ~sole_driver() { executor_.is_driven_.store(false, order::release); }

   private:
    [[noreturn]] static void refuse_second_driver(const std::source_location& site);
    current_thread_executor& executor_;
  };

 public:
  /// The calling thread drives this executor for a block, step by step: for a tenant that has an
  /// order of its own, such as rouse::loop. Throws as block_on does.
  class driving {
   public:
    explicit driving(current_thread_executor& e,
                     std::source_location site = std::source_location::current())
        : executor_(e), guard_(enter::enter_or_throw(site)), mine_(e, site), here_(e) {}
    /// Waits below for at most `limit`; only looks there when a task is ready.
    /// @errors  throws io_error: what the layers report.
    void park(nanoseconds limit) { executor_.park_once(limit); }
    /// Polls the task that has been ready for longest; false when none is.
    bool run_one() noexcept { return executor_.run_ready(1, nullptr) != 0; }
    /// Ready tasks, up to a look below. True when any was polled.
    bool run_batch() noexcept { return executor_.run_batch(nullptr); }

   private:
    current_thread_executor& executor_;
    enter guard_;
    sole_driver mine_;
    running_scope here_;
  };

 private:
  // A root does not outlive its block_on, whose caller it may borrow from: when a layer fails, it
  // is destroyed there and then.
  class root_guard {
   public:
    root_guard(current_thread_executor& e, task_header& root) noexcept
        : executor_(e), root_(root) {}
    root_guard(const root_guard&) = delete;
    root_guard& operator=(const root_guard&) = delete;
    ~root_guard() { executor_.destroy_now(root_); }

   private:
    current_thread_executor& executor_;
    task_header& root_;
  };
  // Marks the inbox for a park, until that is over.
  class sleep_scope;
  void adopt_all(task_header* fresh) noexcept;
  void drive(task_header& root);
  bool run_batch(const task_header* root) noexcept;
  [[nodiscard]] nanoseconds prepare_park(nanoseconds limit);
  void park_once(nanoseconds limit);
  result<park_outcome> end_wait();
  void end_outside_sleep() noexcept {
    if (wait_ == outside::asleep) [[unlikely]]
      unparker_.unpark();
  }
  void unpark() noexcept override { unparker_.unpark(); }
  void on_unjoined_failure(task_header& t, std::exception_ptr failure) noexcept override;

  atomic<bool> is_driven_{false};
  park_ref below_;
  unparker unparker_;
  executor_options options_;
  executor_handle handle_;
  // From begin_wait() to what ends it: whether the inbox carries the mark.
  enum class outside : unsigned char { no, awake, asleep } wait_ = outside::no;
};

}  // namespace rouse
