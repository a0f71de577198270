#include <rouse/http/error_page.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/page_frame.hpp>

namespace rouse::http {
namespace {

std::string_view explanation(status code) noexcept {
  switch (code) {
    using enum status;
    case bad_request: return "The request could not be understood.";
    case unauthorized: return "This address asks for credentials.";
    case forbidden: return "This address may not be read.";
    case not_found: return "There is nothing at this address.";
    case method_not_allowed: return "This address does not take requests of that method.";
    case request_timeout: return "The request did not arrive in time.";
    case content_too_large: return "The request carries more than is accepted here.";
    case uri_too_long: return "The address is too long.";
    case range_not_satisfiable: return "The file has no such part.";
    case too_many_requests: return "Too many requests; try again in a moment.";
    case header_fields_too_large: return "The request's headers are too large.";
    case not_implemented: return "The server does not know how to do that.";
    case service_unavailable: return "The server is busy; try again in a moment.";
    case version_not_supported: return "The server speaks HTTP/1.1 and HTTP/1.0.";
    default:
      return static_cast<unsigned>(code) < 500 ? "The request cannot be served."
                                               : "Something went wrong on the server.";
  }
}

std::string_view phrase_of(status code) noexcept {
  const std::string_view known = reason_phrase(code);
  if (!known.empty()) return known;
  return static_cast<unsigned>(code) < 500 ? "Client Error" : "Server Error";
}

void append_code(std::string& out, status code) {
  const auto value = static_cast<unsigned>(code);
  ROUSE_ASSERT(value >= 400 && value <= 999);
  for (unsigned place : {100u, 10u, 1u})
    out += static_cast<char>('0' + value / place % 10);
}

}  // namespace

void append_error_page(std::string& out, status code) {
  std::string title;
  append_code(title, code);
  title += ' ';
  title += phrase_of(code);
  internal::append_page_begin(out, title);
  out += "<main class=\"error\">\n<b>";
  append_code(out, code);
  out += "</b>\n<h1>";
  out += phrase_of(code);
  out += "</h1>\n<p>";
  out += explanation(code);
  out += "</p>\n<a href=\"/\">Back to the start</a>\n</main>\n";
  internal::append_page_end(out);
}

void append_error_text(std::string& out, status code) {
  append_code(out, code);
  out += ' ';
  out += phrase_of(code);
  out += ": ";
  out += explanation(code);
  out += '\n';
}

}  // namespace rouse::http
