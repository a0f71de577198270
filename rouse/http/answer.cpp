#include <rouse/http/answer.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/error_page.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/page.hpp>

namespace rouse::http {
namespace {

constexpr std::string_view text_content_type = "text/plain; charset=utf-8";

}  // namespace

bool accepts_html(const request& r) noexcept {
  std::string_view list = r.header("accept").value_or(std::string_view());
  while (!list.empty()) {
    std::string_view range = internal::take_list_element(list);
    if (internal::equal_ignoring_case(internal::trimmed(range.substr(0, range.find(';'))),
                                      "text/html"))
      return true;
  }
  return false;
}

answer_options answer_to(const request& r, std::string_view date) noexcept {
  return {.date = date,
          .persistence = persistence_of(r),
          .head_only = r.method() == verb::head,
          .html = accepts_html(r)};
}

void append_answer(std::string& out, status code, const answer_options& options,
                   std::string_view type, std::string_view body, std::uint64_t* head_bytes) {
  response_head head(out, code, options, head_bytes);
  if (may_have_body(code)) {
    head.content_type(type);
    head.content_length(body.size());
  }
  head.end();
  if (!options.head_only && may_have_body(code)) out += body;
}

void append_page_answer(std::string& out, status code, const answer_options& options,
                        std::string_view page, std::uint64_t* head_bytes) {
  response_head head(out, code, options, head_bytes);
  head.content_type(page_content_type);
  head.content_length(page.size());
  head.constant_field("Content-Security-Policy", page_security_policy());
  head.end();
  if (!options.head_only) out += page;
}

void append_error_answer(std::string& out, status code, const answer_options& options,
                         std::string_view allow, std::uint64_t* head_bytes) {
  ROUSE_ASSERT(allow.empty() || code == status::method_not_allowed);
  std::string body;
  if (options.html)
    append_error_page(body, code);
  else
    append_error_text(body, code);

  response_head head(out, code, options, head_bytes);
  head.content_type(options.html ? page_content_type : text_content_type);
  head.content_length(body.size());
  if (options.html) head.constant_field("Content-Security-Policy", page_security_policy());
  if (!allow.empty()) head.constant_field("Allow", allow);
  head.end();
  if (!options.head_only) out += body;
}

result<void> append_redirect(std::string& out, status code, const answer_options& options,
                             std::string_view location, std::uint64_t* head_bytes) {
  ROUSE_ASSERT(static_cast<unsigned>(code) / 100 == 3 && code != status::not_modified);
  response_head head(out, code, options, head_bytes);
  head.content_length(0);
  if (auto set = head.field("Location", location); !set) return set;
  head.end();
  return {};
}

}  // namespace rouse::http
