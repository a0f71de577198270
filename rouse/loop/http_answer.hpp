// An HTTP answer that owns all that it says, for callbacks that keep it.
#pragma once

#include <rouse/http/status.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rouse {

struct http_field {
  std::string name;  ///< as it was sent, any case
  std::string value;
};

struct http_answer {
  http::status code = http::status::ok;
  std::vector<http_field> fields;  ///< in the order sent
  std::string body;                ///< empty where it comes as a flow
  std::string where;               ///< the URL it came from in the end, after redirects

  /// 200..299.
  [[nodiscard]] bool is_success() const noexcept { return static_cast<unsigned>(code) / 100 == 2; }
  /// The value of the first field of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

}  // namespace rouse
