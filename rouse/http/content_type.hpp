// From a file's name to its media type.
#pragma once

#include <string_view>

namespace rouse::http {

/// The media type that a name's extension says, in any case of letters; "application/octet-stream"
/// when it says nothing.
///
/// Text comes with charset=utf-8. Sources of programs and names like LICENSE are text, so that a
/// browser shows them.
/// @param name  a file name, or a path whose last segment is one.
/// @returns     static text.
/// @cost        No allocation; a binary search.
[[nodiscard]] std::string_view content_type_of(std::string_view name) noexcept;

}  // namespace rouse::http
