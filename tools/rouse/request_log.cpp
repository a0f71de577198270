#include "request_log.hpp"

#include <cstdio>

namespace tool {

void request_log::record(const rouse::http::access_record& r) noexcept {
  constexpr std::size_t target_shown_max = 256;
  const std::string_view target = r.target.substr(0, target_shown_max);
  const double ms = static_cast<double>(r.took.count()) / 1e6;
  std::printf("%s %.*s %.*s%s %u %llu B %.1f ms\n", r.peer.to_string().c_str(),
              static_cast<int>(r.method.empty() ? 1 : r.method.size()),
              r.method.empty() ? "-" : r.method.data(),
              static_cast<int>(target.empty() ? 1 : target.size()),
              target.empty() ? "-" : target.data(), target.size() < r.target.size() ? "..." : "",
              static_cast<unsigned>(r.answered), static_cast<unsigned long long>(r.bytes), ms);
  std::fflush(stdout);
}

}  // namespace tool
