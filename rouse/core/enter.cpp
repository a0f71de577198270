#include <rouse/base/assert.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/core/enter.hpp>

#include <utility>

namespace rouse {
namespace {

struct mark {
  bool entered = false;
  std::source_location site;
};
constinit thread_local mark this_mark;

}  // namespace

result<enter> enter::try_enter(std::source_location site) noexcept {
  if (this_mark.entered) return std::unexpected(error("enter", errc::would_block_runtime));
  this_mark = {true, site};
  return enter();
}

enter enter::enter_or_throw(std::source_location site) {
  auto entered = try_enter(site);
  if (!entered)
    throw_error(entered.error(),
                "at " + describe(site) + ", inside the one entered at " + describe(this_mark.site));
  return std::move(*entered);
}

enter::enter(enter&& other) noexcept
    : count_(std::exchange(other.count_, 0)), holds_(std::exchange(other.holds_, false)) {
  for (unsigned i = 0; i < count_; ++i)
    calls_[i] = other.calls_[i];
}

enter::~enter() {
  if (!holds_) return;
  this_mark.entered = false;
  while (count_ != 0) {
    const exit_call call = calls_[--count_];
    call.callback(call.argument);
  }
}

void enter::on_exit(void (*callback)(void*), void* argument) noexcept {
  ROUSE_ASSERT(count_ < exit_calls_max);
  calls_[count_++] = {callback, argument};
}

void enter::make_permanent() && noexcept {
  holds_ = false;
  count_ = 0;
}

bool enter::is_entered() noexcept { return this_mark.entered; }
std::source_location enter::entered_at() noexcept { return this_mark.site; }

leave::leave() noexcept : was_entered_(this_mark.entered), site_(this_mark.site) {
  this_mark.entered = false;
}
leave::~leave() { this_mark = {was_entered_, site_}; }

}  // namespace rouse
