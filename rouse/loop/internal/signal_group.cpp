#include <rouse/loop/internal/signal_group.hpp>

namespace rouse::internal {

/// The task, which owns the group.
class signal_group::listener {
 public:
  explicit listener(signal_group& g) noexcept : group_(&g) {}
  listener(listener&& other) noexcept : group_(std::exchange(other.group_, nullptr)) {}
  listener& operator=(listener&&) = delete;
  ~listener() {
    if (!group_) return;
    group_->unlink();
    group_->task_.reset();
    while (signal_watch* watch = group_->watches_.front())
      watch->remove();
    delete group_;
  }
  poll_result<void> poll(context& cx) { return group_->listen(cx); }

 private:
  signal_group* group_;
};

result<signal_group*> signal_group::find_or_open(loop_core& core, int number) {
  for (signal_group* g = core.signals.front(); g; g = core.signals.next(*g))
    if (g->number_ == number) return g;
  const runtime::entered here(core.stack());  // listening attaches to its reactor
  auto arriving = process::signals({number});
  if (!arriving) return std::unexpected(arriving.error());
  auto* fresh = new signal_group(core, number, std::move(*arriving));
  listener task(*fresh);
  core.stack().spawn(std::move(task), {.name = nullptr, .background = true}).detach();
  core.signals.push_back(*fresh);
  return fresh;
}

void signal_group::add(signal_watch& fresh) noexcept {
  fresh.since_ = round_;
  watches_.push_back(fresh);
}

signal_watch* signal_group::after(signal_watch& watch) noexcept {
  signal_watch* next = watches_.next(watch);
  return next && next->since_ < round_ ? next : nullptr;
}

void signal_group::remove(signal_watch& watch) noexcept {
  if (next_ == &watch) next_ = after(watch);
  watch.unlink();
  if (watches_.is_empty()) close();
}

void signal_group::close() noexcept {
  arriving_.reset();
  unlink();
  task_.wake();
}

/// One callback a poll: `exit` and failures hold in between.
poll_result<void> signal_group::listen(context& cx) {
  if (!arriving_) return ready;
  if (!task_) task_ = cx.get_waker();
  if (!next_) {
    auto arrived = arriving_->poll_next(cx);
    if (!arrived.is_ready()) return pending;
    if (!arrived.take()) return ready;
    ++round_;
    next_ = watches_.front();
  }
  core_.call_in_poll([this] { tell(); }, "signal");
  if (core_.options.node_compatible) next_ = nullptr;
  cx.wake();
  return pending;
}

/// One of them. In Node.js all are one callback, and one that throws, or exits, ends it.
void signal_group::tell() {
  do {
    signal_watch& watch = *next_;
    next_ = after(watch);
    watch.call(number_);
  } while (next_ && core_.options.node_compatible && !core_.runner.is_exiting());
}

}  // namespace rouse::internal
