// One line a request on standard output.
#pragma once

#include <rouse/http/access_log.hpp>

namespace tool {

/// `127.0.0.1:40312 GET /index.html 200 1234 B 0.3 ms`. Written when the request has been answered.
class request_log final : public rouse::http::access_log {
 public:
  void record(const rouse::http::access_record& r) noexcept override;
};

}  // namespace tool
