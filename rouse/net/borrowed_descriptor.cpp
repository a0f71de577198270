#include <rouse/net/borrowed_descriptor.hpp>

#include <rouse/net/internal/attach.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::net {

result<borrowed_descriptor> borrowed_descriptor::borrow(int fd) noexcept {
  const auto here = internal::current_reactor("borrow");
  if (!here) return std::unexpected(here.error());
  auto duplicate = sys::duplicate(fd);
  if (!duplicate) return std::unexpected(error("borrow", duplicate.error().code));
  auto attached = (*here)->attach(std::move(*duplicate));
  if (!attached) return std::unexpected(attached.error());
  return borrowed_descriptor(std::move(*attached));
}

poll_result<rouse::result<void>> readiness_operation::poll(context& cx) noexcept {
  if (operation_.is_idle()) {
    what_ == opcode::readable ? operation_.readable(on_->duplicate_)
                              : operation_.writable(on_->duplicate_);
  }
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  return rouse::result<void>();
}

}  // namespace rouse::net
