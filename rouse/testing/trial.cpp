#include <rouse/core/describe.hpp>
#include <rouse/testing/trial.hpp>

#include <algorithm>

namespace rouse::testing {

const char* name_of(way how) noexcept {
  switch (how) {
    case way::none: return "not interrupted";
    case way::cancel: return "cancelled";
    case way::cancel_and_poll: return "cancelled and polled once more";
    case way::destroy: return "destroyed";
  }
  ROUSE_UNREACHABLE();
}

namespace internal {

bool interruption::is_due_before(context& cx) noexcept {
  ROUSE_ASSERT(!trial_->active_ || trial_->active_ == this);  // one at a time
  trial_->active_ = this;
  trial_->own_ = trial_->polled_;
  up_ = cx.borrowed_target();
  if (!std::exchange(has_begun_, true)) {
    trial_->forget_site_of(trial_->own_);  // of what it awaited before
    return false;
  }
  return is_due_ || trial_->count(trial::moment::woken);
}

bool interruption::is_due_after() noexcept {
  return is_due_ || trial_->count(trial::moment::suspended);
}

way interruption::begin_interruption() noexcept {
  trial_->interrupted_ = true;
  leave();
  return how();
}

void interruption::leave() noexcept {
  if (trial_->active_ == this) trial_->active_ = nullptr;
}

way interruption::how() const noexcept { return trial_->how_; }

}  // namespace internal

bool trial::count(moment when) noexcept {
  if (interrupted_ || ++points_ != at_ || how_ == way::none) return false;
  when_ = when;
  where_ = site_of(own_);
  if (where_.line() == 0) where_ = active_->site_;
  return true;
}

void trial::on_probe(const trace::record& r) noexcept {
  using trace::event;
  switch (r.what) {
    case event::poll_begin: polled_ = r.subject; return;
    case event::wait: {
      if (r.site.line() == 0) return;
      const auto known = std::ranges::find(waits_, r.subject, &wait::task);
      if (known != waits_.end())
        known->site = r.site;
      else
        waits_.push_back({r.subject, r.site});
      return;
    }
    case event::complete: forget_site_of(r.subject); [[fallthrough]];
    case event::poll_end:
      if (polled_ == r.subject) polled_ = nullptr;
      if (!active_ || r.subject == own_ || !count(moment::elsewhere)) return;
      active_->is_due_ = true;
      if (active_->up_) active_->up_->wake();
      return;
    default: return;
  }
}

void trial::forget_site_of(const void* task) noexcept {
  std::erase_if(waits_, [&](const wait& w) { return w.task == task; });
}

std::source_location trial::site_of(const void* task) const noexcept {
  const auto known = std::ranges::find(waits_, task, &wait::task);
  return known != waits_.end() ? known->site : std::source_location();
}

void trial::expect(bool holds, std::string_view what, std::source_location site) {
  if (!holds) fail(describe(site) + ": " + std::string(what));
}

void trial::fail(std::string what) { failures_.push_back(std::move(what) + "; " + to_string()); }

std::string trial::to_string() const {
  if (how_ == way::none) return name_of(how_);
  std::string text = std::string(interrupted_ ? name_of(how_) : "not yet interrupted") +
                     " at point " + std::to_string(at_);
  if (where_.line() == 0) return text;
  switch (when_) {
    case moment::suspended: text += ", as it suspended at "; break;
    case moment::woken: text += ", as it was woken at "; break;
    case moment::elsewhere: text += ", after another task ran while it waited at "; break;
  }
  return text + describe(where_);
}

}  // namespace rouse::testing
