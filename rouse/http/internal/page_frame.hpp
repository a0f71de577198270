// The frame of our pages: everything before the title, between title and content, and after.
#pragma once

#include <string>
#include <string_view>

namespace rouse::internal {

/// Appends the document up to and with `<body>`. `title` is foreign text and gets escaped.
void append_page_begin(std::string& out, std::string_view title);

/// Appends the foot and closes the document.
void append_page_end(std::string& out);

}  // namespace rouse::internal
