// The owner of a scope's children.
#pragma once

#include <rouse/core/spawn.hpp>

#include <cstddef>

namespace rouse {

/// Spawns children that cannot outlive their scope. Handed to the body of `scope` and `supervise`;
/// the thread of the scope only. Children may borrow what outlives the scope's `co_await`, never
/// the body's own locals.
class nursery final : private completion_observer {
 public:
  static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);

  /// What a child's failure does: cancels the scope and becomes its error, or is told to `report`
  /// while the others go on.
  struct policy {
    /// Null: fail fast.
    void (*report)(void* argument, const task_header& child,
                   std::exception_ptr failure) noexcept = nullptr;
    void* argument = nullptr;
    std::size_t children_max = unbounded;
  };

  explicit nursery(policy how) noexcept : policy_(how) {}
  nursery(const nursery&) = delete;
  nursery& operator=(const nursery&) = delete;
  ~nursery() { destroy_children(); }

  /// Runs `work` as a child. Its value is dropped. Spawning over `children_max` is a contract
  /// breach: await `room()` first.
  template <pollable P>
  void spawn(P work, spawn_options options = {},
             std::source_location site = std::source_location::current()) {
    worker& here = internal::require_worker(site);
    ROUSE_ASSERT(count_ < policy_.children_max);
    auto fresh = internal::make_task(std::move(work), here);
    internal::describe_task(*fresh.header, options, site);
    enrol(*fresh.header, here);
  }
  /// Calls `f(args...)` in the child, with copies of both kept there.
  template <class F, class... Args>
    requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
  void spawn(F f, Args... args) {
    spawn(internal::owned_call<F, Args...>(std::move(f), std::move(args)...));
  }

  /// Ready when another child may be spawned. One task waits for it at a time.
  class [[nodiscard]] room_operation {
   public:
    explicit room_operation(nursery& of) noexcept : nursery_(&of) {}
    room_operation(room_operation&& other) noexcept : nursery_(other.nursery_) {
      ROUSE_ASSERT(other.nursery_->room_waiter_ != &other);  // moves before its first poll only
    }
    ~room_operation() { disown(); }
    poll_result<void> poll(context& cx) noexcept {
      disown();
      if (nursery_->count_ < nursery_->policy_.children_max) return ready;
      ROUSE_ASSERT(nursery_->room_waiter_ == nullptr);  // one at a time
      nursery_->room_waiter_ = this;
      target_ = cx.borrow_waker();
      return pending;
    }
    poll_result<void> poll_cancel(context&) noexcept { return disown(), ready; }
    void disown() noexcept {
      if (nursery_->room_waiter_ == this) nursery_->room_waiter_ = nullptr;
    }

   private:
    friend class nursery;
    nursery* nursery_;
    wakeable* target_ = nullptr;
  };
  [[nodiscard]] room_operation room() noexcept { return room_operation(*this); }

  /// Asks every child to end. Those spawned later are not concerned.
  void cancel() noexcept;
  /// Children that have not ended.
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  // ---- For the scope.
  /// Asks every child to end, also those that ending ones still spawn.
  void close() noexcept;
  void set_waiter(wakeable* w) noexcept { waiter_ = w; }
  [[nodiscard]] bool has_failed() const noexcept { return failure_ != nullptr; }
  [[nodiscard]] std::exception_ptr take_failure() noexcept {
    return std::exchange(failure_, nullptr);
  }
  /// Plain destruction of those that are left.
  void destroy_children() noexcept;

 private:
  void enrol(task_header& child, worker& here);
  void on_complete(task_header& child) noexcept override;

  policy policy_;
  list<task_header> children_;
  std::size_t count_ = 0;
  wakeable* waiter_ = nullptr;  // the scope's own waker, borrowed
  room_operation* room_waiter_ = nullptr;
  std::exception_ptr failure_;  // the first, when failing fast
  bool closing_ = false;
};

}  // namespace rouse
