// A callback API as something to await. The way back, from an awaitable to a callback, is
// loop::call_when_done.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/sync/oneshot.hpp>

#include <utility>

namespace rouse {

/// What `promisify` hands to the callback API: called once with the value, from any thread.
/// Dropping it uncalled ends the wait with `closed`.
template <class T>
class resolver {
 public:
  explicit resolver(sync::oneshot_sender<T> to) noexcept : to_(std::move(to)) {}
  /// A second call does nothing. When nobody waits any more the value is dropped.
  void operator()(T value) {
    if (to_) (void)to_.send(std::move(value));
  }

 private:
  sync::oneshot_sender<T> to_;
};
template <>
class resolver<void> {
 public:
  explicit resolver(sync::oneshot_sender<void> to) noexcept : to_(std::move(to)) {}
  void operator()() {
    if (to_) (void)to_.send();
  }

 private:
  sync::oneshot_sender<void> to_;
};

/// Calls `start(resolver<T>)` and gives what the resolver is called with.
/// @errors  throws io_error(closed): the resolver was dropped; and what `start` throws.
/// @cancel  Safe: a value that comes later is dropped.
/// @cost    One coroutine frame and one channel.
/// @example
///   const int answer = co_await rouse::promisify<int>([&](rouse::resolver<int> resolve) {
///     loop.set_timeout(10ms, [resolve = std::move(resolve)]() mutable { resolve(42); });
///   });
template <class T, class Start>
task<T> promisify(Start start) {
  auto channel = sync::oneshot<T>();
  start(resolver<T>(std::move(channel.sender)));
  auto value = channel.receiver.receive();
  if constexpr (std::is_void_v<T>)
    co_await value;
  else
    co_return co_await value;
}

}  // namespace rouse
