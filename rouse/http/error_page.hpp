// The page that says why there is no other. It names the status and nothing of what went on inside.
#pragma once

#include <string>
#include <string_view>

#include <rouse/http/status.hpp>

namespace rouse::http {

/// Appends a page in the look of the directory pages: code, phrase, one sentence, a way back to
/// "/". Send it with page_content_type and page_security_policy().
/// @param code  one that `status` names, 400 or above.
/// @cost  About 4 KiB.
void append_error_page(std::string& out, status code);

/// Appends the same as a line of text, for programs: "404 Not Found: There is nothing at this
/// address.\n".
void append_error_text(std::string& out, status code);

}  // namespace rouse::http
