// Small answers, head and body at once: pages, errors, redirects.
#pragma once

#include <string>
#include <string_view>

#include <rouse/base/error.hpp>
#include <rouse/http/request.hpp>
#include <rouse/http/response.hpp>
#include <rouse/http/status.hpp>

namespace rouse::http {

/// @param date  date_cache::at(); must outlive the result.
[[nodiscard]] answer_options answer_to(const request& r, std::string_view date) noexcept;

/// Whether the request's Accept names text/html (curl and most programs say */* or nothing).
[[nodiscard]] bool accepts_html(const request& r) noexcept;

/// Appends a whole answer.
/// @param type  a constant or from content_type_of().
void append_answer(std::string& out, status code, const answer_options& options,
                   std::string_view type, std::string_view body,
                   std::uint64_t* head_bytes = nullptr);

/// Appends a whole answer with one of our pages as its body.
void append_page_answer(std::string& out, status code, const answer_options& options,
                        std::string_view page, std::uint64_t* head_bytes = nullptr);

/// Appends an error as page or text, whichever the client can read.
/// @param allow  for 405, which must say it: "GET, HEAD". A constant.
void append_error_answer(std::string& out, status code, const answer_options& options,
                         std::string_view allow = {}, std::uint64_t* head_bytes = nullptr);

/// Appends a redirect with an empty body.
/// @param code      301, 302, 303, 307 or 308.
/// @param location  from append_encoded_path(), with or without a query.
/// @errors  invalid_input, and nothing is appended: `location` is no field value.
[[nodiscard]] result<void> append_redirect(std::string& out, status code,
                                           const answer_options& options, std::string_view location,
                                           std::uint64_t* head_bytes = nullptr);

}  // namespace rouse::http
