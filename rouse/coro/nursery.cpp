#include <rouse/base/io_error.hpp>
#include <rouse/coro/nursery.hpp>

namespace rouse {

void nursery::enrol(task_header& child, worker& here) {
  child.joined = true;
  child.observed = true;
  child.observer = this;
  child.background = true;  // whoever waits for the scope waits for it
  ++count_;
  here.adopt_child(child, children_);
  if (closing_) worker::abort(child);
}

void nursery::on_complete(task_header& child) noexcept {
  --count_;
  child.joined = false;
  std::exception_ptr failure = child.table().failure(child);
  if (!failure && child.ending == task_header::abandoned)
    failure = std::make_exception_ptr(io_error(error("task", errc::abandoned)));
  if (failure) {
    if (policy_.report)
      policy_.report(policy_.argument, child, std::move(failure));
    else if (!failure_)
      failure_ = std::move(failure);
  }
  if (room_operation* r = std::exchange(room_waiter_, nullptr)) r->target_->wake();
  if (waiter_ && (count_ == 0 || failure_)) waiter_->wake();
}

void nursery::cancel() noexcept {
  for (task_header* t = children_.front(); t; t = children_.next(*t))
    worker::abort(*t);
}

void nursery::close() noexcept {
  closing_ = true;
  cancel();
}

void nursery::destroy_children() noexcept {
  waiter_ = nullptr;
  while (task_header* t = children_.front()) {
    t->observed = false;  // nobody is left to be told
    t->observer = nullptr;
    t->joined = false;
    worker* owner = t->owner.load(order::relaxed);
    ROUSE_ASSERT(owner == worker::current());
    --count_;
    owner->take_over(*t);
    owner->destroy_now(*t);
  }
}

}  // namespace rouse
