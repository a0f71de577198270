// Nothing is detached by accident: a join handle must be kept or detached.
// says: join_handle
#include <rouse/core/spawn.hpp>
#include <rouse/coro/task.hpp>

#pragma GCC diagnostic error "-Wunused-result"

rouse::task<void> work() { co_return; }
void start() {
#ifdef BREACH
  rouse::spawn(work());
#else
  rouse::spawn(work()).detach();
#endif
}
