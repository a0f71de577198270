#include <rouse/loop/loop_signals.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/internal/signal_group.hpp>

#include <string>

namespace rouse {
namespace internal {

result<loop_signal> signal_watch::open(loop_core& core, int number, callback<void(int)>&& f) {
  auto* fresh = new signal_watch(std::move(f));
  loop_signal handle(*fresh);
  auto group = signal_group::find_or_open(core, number);
  if (!group) return std::unexpected(group.error());
  fresh->group_ = *group;
  fresh->retain();
  (*group)->add(*fresh);
  return handle;
}

void signal_watch::call(int number) {
  retain();
  const loop_signal alive(*this);
  if (f_) f_(number);
}

void signal_watch::remove() noexcept {
  if (!group_) return;
  std::exchange(group_, nullptr)->remove(*this);
  hold_ = loop_hold();
  f_.reset();  // which may be the last to hold a handle
  release();
}

void signal_watch::set_ref(bool refd) noexcept {
  if (!group_ || refd == static_cast<bool>(hold_)) return;
  hold_ = refd ? group_->hold() : loop_hold();
}

}  // namespace internal

loop_signal::loop_signal(const loop_signal& other) noexcept : watch_(other.watch_) {
  if (watch_) watch_->retain();
}
loop_signal::~loop_signal() {
  if (watch_) watch_->release();
}

void loop_signal::remove() const noexcept {
  if (watch_) watch_->remove();
}
void loop_signal::ref() const noexcept {
  if (watch_) watch_->set_ref(true);
}
void loop_signal::unref() const noexcept {
  if (watch_) watch_->set_ref(false);
}
bool loop_signal::is_active() const noexcept { return watch_ && watch_->is_active(); }

loop_signal loop_signals::on(int number, callback<void(int)> f) {
  internal::loop_core& core = internal::loop_caller(*loop_, "signals").core();
  const auto refuse = [number](const error& why) {
    throw io_error(why, "signal " + std::to_string(number));
  };
  if (number < 1 || number > 64) refuse(error("signals", errc::invalid_input));
  auto opened = internal::signal_watch::open(core, number, std::move(f));
  if (!opened) refuse(opened.error());
  return std::move(*opened);
}

}  // namespace rouse
