// What our own pages have in common: one look, light and dark, without scripts, and a policy for
// the browser that allows nothing else.
#pragma once

#include <string_view>

namespace rouse::http {

/// The media type of directory and error pages.
inline constexpr std::string_view page_content_type = "text/html; charset=utf-8";

/// The Content-Security-Policy of directory and error pages: no scripts, frames or loads at all,
/// and forms to ourselves only; the page's own style sheet, which is named by its hash rather than
/// by 'unsafe-inline', so that markup that some file name smuggled in could not even change the
/// looks; and images inside the page (data:), for its icon.
/// @returns  static text.
[[nodiscard]] std::string_view page_security_policy() noexcept;

}  // namespace rouse::http
