#include <rouse/process/signals.hpp>

#include <rouse/core/current.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::process {

result<signal_stream> signals(const signal_set& which) {
  reactor* here = current<reactor>::get();
  if (!here) return std::unexpected(error("signals", errc::no_context));
  auto listener = sys::signal_listener::open(which);
  if (!listener) return std::unexpected(listener.error());
  auto attached = here->attach(listener->take_fd());
  if (!attached) return std::unexpected(attached.error());
  return signal_stream(std::move(*attached), std::move(*listener));
}

poll_result<std::optional<int>> signal_stream::poll_next(context& cx) noexcept {
  for (;;) {
    if (!arrived_.is_empty()) {
      if (!cx.spend()) return pending;
      return std::optional<int>(arrived_.take_first());
    }
    if (readable_.is_idle()) readable_.readable(source_);
    if (!readable_.poll(cx)) return pending;
    if (readable_.result() < 0) return std::optional<int>();
    readable_.reset();
    arrived_.add(listener_.take());
  }
}

}  // namespace rouse::process
