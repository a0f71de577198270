#include <rouse/time/sleep.hpp>

#include <utility>

namespace rouse {

poll_result<rouse::result<void>> sleep_operation::poll_others(context& cx) noexcept {
  using remote_state = timer_registration::state;
  switch (state_) {
    case state::fresh:
    case state::relative: return start(cx);
    case state::fired: return rouse::result<void>();
    case state::shut_down: return std::unexpected(error("sleep", errc::runtime_shut_down));
    case state::cancelled: return pending;
    case state::armed: ROUSE_UNREACHABLE();
    case state::remote: break;
  }
  if (remote_.set_waker(cx.get_waker())) return pending;
  const bool fired = remote_.status() == remote_state::fired;
  retract(fired ? state::fired : state::shut_down);
  if (fired) return rouse::result<void>();
  return std::unexpected(error("sleep", errc::runtime_shut_down));
}

poll_result<rouse::result<void>> sleep_operation::start(context& cx) noexcept {
  timer_driver* const driver = current<timer_driver>::get();
  const timer_handle* const handle = driver ? nullptr : current<timer_handle>::get();
  if (!driver && !handle) return std::unexpected(error("sleep", errc::no_context));
  if (state_ == state::relative) {
    instant from;
    if (driver) {
      from = driver->now();
    } else {
      const auto read = handle->now();
      if (!read) return std::unexpected(error("sleep", read.error().code));
      from = *read;
    }
    const nanoseconds duration = timer_entry::deadline().time_since_epoch();
    set_deadline(duration == no_limit ? never : saturating_add(from, duration));
    state_ = state::fresh;
  }
  const instant at = deadline();
  if (driver) {
    if (driver->has_passed(at) && at != never) {
      if (!cx.spend()) return pending;  // a loop of sleeps that are over must give way, too
      state_ = state::fired;
      return rouse::result<void>();
    }
    driver_ = driver;
    target_ = cx.borrow_waker();
    state_ = state::armed;
    driver->arm(*this, at);
    return pending;
  }
  if (const auto read = handle->now(); read && *read >= at && at != never) {
    if (!cx.spend()) return pending;
    state_ = state::fired;
    return rouse::result<void>();
  }
  auto registered = handle->register_at(at, cx.get_waker());
  if (!registered) return std::unexpected(error("sleep", registered.error().code));
  remote_ = std::move(*registered);
  state_ = state::remote;
  return pending;
}

instant sleep_operation::now() noexcept {
  if (timer_driver* const driver = current<timer_driver>::get()) return driver->now();
  if (const timer_handle* const handle = current<timer_handle>::get())
    if (const auto read = handle->now()) return *read;
  return rouse::now();
}

void sleep_operation::retract(state after) noexcept {
  if (state_ == state::armed) driver_->disarm(*this);
  if (state_ == state::remote) remote_.cancel();
  if (state_ != state::fired && state_ != state::shut_down) state_ = after;
}

void sleep_operation::reset(instant at) noexcept {
  if (state_ == state::armed) {
    driver_->disarm(*this);
    driver_->arm(*this, at);
    return;
  }
  set_deadline(at);
  if (state_ == state::remote && remote_.reset(at)) return;
  // When that failed, the waker has been called: the task's next poll registers anew.
  state_ = state::fresh;
}

}  // namespace rouse
