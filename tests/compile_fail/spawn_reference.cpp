// Spawned work is moved in: a task that somebody else still holds cannot be spawned.
// says: spawn
#include <rouse/core/spawn.hpp>
#include <rouse/coro/task.hpp>

rouse::task<void> work() { co_return; }
void start() {
  auto w = work();
#ifdef BREACH
  rouse::spawn(w).detach();
#else
  rouse::spawn(std::move(w)).detach();
#endif
}
