#include <rouse/http/trailers.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/body.hpp>
#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

header_field field_of(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  return {.name = line.substr(0, colon), .value = line.substr(colon + 1)};
}

std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

header_field trailers::at(std::size_t index) const noexcept {
  ROUSE_ASSERT(index < count_);
  std::string_view rest = text_;
  for (; index != 0; --index)
    (void)take_line(rest);
  return field_of(take_line(rest));
}

std::optional<std::string_view> trailers::find(std::string_view name) const noexcept {
  for (std::string_view rest = text_; !rest.empty();) {
    const header_field field = field_of(take_line(rest));
    if (internal::equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

void trailers::add(std::string_view name, std::string_view value) {
  if (!is_trailer_name(name)) return;
  text_.reserve(text_.size() + name.size() + value.size() + 2);
  text_.append(name).append(1, ':').append(value).append(1, '\n');
  ++count_;
}

}  // namespace rouse::http
