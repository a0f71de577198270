// Foreign text inside our pages.
#pragma once

#include <string>
#include <string_view>

namespace rouse::internal {

/// Appends `text` so that a browser shows it and nothing more, between tags and inside quoted
/// attributes alike: markup is escaped; control characters, characters that turn the writing
/// direction, and bytes that are not UTF-8 become U+FFFD.
void append_escaped(std::string& out, std::string_view text);

}  // namespace rouse::internal
