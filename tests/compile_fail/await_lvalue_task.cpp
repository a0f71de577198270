// A task is awaited once, by whoever owns it: an lvalue must be moved.
// says: deleted
#include <rouse/coro/task.hpp>

rouse::task<int> child() { co_return 1; }
rouse::task<int> parent() {
  auto c = child();
#ifdef BREACH
  co_return co_await c;
#else
  co_return co_await std::move(c);
#endif
}
