#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/coro/frame.hpp>

#include <exception>

namespace rouse::internal {

void frame::destroy_begun_chain() {
  ROUSE_ASSERT(can_go_on());  // not from inside its own poll
  frame* f = to_resume();
  for (;;) {
    frame* up = f == this ? nullptr : f->parent;
    if (up) *f->owner = nullptr;  // f's owner lives in up's frame and must not destroy f again
    f->handle().destroy();
    if (!up) return;
    f = up;
  }
}

void frame::end_by_destructor() noexcept {
  if (spawned) internal::end_by_destructor(*static_cast<task_header*>(header_memory()));
  ROUSE_LOG(error, "a destructor of a task that was not spawned threw: %s",
            brief(std::current_exception()).c_str());
  std::terminate();
}

void frame::join_begun_chain(frame& above, frame** owned_by) noexcept {
  ROUSE_ASSERT(can_go_on());
  frame& new_root = *above.root;
  frame* const resumed = to_resume();
  leaf* const waited = waits_for();
  for (frame* f = resumed; f != this; f = f->parent)
    f->root = &new_root;
  root = &new_root;
  parent = &above;
  owner = owned_by;
  // Whoever polled it before may have had it forget its waker: so it is polled here, as a leaf is
  // before its frame suspends.
  if (waited && !waited->how->poll(*waited, *new_root.cx))
    new_root.wait_for(*waited);
  else
    new_root.hop_to(*resumed);
}

}  // namespace rouse::internal
