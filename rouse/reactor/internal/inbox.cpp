#include <rouse/reactor/internal/inbox.hpp>

#include <rouse/reactor/reactor.hpp>

namespace rouse::internal {
namespace {

error shut_down() noexcept { return error("watch", errc::runtime_shut_down); }

}  // namespace

// ---- watch

// The operation of a watch is notified on the reactor's thread only and is a member, so nothing
// needs counting here.
const wake_table watch::table{
    [](wakeable& self) noexcept {
      auto& w = static_cast<watch&>(self);
      w.box.fire(w);
    },
    [](wakeable& self) noexcept -> wakeable& { return self; },
    [](wakeable&) noexcept {},
};

watch::watch(inbox& b, sys::descriptor fd, interest i) noexcept
    : wakeable(table), box(b), what(i), descriptor(std::move(fd)) {
  box.retain();
}

void watch::release() noexcept {
  // acq_rel: pairs with the other releases, so that the last one sees all they did
  if (references_.fetch_sub(1, order::acq_rel) != 1) return;
  inbox& b = box;
  delete this;
  b.release();
}

// ---- any thread

bool inbox::is_closed() noexcept {
  lock_guard lock(mutex_);
  return closed_;
}

void inbox::post(watch& w) noexcept {
  if (w.posted || closed_) return;
  w.retain();
  w.posted = true;
  w.next_posted = std::exchange(posted_, &w);
  has_posted_.store(true, order::relaxed);  // the lock orders the rest; the unpark orders this
}

result<void> inbox::add(watch& w, waker to_wake) {
  {
    lock_guard lock(mutex_);
    if (closed_) return std::unexpected(shut_down());
    w.retain();
    all_.push_back(w);
    count_++;
    w.current = watch::state::armed;
    w.to_wake = std::move(to_wake);
    post(w);
  }
  unpark();
  return {};
}

void inbox::arm(watch& w, waker to_wake) {
  bool at_once = false;
  waker former;  // dies outside the lock
  {
    lock_guard lock(mutex_);
    at_once = w.current == watch::state::failed;
    if (!at_once) {
      former = std::exchange(w.to_wake, std::move(to_wake));
      if (w.current != watch::state::armed) {
        w.current = watch::state::armed;
        post(w);
      }
    }
  }
  at_once ? to_wake.wake() : unpark();
}

poll_result<result<void>> inbox::poll(watch& w, context& cx) {
  waker fresh = cx.get_waker();
  waker former;  // both die outside the lock
  bool must_unpark = false;
  {
    lock_guard lock(mutex_);
    switch (w.current) {
      case watch::state::fired: w.current = watch::state::idle; return result<void>();
      case watch::state::failed: return result<void>(std::unexpected(w.why));
      case watch::state::idle:
        w.current = watch::state::armed;
        post(w);
        must_unpark = true;
        break;
      case watch::state::armed: break;
    }
    former = std::exchange(w.to_wake, std::move(fresh));
  }
  if (must_unpark) unpark();
  return pending;
}

bool inbox::is_ready(watch& w) noexcept {
  lock_guard lock(mutex_);
  return w.current == watch::state::fired || w.current == watch::state::failed;
}

result<void> inbox::status(watch& w) noexcept {
  lock_guard lock(mutex_);
  if (w.current == watch::state::failed) return std::unexpected(w.why);
  return {};
}

void inbox::drop(watch& w) noexcept {
  waker former;
  bool must_unpark = false;
  {
    lock_guard lock(mutex_);
    w.dropped = true;
    former = std::move(w.to_wake);
    post(w);
    must_unpark = w.posted;
  }
  if (must_unpark) unpark();
  w.release();
}

// ---- the reactor's thread

bool inbox::drain(reactor& on) noexcept {
  if (!has_posted()) return false;
  watch* chain = nullptr;
  {
    lock_guard lock(mutex_);
    chain = std::exchange(posted_, nullptr);
    has_posted_.store(false, order::relaxed);
  }
  const bool any = chain != nullptr;
  while (chain) {
    watch& w = *chain;
    bool dropped = false;
    {
      lock_guard lock(mutex_);
      chain = std::exchange(w.next_posted, nullptr);
      w.posted = false;
      dropped = w.dropped;
    }
    dropped ? end(w) : start(w, on);
    w.release();
  }
  return any;
}

void inbox::start(watch& w, reactor& on) noexcept {
  if (!w.attached) {
    auto attached = on.attach(std::move(w.descriptor));
    if (!attached) return settle(w, std::unexpected(attached.error()));
    w.attached = std::move(*attached);
  }
  fire(w);
}

void inbox::fire(watch& w) noexcept {
  using state = operation::state;
  if (w.readiness.current_state() == state::spent) w.readiness.reset();
  if (w.readiness.is_idle()) {
    if (!w.attached) return;
    w.what == interest::readable ? w.readiness.readable(w.attached)
                                 : w.readiness.writable(w.attached);
  }
  context cx(static_cast<wakeable&>(w));
  if (!w.readiness.poll(cx)) return;
  settle(w, w.readiness.result() < 0 ? result<void>(std::unexpected(w.readiness.failure()))
                                     : result<void>());
}

void inbox::settle(watch& w, const result<void>& how) noexcept {
  waker to_wake;
  {
    lock_guard lock(mutex_);
    if (w.current == watch::state::failed) return;
    w.current = how ? watch::state::fired : watch::state::failed;
    if (!how) w.why = how.error();
    to_wake = std::move(w.to_wake);
  }
  to_wake.wake();
}

void inbox::end(watch& w) noexcept {
  w.readiness.settle();
  w.attached.close();
  w.descriptor.reset();
  {
    lock_guard lock(mutex_);
    if (!w.is_linked()) return;
    w.unlink();
    count_--;
  }
  w.release();
}

std::size_t inbox::watch_count() noexcept {
  lock_guard lock(mutex_);
  return count_;
}

void inbox::close() noexcept {
  {
    lock_guard lock(mutex_);
    closed_ = true;
  }
  for (;;) {  // one at a time, since a wake may run anything
    watch* w = nullptr;
    {
      lock_guard lock(mutex_);
      w = posted_ ? std::exchange(posted_, posted_->next_posted) : nullptr;
      if (w) w->posted = false;
    }
    if (!w) break;
    w->release();
  }
  for (;;) {
    watch* w = nullptr;
    {
      lock_guard lock(mutex_);
      w = all_.front();
    }
    if (!w) break;
    settle(*w, std::unexpected(shut_down()));
    end(*w);  // leaves the list
  }
}

}  // namespace rouse::internal
