#include <rouse/core/current.hpp>
#include <rouse/runtime/run.hpp>

namespace rouse {

poll_result<rouse::result<int>> stop_operation::poll(context& cx) noexcept {
  stop_source* source = current<stop_source>::get();
  if (!source)
    return rouse::result<int>(std::unexpected(error("stop_requested", errc::no_context)));
  if (source->signal_ != 0) {
    unlink();
    return rouse::result<int>(source->signal_);
  }
  waker_ = cx.borrow_waker();
  if (!is_linked()) source->waiting_.push_back(*this);
  return pending;
}

bool stop_source::request(int signal) noexcept {
  signal_ = signal;
  const bool asked = !waiting_.is_empty();
  while (stop_operation* waiter = waiting_.pop_front()) {
    if (waiter->waker_) waiter->waker_->wake();
  }
  return asked;
}

}  // namespace rouse
