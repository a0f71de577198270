// `task<T>`: a coroutine that is a pollable.
#pragma once

#include <rouse/coro/awaiters.hpp>
#include <rouse/coro/borrows.hpp>
#include <rouse/coro/yield.hpp>

namespace rouse {

template <class T>
class task;

namespace internal {

template <class T>
class promise_base {
 public:
  static void* operator new(std::size_t bytes) {
    const std::size_t all = bytes + prefix_bytes<T>;
    void* block = allocate_frame(all);
    ::new (block) outcome<T>;
    auto* f = ::new (static_cast<char*>(block) + prefix_bytes<T> - sizeof(frame)) frame(all);
    return f + 1;
  }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    frame& f = frame::of(std::coroutine_handle<>::from_address(memory));
    if (f.spawned) return;  // the header frees it when nobody refers to the outcome any more
    free_outcome<T>(f, bytes + prefix_bytes<T>);  // both known when this is compiled
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  final_awaiter final_suspend() noexcept { return {}; }
};

// `Parameters` are the coroutine's declared ones, a lambda's closure or an object included. What
// they say is asked in functions only: inside its own body a closure type is still incomplete.
template <class T, class... Parameters>
class task_promise;

template <class T, class Promise, class... Parameters>
class task_promise_base : public promise_base<T> {
 public:
  task_promise_base() noexcept = default;

  task<T> get_return_object() noexcept {
    if ((does_borrow<Parameters>() || ...)) self().borrows = true;
    return task<T>(self());
  }
  void unhandled_exception() noexcept {
    if (self().is_being_destroyed()) [[unlikely]]
      self().root->end_by_destructor();
    outcome_of<T>(self()).set_exception(std::current_exception());
  }

  /// A child: moved in, owned by the awaiter.
  template <class U>
  child_awaiter<U> await_transform(task<U>&& child) noexcept {
    return child_awaiter<U>(child.release());
  }
  template <class U>
  void await_transform(task<U>& child) = delete;  // co_await std::move(child)
  give_way_awaiter await_transform(yield_operation&&) noexcept { return give_way_awaiter(self()); }
  /// Anything else that can be polled, in place.
  template <class P>
    requires pollable<std::remove_reference_t<P>>
  leaf_awaiter<std::remove_reference_t<P>, std::is_lvalue_reference_v<P>> await_transform(
      P&& pollable, std::source_location at = std::source_location::current()) noexcept {
    return {pollable, self(), at};
  }

 protected:
  // An argument that itself borrows, such as a task that was made from a view, passes the mark on.
  template <class A>
  void look_at(const A& argument) noexcept {
    if (borrows_from_caller(argument)) self().borrows = true;
  }
  [[nodiscard]] frame& self() noexcept {
    return frame::of(std::coroutine_handle<Promise>::from_promise(static_cast<Promise&>(*this)));
  }
};

template <class T, class... Parameters>
class task_promise : public task_promise_base<T, task_promise<T, Parameters...>, Parameters...> {
 public:
  task_promise() noexcept = default;
  template <class... Args>
    requires(sizeof...(Args) > 0)
  explicit task_promise(const Args&... args) noexcept {
    (this->look_at(args), ...);
  }
  template <class U = T>
  void return_value(U&& value) {
    outcome_of<T>(this->self()).set_value(std::forward<U>(value));
  }
};

template <class... Parameters>
class task_promise<void, Parameters...>
    : public task_promise_base<void, task_promise<void, Parameters...>, Parameters...> {
 public:
  task_promise() noexcept = default;
  template <class... Args>
    requires(sizeof...(Args) > 0)
  explicit task_promise(const Args&... args) noexcept {
    (this->look_at(args), ...);
  }
  void return_void() noexcept { outcome_of<void>(this->self()).set_value(); }
};

}  // namespace internal

/// A unit of asynchronous work that gives a T: a lazy coroutine, started by its first poll.
///
/// `co_await std::move(t)` (or of a temporary) runs it as a child of the awaiting coroutine and
/// gives its value or throws its exception, also when it was begun elsewhere, as an lvalue arm of
/// `select` is. Spawned, or given to a combinator, it is the root of a chain of its own. Destroying
/// it before its end destroys the whole chain, innermost frame first, without resuming a body;
/// clean-up is by RAII, or by `finally`.
/// @threads  one: whoever polls it. A task that is pending stays on its executor's thread.
/// @cost     one frame, recycled per thread; awaiting a ready child costs no allocation beyond it
/// and no atomic operation.
template <class T = void>
class [[nodiscard("a task does nothing until it is awaited or spawned")]] task {
 public:
  using value_type = T;
  static constexpr bool verbatim = true;  ///< a `result` that the body gives is its value
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_->destroy_chain();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~task() {
    if (frame_) frame_->destroy_chain();
  }

  poll_result<T> poll(context& cx) {
    ROUSE_ASSERT(frame_ != nullptr);
    if (!frame_->advance(cx)) return pending;
    if constexpr (std::is_void_v<T>)
      return internal::outcome_of<T>(*frame_).take(), ready;
    else
      return internal::outcome_of<T>(*frame_).take();
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    if (!frame_ || frame_->cancel_leaf(cx)) return ready;
    return pending;
  }
  void disown() noexcept {
    if (frame_) frame_->disown_leaf();
  }
  /// True when a parameter, as far as types can tell, refers to what the caller owns: then it
  /// cannot be spawned.
  [[nodiscard]] bool borrows() const noexcept { return frame_ && frame_->borrows; }

  /// For executors: the header in the frame's prefix. The task object is empty afterwards.
  internal::new_task<T> into_task(worker& owner) && noexcept {
    internal::frame* f = release();
    ROUSE_ASSERT(f && f->can_go_on());
    auto* header = ::new (f->header_memory()) internal::frame_task<T>(*f, owner);
    return {header, &internal::outcome_of<T>(*f)};
  }

 private:
  template <class, class, class...>
  friend class internal::task_promise_base;
  explicit task(internal::frame& f) noexcept : frame_(&f) {}
  internal::frame* release() noexcept { return std::exchange(frame_, nullptr); }

  internal::frame* frame_;
};

}  // namespace rouse

template <class T, class... Parameters>
struct std::coroutine_traits<rouse::task<T>, Parameters...> {
  using promise_type = rouse::internal::task_promise<T, Parameters...>;
};
