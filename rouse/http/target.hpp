// From a request target to a path under a root, and back to a link. The strictest reading wins:
// whatever could mean two things to two programs is "not found" (H8, H9), before any file system
// sees it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <rouse/http/status.hpp>

namespace rouse::http {

/// Where a target points. Views are into the storage and the target that decode_target() was given.
struct target_path {
  /// Relative to the root, decoded once, segments joined by single '/', without one at either end;
  /// empty: the root itself. No segment is empty, begins with '.', or holds '/', '\\', NUL or
  /// another control byte. Bytes above 0x7f pass as they are, valid UTF-8 or not.
  std::string_view path = {};
  /// After '?', as it was sent; without it.
  std::string_view query = {};
  bool has_query = false;
  /// The target ended in '/'.
  bool wants_directory = false;
};

/// Decodes an origin-form ("/a/b?q") or absolute-form ("http://host/a/b?q") target.
///
/// @param target   a request's target().
/// @param storage  takes the decoded text; lent as long as the result is used. Keep it, and nothing
/// is allocated later.
/// @errors  bad_request: of neither form, or a '%' without two hex digits. not_found: a segment
/// that is empty, begins with
///          '.' (so "..", ".", and hidden files), or holds a byte named above, encoded or not.
[[nodiscard]] std::expected<target_path, status> decode_target(std::string_view target,
                                                               std::string& storage);

/// Appends the text that `encoded` stands for: %XX once, nothing else.
/// @returns  false for a '%' without two hex digits; then what was appended means nothing.
[[nodiscard]] bool append_decoded(std::string& out, std::string_view encoded);

/// The first value of `name` in a query as forms send it, "a=1&b=x+y%21": '+' is a blank, %XX is
/// decoded. Nothing when it is missing or malformed.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// Whether a file of this name can be reached by some target: one segment that decode_target() lets
/// pass. A directory page lists no others.
[[nodiscard]] bool is_servable_name(std::string_view name) noexcept;

/// Appends `segment` such that it is safe in a link, in HTML and in a header field: all but A-Z a-z
/// 0-9 - . _ ~ encoded.
void append_encoded_segment(std::string& out, std::string_view segment);

/// Appends "/" and the encoded `path` as an origin-form target, so that decode_target() gives it
/// back.
/// @param directory  adds the '/' at the end (once, for the root).
void append_encoded_path(std::string& out, std::string_view path, bool directory);

}  // namespace rouse::http
