#include "request_log.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <climits>
#include <cstdio>

namespace tool {
namespace {

constexpr std::size_t target_shown_max = 256;
constexpr std::size_t line_bytes_max = 512;
static_assert(line_bytes_max <= PIPE_BUF, "what poll promises to take without waiting");

bool takes_more(int fd) noexcept {
  pollfd p{fd, POLLOUT, 0};
  return ::poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

}  // namespace

request_log::~request_log() {
  if (dropped_ != 0)
    std::fprintf(stderr, "rouse: %lu lines of the log were dropped: nobody took them\n", dropped_);
}

void request_log::record(const rouse::http::access_record& r) noexcept {
  const std::string_view target = r.target.substr(0, target_shown_max);
  const double ms = static_cast<double>(r.took.count()) / 1e6;
  char line[line_bytes_max];
  const int bytes = std::snprintf(
      line, sizeof line, "%s %.*s %.*s%s %u %llu B %.1f ms\n", r.peer.to_string().c_str(),
      static_cast<int>(r.method.empty() ? 1 : r.method.size()),
      r.method.empty() ? "-" : r.method.data(),
      static_cast<int>(target.empty() ? 1 : target.size()), target.empty() ? "-" : target.data(),
      target.size() < r.target.size() ? "..." : "", static_cast<unsigned>(r.answered),
      static_cast<unsigned long long>(r.bytes), ms);
  write(line, std::min(bytes, static_cast<int>(sizeof line) - 1));
}

void request_log::write(const char* line, int bytes) noexcept {
  if (bytes <= 0 || !takes_more(STDOUT_FILENO)) return void(++dropped_);
  if (dropped_ != 0) {
    char told[64];
    const int n = std::snprintf(told, sizeof told, "(%lu lines dropped)\n", dropped_);
    if (::write(STDOUT_FILENO, told, static_cast<std::size_t>(n)) == n) dropped_ = 0;
    if (!takes_more(STDOUT_FILENO)) return void(++dropped_);
  }
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(bytes)) != bytes) ++dropped_;
}

}  // namespace tool
