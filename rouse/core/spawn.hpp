// `spawn`: hands work to the executor that runs on this thread.
#pragma once

#include <rouse/core/join_handle.hpp>

#include <tuple>

namespace rouse {

namespace internal {

void name_task(task_header& t, const char* name) noexcept;
inline void describe_task(task_header& t, const spawn_options& options,
                          std::source_location site) noexcept {
  t.spawned_at = site;
  t.background = options.background;
  if (options.name) [[unlikely]]
    name_task(t, options.name);
}
[[noreturn]] void refuse_borrowing(std::source_location site);
[[noreturn]] void refuse_without_worker(std::source_location site);
/// The worker of this thread; throws io_error(no_context) naming the site when there is none.
[[nodiscard]] inline worker& require_worker(std::source_location site) {
  if (worker* here = worker::current()) [[likely]]
    return *here;
  refuse_without_worker(site);
}

template <class P>
struct assumed_owned {
  static constexpr bool verbatim = !throws_errors<P>;
  P inner;
  explicit assumed_owned(P&& p) : inner(std::move(p)) {}
  auto poll(context& cx) { return inner.poll(cx); }
  poll_result<void> poll_cancel(context& cx) { return rouse::poll_cancel(inner, cx); }
  void disown() noexcept
    requires disownable<P>
  {
    inner.disown();
  }
  auto into_task(worker& w) &&
    requires requires { std::move(inner).into_task(w); }
  {
    return std::move(inner).into_task(w);
  }
};

/// What calling `F` with kept arguments gives. They are lent to it, so that it may take references;
/// what takes its arguments by value only, and cannot copy them, gets them moved.
template <class F, class... Args>
inline constexpr bool lends_arguments = std::is_invocable_v<F&, Args&...>;
template <class F, class... Args>
using call_result =
    typename std::conditional_t<lends_arguments<F, Args...>, std::invoke_result<F&, Args&...>,
                                std::invoke_result<F&, Args...>>::type;

/// A call kept with copies of its arguments until the first poll, and the pollable it then made.
template <class F, class... Args>
class owned_call {
 public:
  using work = call_result<F, Args...>;
  static constexpr bool verbatim = !throws_errors<work>;
  explicit owned_call(F f, Args... args) : f_(std::move(f)), args_(std::move(args)...) {}
  owned_call(owned_call&& other) : f_(std::move(other.f_)), args_(std::move(other.args_)) {
    ROUSE_ASSERT(!other.work_);  // moves before the first poll only
  }
  auto poll(context& cx) {
    if (!work_) start();
    return work_->poll(cx);
  }
  poll_result<void> poll_cancel(context& cx) {
    if (!work_) return ready;
    return rouse::poll_cancel(*work_, cx);
  }

 private:
  void start() {
    work_.emplace(std::apply([&](Args&... args) { return call(args...); }, args_).take());
  }
  struct work_holder {  // lets emplace take the prvalue of a move-only type on both compilers
    work value;
    explicit work_holder(work&& w) : value(std::move(w)) {}
    work&& take() { return std::move(value); }
  };
  work_holder call(Args&... args) {
    if constexpr (lends_arguments<F, Args...>)
      return work_holder(f_(args...));
    else
      return work_holder(f_(std::move(args)...));
  }
  F f_;
  std::tuple<Args...> args_;
  std::optional<work> work_;  // declared last: it may borrow from the arguments
};

}  // namespace internal

/// Says that whatever the pollable borrows outlives it; for `obj.method()` whose object does.
template <pollable P>
[[nodiscard]] auto assume_owned(P p) {
  return internal::assumed_owned<P>(std::move(p));
}

/// Runs `work` concurrently on this thread's executor.
///
/// @param work  any pollable; a coroutine that borrows from its caller (reference, pointer, view or
/// capture) is refused.
/// @returns     the join handle; dropping it cancels the task.
/// @errors      throws io_error: no_context outside an executor, borrows with the cures; bad_alloc.
/// @cost        one allocation, recycled; none beyond its frame for a task<T>.
template <pollable P>
auto spawn(P work, spawn_options options = {},
           std::source_location site = std::source_location::current()) {
  if (borrows_from_caller(work)) internal::refuse_borrowing(site);
  worker& here = internal::require_worker(site);
  auto fresh = internal::make_task(std::move(work), here);
  internal::describe_task(*fresh.header, options, site);
  fresh.header->joined = true;
  here.adopt(*fresh.header);
  return join_handle(fresh);
}

/// Calls `f(args...)` in the new task, with copies of both kept there: the cure for a borrowing
/// coroutine. Arguments that cannot be copied are moved into `f`'s own parameters.
/// @cost  two allocations.
template <class F, class... Args>
  requires(!pollable<F> && pollable<internal::call_result<F, Args...>>)
auto spawn(F f, Args... args) {
  return spawn(internal::owned_call<F, Args...>(std::move(f), std::move(args)...));
}

}  // namespace rouse
