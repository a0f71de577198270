// One line a request on standard output.
#pragma once

#include <rouse/http/access_log.hpp>

namespace tool {

/// `127.0.0.1:40312 GET /index.html 200 1234 B 0.3 ms`. Written when the request has been answered.
///
/// The server waits for nobody who reads it: where the reader of a pipe or a stopped terminal takes
/// nothing, lines are dropped, and their number is told as soon as it does, or at the end on
/// standard error.
class request_log final : public rouse::http::access_log {
 public:
  request_log() = default;
  request_log(const request_log&) = delete;
  request_log& operator=(const request_log&) = delete;
  ~request_log();
  void record(const rouse::http::access_record& r) noexcept override;

 private:
  void write(const char* line, int bytes) noexcept;
  unsigned long dropped_ = 0;
};

}  // namespace tool
