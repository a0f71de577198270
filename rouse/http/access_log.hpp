// One record a request, for whoever keeps the log.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/http/status.hpp>
#include <rouse/net/address.hpp>

#include <cstdint>
#include <string_view>

namespace rouse::http {

/// Views are valid during the call only. `method` and `target` are empty when the request could not
/// be read.
struct access_record {
  const net::address& peer;
  std::string_view method;
  std::string_view target;
  int minor_version = 1;  ///< of HTTP/1
  status answered = status::ok;
  std::uint64_t bytes = 0;       ///< of the answer, head included
  std::uint64_t body_bytes = 0;  ///< of its body, framing included
  nanoseconds took{};  ///< from the request's first byte until its answer was written or gathered
};

class access_log {
 public:
  /// Called on the server's thread after each answer; must not wait.
  virtual void record(const access_record& r) noexcept = 0;

 protected:
  ~access_log() = default;
};

}  // namespace rouse::http
