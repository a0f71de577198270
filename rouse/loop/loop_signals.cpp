#include <rouse/loop/loop_signals.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/internal/signal_watch.hpp>

#include <string>

namespace rouse {
namespace internal {

/// The task of one registration.
class signal_watch::listener {
 public:
  explicit listener(signal_watch& w) noexcept : watch_(&w) { w.retain(); }
  listener(listener&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)) {}
  listener& operator=(listener&&) = delete;
  ~listener() {
    if (!watch_) return;
    watch_->task_.reset();
    watch_->remove();
    watch_->release();
  }
  poll_result<void> poll(context& cx) { return watch_->listen(cx); }

 private:
  signal_watch* watch_;
};

loop_signal signal_watch::open(loop_core& core, process::signal_stream arriving,
                               callback<void(int)>&& f) {
  auto* fresh = new signal_watch(core, std::move(arriving));
  loop_signal handle(*fresh);
  fresh->f_.set(std::move(f));
  core.stack().spawn(listener(*fresh), {.name = nullptr, .background = true}).detach();
  return handle;
}

/// One callback a poll: `exit` and failures hold in between.
poll_result<void> signal_watch::listen(context& cx) {
  if (!arriving_) return ready;
  if (!task_) task_ = cx.get_waker();
  auto next = arriving_->poll_next(cx);
  if (!next.is_ready()) return pending;
  const std::optional<int> number = next.take();
  if (!number) return ready;
  if (f_) link_->core->call_in_poll([this, number] { f_(*number); }, "signal");
  cx.wake();
  return pending;
}

void signal_watch::remove() noexcept {
  if (!arriving_) return;
  arriving_.reset();
  hold_ = loop_hold();
  task_.wake();
  retain();  // the callback may be the last to hold a handle
  f_.reset();
  release();
}

void signal_watch::set_ref(bool refd) noexcept {
  if (!arriving_ || refd == static_cast<bool>(hold_)) return;
  hold_ = refd ? loop_hold(*link_) : loop_hold();
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
  const runtime::entered here(core.stack());  // listening attaches to its reactor
  auto arriving = process::signals({number});
  if (!arriving) refuse(arriving.error());
  return internal::signal_watch::open(core, std::move(*arriving), std::move(f));
}

}  // namespace rouse
