#include <rouse/reactor/handle.hpp>

#include <rouse/reactor/internal/inbox.hpp>
#include <rouse/sys/socket.hpp>

#include <new>

namespace rouse {

poll_result<result<void>> registration::poll(context& cx) {
  ROUSE_ASSERT(watch_);
  return watch_->box.poll(*watch_, cx);
}

void registration::arm(waker w) {
  ROUSE_ASSERT(watch_);
  watch_->box.arm(*watch_, std::move(w));
}

bool registration::is_ready() const noexcept { return watch_ && watch_->box.is_ready(*watch_); }
result<void> registration::status() const noexcept {
  return watch_ ? watch_->box.status(*watch_) : result<void>();
}

void registration::drop() noexcept {
  internal::watch* w = std::exchange(watch_, nullptr);
  w->box.drop(*w);
}

reactor_handle::reactor_handle(const reactor_handle& other) noexcept : inbox_(other.inbox_) {
  if (inbox_) inbox_->retain();
}

reactor_handle::~reactor_handle() {
  if (inbox_) inbox_->release();
}

bool reactor_handle::is_alive() const noexcept { return inbox_ && !inbox_->is_closed(); }

result<registration> reactor_handle::watch(int fd, interest what, waker w) const {
  if (!inbox_) return std::unexpected(error("watch", errc::no_context));
  auto copy = sys::duplicate(fd);
  if (!copy) return std::unexpected(copy.error());
  auto* fresh = new (std::nothrow) internal::watch(*inbox_, std::move(*copy), what);
  if (!fresh) return std::unexpected(error("watch", ENOMEM));
  if (auto added = inbox_->add(*fresh, std::move(w)); !added) {
    fresh->release();
    return std::unexpected(added.error());
  }
  return registration(fresh);
}

void reactor_handle::unpark() const noexcept {
  if (inbox_) inbox_->unpark();
}

}  // namespace rouse
