#include <rouse/net/tcp_stream.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/internal/attach.hpp>

#include <algorithm>

namespace rouse::net {

result<tcp_stream> tcp_stream::adopt(int fd) noexcept {
  auto adopted = internal::adopt_stream(sys::descriptor(fd), false);
  if (!adopted) return std::unexpected(adopted.error());
  return tcp_stream(std::move(adopted->attached), std::move(adopted->peer));
}

result<void> tcp_stream::set_nodelay(bool on) noexcept { return sys::set_no_delay(fd(), on); }
result<bool> tcp_stream::nodelay() const noexcept { return sys::no_delay(fd()); }

result<void> tcp_stream::set_keep_alive(keep_alive_options options) noexcept {
  ROUSE_ASSERT(options.idle_s > 0 && options.between_s > 0 && options.probes > 0);
  const auto idle = static_cast<int>(std::min(options.idle_s, 32767u));  // the kernel's limits
  const auto between = static_cast<int>(std::min(options.between_s, 32767u));
  const auto probes = static_cast<int>(std::min(options.probes, 127u));
  if (auto set = sys::set_keep_alive_times(fd(), idle, between, probes); !set) return set;
  return sys::set_keep_alive(fd(), true);
}

result<void> tcp_stream::clear_keep_alive() noexcept { return sys::set_keep_alive(fd(), false); }
result<void> tcp_stream::set_linger_zero(bool on) noexcept {
  return sys::set_linger(fd(), on ? 0 : -1);
}

result<void> tcp_stream::set_user_timeout(nanoseconds longest) noexcept {
  constexpr nanoseconds::rep ms = 1'000'000, ms_max = 0x7fffffff;
  const auto rounded = longest.count() <= 0 ? 0 : (longest.count() - 1) / ms + 1;
  return sys::set_user_timeout(fd(), static_cast<unsigned>(std::min(rounded, ms_max)));
}

}  // namespace rouse::net
