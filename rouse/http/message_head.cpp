#include <rouse/base/assert.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/message_head.hpp>

namespace rouse::http {

std::optional<std::string_view> message_head::header(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < header_count_; ++i)
    if (internal::equal_ignoring_case(text(fields_[i].name), name)) return text(fields_[i].value);
  return std::nullopt;
}

header_field message_head::header_at(std::size_t index) const noexcept {
  ROUSE_ASSERT(index < header_count_);
  return {.name = text(fields_[index].name), .value = text(fields_[index].value)};
}

}  // namespace rouse::http
