#include <rouse/time/sleep.hpp>

#include <utility>

namespace rouse {

poll_result<rouse::result<void>> sleep_operation::poll_others(context& cx) noexcept {
  switch (state_) {
    case state::fired: return rouse::result<void>();
    case state::shut_down: return std::unexpected(error("sleep", errc::runtime_shut_down));
    case state::cancelled: return pending;
    case state::remote: break;
    case state::fresh:
    case state::relative:
    case state::armed: ROUSE_UNREACHABLE();
  }
  if (remote_.set_waker(cx.get_waker())) return pending;
  const bool fired = remote_.status() == timer_registration::state::fired;
  retract(fired ? state::fired : state::shut_down);
  if (fired) return rouse::result<void>();
  return std::unexpected(error("sleep", errc::runtime_shut_down));
}

poll_result<rouse::result<void>> sleep_operation::start(context& cx) noexcept {
  timer_driver* const driver = current<timer_driver>::get();
  if (!driver) [[unlikely]]
    return start_remote(cx);
  if (state_ == state::relative) [[unlikely]]
    fix_deadline(driver->now());
  const instant at = deadline();
  if (driver->has_passed(at)) return already_over(cx);
  driver_ = driver;
  target_ = cx.borrow_waker();
  state_ = state::armed;
  driver->arm(*this, at);
  return pending;
}

poll_result<rouse::result<void>> sleep_operation::start_remote(context& cx) noexcept {
  const timer_handle* const handle = current<timer_handle>::get();
  if (!handle) return std::unexpected(error("sleep", errc::no_context));
  const auto now = handle->now();
  if (!now) return std::unexpected(error("sleep", now.error().code));
  if (state_ == state::relative) fix_deadline(*now);
  const instant at = deadline();
  if (*now >= at && at != never) return already_over(cx);
  auto registered = handle->register_at(at, cx.get_waker());
  if (!registered) return std::unexpected(error("sleep", registered.error().code));
  remote_ = std::move(*registered);
  state_ = state::remote;
  return pending;
}

poll_result<rouse::result<void>> sleep_operation::already_over(context& cx) noexcept {
  if (!cx.spend()) return pending;  // a loop of sleeps that are over must give way, too
  state_ = state::fired;
  return rouse::result<void>();
}

void sleep_operation::fix_deadline(instant from) noexcept {
  const nanoseconds duration = timer_entry::deadline().time_since_epoch();
  set_deadline(duration == no_limit ? never : saturating_add(from, duration));
  state_ = state::fresh;
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
