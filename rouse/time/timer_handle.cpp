#include <rouse/time/timer_handle.hpp>

#include <rouse/time/internal/timer_mailbox.hpp>

#include <new>

namespace rouse {
namespace internal {

remote_timer::remote_timer(timer_mailbox& b, instant when, waker w) noexcept
    : timer_entry(on_fire), box(b), at(when), target(std::move(w)) {
  box.retain();
}

remote_timer::~remote_timer() { box.release(); }

void remote_timer::on_fire(timer_entry& e, reason why) noexcept {
  auto& t = static_cast<remote_timer&>(e);
  waker w;
  {
    const lock_guard lock(t.box.lock);
    if (t.status() != state::waiting) return;  // cancelled: its message holds the reference
    t.set_status(why == reason::due ? state::fired : state::shut_down);
    w = std::move(t.target);
  }
  t.release();
  w.wake_and_reset();
}

result<remote_timer*> timer_mailbox::post(instant at, waker w) noexcept {
  auto* t = new (std::nothrow) remote_timer(*this, at, std::move(w));
  if (!t) return std::unexpected(error("register timer", ENOMEM));
  bool open = false;
  {
    const lock_guard guard(lock);
    if (clock) {
      open = true;
      mail_.push_back(*t);
      has_mail_.store(true, order::relaxed);
    }
  }
  if (!open) {
    delete t;
    return std::unexpected(error("register timer", errc::runtime_shut_down));
  }
  wake_.unpark();
  return t;
}

void timer_mailbox::cancel(remote_timer& t) noexcept {
  waker dies_outside;
  int references = 1;
  {
    const lock_guard guard(lock);
    if (t.status() == remote_timer::state::waiting) {
      t.set_status(remote_timer::state::none);
      dies_outside = std::move(t.target);
      if (t.is_linked()) {  // not taken yet: the driver will never see it
        t.unlink();
        references = 2;
      } else {  // taken out of the wheel at the driver's next turn; not worth waking it for
        mail_.push_back(t);
        has_mail_.store(true, order::relaxed);
      }
    }
  }
  t.release(references);
}

void timer_mailbox::take_mail(timer_driver& driver) noexcept {
  if (!has_mail()) return;
  remote_timer* gone = nullptr;
  const lock_guard guard(lock);  // inserting is short and runs no foreign code
  has_mail_.store(false, order::relaxed);
  while ((gone = mail_.pop_front())) {
    if (gone->status() == remote_timer::state::waiting) {
      driver.arm(*gone, gone->at);
      continue;
    }
    if (gone->is_pending()) driver.disarm(*gone);
    gone->release();  // never the last reference of the mailbox: the driver holds one
  }
}

void timer_mailbox::close() noexcept {
  list<remote_timer> untold;
  {
    const lock_guard guard(lock);
    clock = nullptr;
    for (remote_timer* t = mail_.front(); t;) {
      remote_timer* const following = mail_.next(*t);
      // The others are cancelled and still in the wheel: the last take_mail() is for them.
      if (t->status() == remote_timer::state::waiting) {
        t->set_status(remote_timer::state::shut_down);
        t->unlink();
        untold.push_back(*t);
      }
      t = following;
    }
  }
  while (remote_timer* t = untold.pop_front()) {
    waker w = std::move(t->target);  // nobody else touches it: its status is final
    t->release();
    w.wake_and_reset();
  }
}

}  // namespace internal

void timer_registration::cancel() noexcept {
  if (internal::remote_timer* t = std::exchange(timer_, nullptr)) t->box.cancel(*t);
}

void timer_registration::detach() noexcept {
  if (internal::remote_timer* t = std::exchange(timer_, nullptr)) t->release();
}

timer_registration::state timer_registration::status() const noexcept {
  return timer_ ? timer_->status() : state::none;
}

bool timer_registration::reset(instant at) noexcept {
  if (status() != state::waiting) return false;
  internal::timer_mailbox& box = timer_->box;
  waker w;
  {
    const lock_guard lock(box.lock);
    if (timer_->status() != state::waiting) return false;
    w = std::move(timer_->target);
  }
  const waker same = w;
  if (auto posted = box.post(at, std::move(w))) {
    cancel();
    timer_ = *posted;
    return true;
  }
  cancel();
  same.wake();
  return false;
}

bool timer_registration::set_waker(waker w) noexcept {
  if (status() != state::waiting) return false;
  const lock_guard lock(timer_->box.lock);
  if (timer_->status() != state::waiting) return false;
  std::swap(timer_->target, w);
  return true;
}

timer_handle::timer_handle(const timer_handle& other) noexcept : mailbox_(other.mailbox_) {
  if (mailbox_) mailbox_->retain();
}

timer_handle::~timer_handle() {
  if (mailbox_) mailbox_->release();
}

result<timer_registration> timer_handle::register_at(instant at, waker w) const noexcept {
  if (!mailbox_) return std::unexpected(error("register timer", errc::no_context));
  auto posted = mailbox_->post(at, std::move(w));
  if (!posted) return std::unexpected(posted.error());
  return timer_registration(*posted);
}

result<timer_registration> timer_handle::register_after(nanoseconds d, waker w) const noexcept {
  const auto at = now();
  if (!at) return std::unexpected(at.error());
  return register_at(saturating_add(*at, d), std::move(w));
}

result<instant> timer_handle::now() const noexcept {
  if (!mailbox_) return std::unexpected(error("register timer", errc::no_context));
  const lock_guard lock(mailbox_->lock);
  if (!mailbox_->clock) return std::unexpected(error("register timer", errc::runtime_shut_down));
  return mailbox_->clock->now();
}

bool timer_handle::is_open() const noexcept {
  if (!mailbox_) return false;
  const lock_guard lock(mailbox_->lock);
  return mailbox_->clock != nullptr;
}

}  // namespace rouse
