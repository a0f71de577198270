// An lvalue arm outlives select, so it must be able to forget the arm's waker.
// says: disown
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>

struct stubborn {
  rouse::poll_result<void> poll(rouse::context& cx) {
    (void)cx.borrow_waker();
    return rouse::pending;
  }
#ifndef BREACH
  void disown() noexcept {}
#endif
};
rouse::task<void> waits(stubborn& kept) { (void)co_await rouse::select(kept, stubborn()); }
