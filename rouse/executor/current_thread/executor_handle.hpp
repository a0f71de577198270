// The way into an executor from other threads.
#pragma once

#include <rouse/core/spawn.hpp>
#include <rouse/park/unparker.hpp>

namespace rouse {

namespace internal {

class inject_queue;

}  // namespace internal

/// Clonable handle of an executor; any thread, also after the executor is gone.
class executor_handle {
 public:
  executor_handle(const executor_handle& other) noexcept;
  executor_handle& operator=(const executor_handle& other) noexcept;
  ~executor_handle();

  /// Hands `work` in and lets it run on its own: a failure goes to the executor's handler. Counted
  /// before it is sent, so that `run` on the other side cannot return in between. On the executor's
  /// own thread it is queued directly.
  /// @errors  runtime_shut_down (permanent), at_capacity (transient), borrows; throws bad_alloc
  /// only.
  template <pollable P>
  result<void> spawn(P work, spawn_options options = {},
                     std::source_location site = std::source_location::current()) const {
    if (borrows_from_caller(work)) return std::unexpected(error("spawn", errc::borrows));
    worker* target = reserve();
    if (!target) return std::unexpected(refusal());
    reservation counted(*this);
    auto fresh = internal::make_task(std::move(work), *target);
    internal::describe_task(*fresh.header, options, site);
    counted.keep();
    submit(*fresh.header);
    return {};
  }
  /// Calls `f(args...)` there, with copies of both kept in the task. See rouse::spawn.
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  result<void> spawn(F f, Args... args) const {
    return spawn(internal::owned_call<F, Args...>(std::move(f), std::move(args)...));
  }
  /// Best effort: may be outdated when it is read. Ok, at_capacity or runtime_shut_down.
  [[nodiscard]] result<void> status() const noexcept;
  /// Tasks handed in and not yet taken.
  [[nodiscard]] std::size_t in_flight() const noexcept;

 private:
  friend class current_thread_executor;
  explicit executor_handle(internal::inject_queue* fresh) noexcept : queue_(fresh) {}

  // Gives the place back when making the task throws.
  class reservation {
   public:
    explicit reservation(const executor_handle& h) noexcept : handle_(&h) {}
    reservation(const reservation&) = delete;
    reservation& operator=(const reservation&) = delete;
    ~reservation() {
      if (handle_) handle_->unreserve();
    }
    void keep() noexcept { handle_ = nullptr; }

   private:
    const executor_handle* handle_;
  };
  [[nodiscard]] worker* reserve()
      const noexcept;  // null: refused; else the executor waits for submit or unreserve
  void unreserve() const noexcept;
  void submit(task_header& fresh) const noexcept;
  [[nodiscard]] error refusal() const noexcept;

  internal::inject_queue* queue_;
};

/// The executor that runs on the calling thread, looked up when it is used: made anywhere, works
/// inside, and says runtime_shut_down outside. Like `executor_handle::spawn`.
struct default_executor {
  template <pollable P>
  result<void> spawn(P work, spawn_options options = {},
                     std::source_location site = std::source_location::current()) const {
    if (borrows_from_caller(work)) return std::unexpected(error("spawn", errc::borrows));
    if (!worker::current()) return std::unexpected(error("spawn", errc::runtime_shut_down));
    rouse::spawn(std::move(work), options, site).detach();
    return {};
  }
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  result<void> spawn(F f, Args... args) const {
    return spawn(internal::owned_call<F, Args...>(std::move(f), std::move(args)...));
  }
};

}  // namespace rouse
