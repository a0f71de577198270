#include <rouse/loop/internal/loop_mailbox.hpp>

namespace rouse {

loop_handle::loop_handle(const loop_handle& other) noexcept : mailbox_(other.mailbox_) {
  if (mailbox_) mailbox_->retain();
}

loop_handle::~loop_handle() {
  if (mailbox_) mailbox_->release();
}

result<void> loop_handle::post(callback<void()> f) const {
  ROUSE_ASSERT(mailbox_ != nullptr);  // moved from
  ROUSE_ASSERT(f);
  return mailbox_->post(std::move(f));
}

namespace internal {

result<void> loop_mailbox::post(callback<void()>&& f) {
  bool is_first = false;
  {
    const lock_guard guard(lock_);
    if (is_closed_) return std::unexpected(error("post", errc::closed));
    mail_.emplace(std::move(f));
    is_first = !has_mail_.load(order::relaxed);
    has_mail_.store(true, order::relaxed);
  }
  if (is_first) wake_.unpark();
  return {};
}

void loop_mailbox::take(ring<callback<void()>>& into) noexcept {
  const lock_guard guard(lock_);
  has_mail_.store(false, order::relaxed);
  into.swap(mail_);
}

void loop_mailbox::close() noexcept {
  ring<callback<void()>> left;
  {
    const lock_guard guard(lock_);
    is_closed_ = true;
    left.swap(mail_);
  }
  left.clear();  // strangers' destructors: outside the lock
}

}  // namespace internal
}  // namespace rouse
