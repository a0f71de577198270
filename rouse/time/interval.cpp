#include <rouse/time/interval.hpp>

namespace rouse {

interval::interval(instant start, nanoseconds period, missed_ticks policy) noexcept
    : timer_(start), period_(period), policy_(policy) {
  ROUSE_ASSERT(period > nanoseconds(0));
}

interval::interval(nanoseconds period, missed_ticks policy) noexcept
    : timer_(sleep(period)), period_(period), policy_(policy) {
  ROUSE_ASSERT(period > nanoseconds(0));
}

poll_result<rouse::result<instant>> interval::poll_tick(context& cx) noexcept {
  auto answer = timer_.poll(cx);
  if (!answer.is_ready()) return pending;
  if (auto fired = answer.take(); !fired) return std::unexpected(fired.error());
  const instant tick = timer_.deadline();
  timer_.reset(after(tick, timer_.now()));
  return rouse::result<instant>(tick);
}

poll_result<std::optional<rouse::result<instant>>> interval::poll_next(context& cx) noexcept {
  auto answer = poll_tick(cx);
  if (!answer.is_ready()) return pending;
  return std::optional(answer.take());
}

void interval::reset_after(nanoseconds d) noexcept {
  timer_.reset(saturating_add(timer_.now(), d));
}

instant interval::after(instant tick, instant now) const noexcept {
  const instant next = saturating_add(tick, period_);
  if (now < next || policy_ == missed_ticks::burst) return next;
  if (policy_ == missed_ticks::delay) return saturating_add(now, period_);
  const nanoseconds beyond = time_left(tick, now) % period_;  // past the last multiple
  return saturating_add(now, period_ - beyond);
}

}  // namespace rouse
