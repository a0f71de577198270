// One line a request on standard output.
#pragma once

#include <rouse/http/access_log.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tool {

enum class log_format : unsigned char {
  brief,   ///< `127.0.0.1:40312 GET /index.html 200 1234 B 0.3 ms`
  common,  ///< the Common Log Format of NCSA and Apache, times in UTC
  json,    ///< an object a line
  none,
};
[[nodiscard]] std::optional<log_format> log_format_of(std::string_view name) noexcept;

/// Appends the line of one request, with its end.
/// @param unix_ns  when it was answered, since 1970.
void append_log_line(std::string& out, log_format format, const rouse::http::access_record& r,
                     std::int64_t unix_ns);

/// Writes when the request has been answered.
///
/// The server waits for nobody who reads it: where the reader of a pipe or a stopped terminal takes
/// nothing, lines are dropped, and their number is told as soon as it does, or at the end, on
/// standard error (so that no line of the log is of another form).
class request_log final : public rouse::http::access_log {
 public:
  explicit request_log(log_format format) noexcept : format_(format) {}
  request_log(const request_log&) = delete;
  request_log& operator=(const request_log&) = delete;
  ~request_log();
  void record(const rouse::http::access_record& r) noexcept override;

 private:
  void write(std::string_view line) noexcept;
  void tell_dropped() noexcept;

  log_format format_;
  std::string line_;
  unsigned long dropped_ = 0;
};

}  // namespace tool
