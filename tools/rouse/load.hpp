// Puts load on an HTTP server and measures it: raw streams and the response parser rather than a
// client, since a generator that is slower than the server measures itself.
//
// Closed loop: each connection sends the next request when an answer is there, so a server that
// stalls is asked less, and its stall is counted once. Open loop (a rate is given): request i is
// due at a fixed instant, and its latency counts from then, also when it could only be sent later;
// so a stall is counted for everybody who would have waited (G. Tene's "coordinated omission").
#pragma once

#include "histogram.hpp"

#include <rouse/base/duration.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/http/url.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tool {

struct load_options {
  explicit load_options(rouse::http::url where) : target(std::move(where)) {}
  rouse::http::url target;
  std::vector<std::pair<std::string, std::string>> headers;
  unsigned connections = 10;
  unsigned pipeline = 1;  // requests in flight on one connection
  double rate = 0;        // requests a second, of all connections; 0: closed loop
  rouse::nanoseconds duration = std::chrono::seconds(10);
};

/// Why a request has no answer.
enum class failure : std::uint8_t {
  connect,    ///< no connection, when one had to be made again
  closed,     ///< the connection ended or was reset before the answer's end
  malformed,  ///< what came is no answer
  timeout,    ///< no answer within the limit, or by the end
  unsent,     ///< open loop: due before the end, but its connection was never free for it
};
inline constexpr std::array<const char*, 5> failure_names = {"connect", "closed", "malformed",
                                                             "timeout", "unsent"};

struct load_result {
  histogram latency;                          // ns, of whole answers
  std::array<std::uint64_t, 1000> answers{};  // by status
  std::array<std::uint64_t, failure_names.size()> failures{};
  std::uint64_t bytes = 0;  // received, heads included
  rouse::instant began;
  rouse::instant ended;

  void note(failure why, std::uint64_t n = 1) noexcept {
    failures[static_cast<std::size_t>(why)] += n;
  }
  [[nodiscard]] std::uint64_t failed() const noexcept {
    std::uint64_t n = 0;
    for (std::uint64_t f : failures)
      n += f;
    return n;
  }
  [[nodiscard]] double seconds() const noexcept {
    return std::chrono::duration<double>(ended - began).count();
  }
};

/// Connects, then loads the server for the duration. `into` may be looked at meanwhile, from other
/// tasks of the same thread.
/// @param options, into  outlive the task.
/// @errors  io_error when a first connection cannot be made.
/// @cancel  What was measured so far is in `into`.
[[nodiscard]] rouse::task<void> run_load(load_options& options, load_result& into);

}  // namespace tool
