// Only pollables can be awaited: what suspends otherwise would not be cancelled.
// says: await_transform
#include <rouse/coro/task.hpp>

#include <coroutine>

rouse::task<void> waits() {
#ifdef BREACH
  co_await std::suspend_always();
#endif
  co_return;
}
