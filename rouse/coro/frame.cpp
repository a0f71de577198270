#include <rouse/coro/frame.hpp>

namespace rouse::internal {

void frame::join_chain(frame& above, frame** owned_by) noexcept {
  ROUSE_ASSERT(state == started && step != 0);  // awaited once, before its end, and not from inside
  frame& new_root = *above.root;
  for (frame* f = to_resume(); f != this; f = f->parent) f->root = &new_root;
  leaf* const waited = waits_for();
  frame* const resumed = to_resume();
  root = &new_root;
  parent = &above;
  owner = owned_by;
  // Whoever polled it before may have had it forget its waker: so it is polled here, as a leaf is before its frame suspends.
  if (waited && !waited->how->poll(*waited, *new_root.cx))
    new_root.wait_for(*waited);
  else
    new_root.hop_to(resumed);
}

}  // namespace rouse::internal
