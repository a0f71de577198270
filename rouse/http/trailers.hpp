// The fields that came after a chunked body. They are kept apart from the headers, and those that
// could change how the message is read, routed or trusted are dropped (RFC 9110, 6.5.1): nobody may
// be fooled by fields that come late.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <rouse/http/message_head.hpp>

namespace rouse::http {

/// A few fields in one piece of text, looked up by walking it: trailers are rare and small.
class trailers {
 public:
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// @param index  below count(); in the order sent.
  [[nodiscard]] header_field at(std::size_t index) const noexcept;
  /// The value of the first field of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

  /// Appends a field, unless it may not come late: see is_trailer_name().
  /// @param name, value  checked: a token, and a value without line breaks.
  /// @errors  std::bad_alloc; then nothing has changed.
  void add(std::string_view name, std::string_view value);
  void clear() noexcept {
    if (count_ == 0) return;
    text_.clear();
    count_ = 0;
  }

 private:
  std::string text_;  // "name:value\n" each; neither part can hold what separates them
  std::size_t count_ = 0;
};

}  // namespace rouse::http
