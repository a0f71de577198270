// The one line of `main`.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/runtime/runtime.hpp>

namespace rouse {

namespace internal {

[[nodiscard]] int run_process(task<int> root, const runtime_options& options,
                              std::source_location site);

template <pollable P>
task<int> as_exit_code(P root) {
  if constexpr (std::is_void_v<output<P>>) {
    co_await std::move(root);
    co_return 0;
  } else {
    const int code = co_await std::move(root);
    co_return code;
  }
}

}  // namespace internal

/// Runs `root` as the process: `return rouse::run(serve());`
///
/// A `task<int>` gives the exit code, a `task<void>` 0. An escaped exception is printed to stderr,
/// with the place that awaited it, and gives 1. SIGINT and SIGTERM cancel the root, wait for it,
/// and give 130 and 143, whichever thread they reach; a second one kills at once, also when the
/// runtime's thread is stuck. A root that has asked `stop_requested()` gets the first one as a
/// request instead. Former handlers come back before it returns.
/// SIGPIPE is blocked meanwhile. One at a time in a process.
template <pollable P>
[[nodiscard]] int run(P root, const runtime_options& options = {},
                      std::source_location site = std::source_location::current()) {
  return internal::run_process(internal::as_exit_code(std::move(root)), options, site);
}

/// Waits for the first SIGINT or SIGTERM of `rouse::run` and gives its number. While a task waits
/// for it, or has got it, that signal does not cancel the root: the program finishes in its own
/// way.
/// @errors  no_context outside `rouse::run`.
/// @cancel  Safe.
class [[nodiscard]] stop_operation : public fallible<stop_operation>, private list_link {
 public:
  stop_operation() noexcept = default;
  stop_operation(stop_operation&& other) noexcept : list_link() {
    ROUSE_ASSERT(!other.is_linked());
  }
  poll_result<rouse::result<int>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context&) noexcept { return unlink(), ready; }
  void disown() noexcept { waker_ = nullptr; }

 private:
  friend class stop_source;
  template <class T>
  friend class list;
  wakeable* waker_ = nullptr;
};
[[nodiscard]] inline stop_operation stop_requested() noexcept { return {}; }

/// Who hands out stop requests on this thread: `rouse::run`, or a test or host through
/// `with_default`.
class stop_source {
 public:
  /// Tells everybody who waits, now and later. False when nobody was waiting.
  bool request(int signal) noexcept;
  [[nodiscard]] int requested() const noexcept { return signal_; }

 private:
  friend class stop_operation;
  list<stop_operation> waiting_;
  int signal_ = 0;
};

}  // namespace rouse
