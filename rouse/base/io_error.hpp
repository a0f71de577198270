// The exception that an error becomes where somebody awaits plainly, and its std::error_code.
#pragma once

#include <rouse/base/error.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace rouse {

/// The words for `errc`; errno values keep std::generic_category.
[[nodiscard]] const std::error_category& category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;
[[nodiscard]] std::error_code make_error_code(const error& e) noexcept;

/// What a plain `co_await` of a failed operation throws: names the operation, and the peer or path
/// when there is one.
class io_error : public std::system_error {
 public:
  explicit io_error(const error& e, std::string_view subject = {});
  /// The value it was made from.
  [[nodiscard]] const error& reason() const noexcept { return reason_; }

 private:
  error reason_;
};

}  // namespace rouse

template <>
struct std::is_error_code_enum<rouse::errc> : std::true_type {};
