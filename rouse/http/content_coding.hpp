// Which compressed form of a resource a client takes (RFC 9110, section 12.5.3).
#pragma once

#include <rouse/http/request.hpp>

#include <string_view>

namespace rouse::http {

/// Weight of a coding in thousandths, by the Accept-Encoding of `r`: 0 when it must not be used, or
/// nothing is said about it. "x-gzip" is "gzip".
[[nodiscard]] unsigned coding_weight(const request& r, std::string_view coding) noexcept;

/// Whether content of this type gets smaller by compression: text, JSON, XML, SVG, WebAssembly, ...
[[nodiscard]] bool is_compressible(std::string_view content_type) noexcept;

}  // namespace rouse::http
