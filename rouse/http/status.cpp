#include <rouse/http/status.hpp>

namespace rouse::http {
namespace {

constexpr std::size_t prefix_size = std::string_view("HTTP/1.1 404 ").size();

}  // namespace

std::string_view status_line(status code) noexcept {
  switch (code) {
    using enum status;
    case continue_: return "HTTP/1.1 100 Continue\r\n";
    case ok: return "HTTP/1.1 200 OK\r\n";
    case created: return "HTTP/1.1 201 Created\r\n";
    case accepted: return "HTTP/1.1 202 Accepted\r\n";
    case non_authoritative_information: return "HTTP/1.1 203 Non-Authoritative Information\r\n";
    case no_content: return "HTTP/1.1 204 No Content\r\n";
    case reset_content: return "HTTP/1.1 205 Reset Content\r\n";
    case partial_content: return "HTTP/1.1 206 Partial Content\r\n";
    case multi_status: return "HTTP/1.1 207 Multi-Status\r\n";
    case moved_permanently: return "HTTP/1.1 301 Moved Permanently\r\n";
    case found: return "HTTP/1.1 302 Found\r\n";
    case see_other: return "HTTP/1.1 303 See Other\r\n";
    case not_modified: return "HTTP/1.1 304 Not Modified\r\n";
    case temporary_redirect: return "HTTP/1.1 307 Temporary Redirect\r\n";
    case permanent_redirect: return "HTTP/1.1 308 Permanent Redirect\r\n";
    case bad_request: return "HTTP/1.1 400 Bad Request\r\n";
    case unauthorized: return "HTTP/1.1 401 Unauthorized\r\n";
    case payment_required: return "HTTP/1.1 402 Payment Required\r\n";
    case forbidden: return "HTTP/1.1 403 Forbidden\r\n";
    case not_found: return "HTTP/1.1 404 Not Found\r\n";
    case method_not_allowed: return "HTTP/1.1 405 Method Not Allowed\r\n";
    case not_acceptable: return "HTTP/1.1 406 Not Acceptable\r\n";
    case request_timeout: return "HTTP/1.1 408 Request Timeout\r\n";
    case conflict: return "HTTP/1.1 409 Conflict\r\n";
    case gone: return "HTTP/1.1 410 Gone\r\n";
    case length_required: return "HTTP/1.1 411 Length Required\r\n";
    case precondition_failed: return "HTTP/1.1 412 Precondition Failed\r\n";
    case content_too_large: return "HTTP/1.1 413 Content Too Large\r\n";
    case uri_too_long: return "HTTP/1.1 414 URI Too Long\r\n";
    case unsupported_media_type: return "HTTP/1.1 415 Unsupported Media Type\r\n";
    case range_not_satisfiable: return "HTTP/1.1 416 Range Not Satisfiable\r\n";
    case expectation_failed: return "HTTP/1.1 417 Expectation Failed\r\n";
    case misdirected_request: return "HTTP/1.1 421 Misdirected Request\r\n";
    case unprocessable_content: return "HTTP/1.1 422 Unprocessable Content\r\n";
    case locked: return "HTTP/1.1 423 Locked\r\n";
    case failed_dependency: return "HTTP/1.1 424 Failed Dependency\r\n";
    case too_early: return "HTTP/1.1 425 Too Early\r\n";
    case upgrade_required: return "HTTP/1.1 426 Upgrade Required\r\n";
    case precondition_required: return "HTTP/1.1 428 Precondition Required\r\n";
    case too_many_requests: return "HTTP/1.1 429 Too Many Requests\r\n";
    case header_fields_too_large: return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case unavailable_for_legal_reasons: return "HTTP/1.1 451 Unavailable For Legal Reasons\r\n";
    case internal_server_error: return "HTTP/1.1 500 Internal Server Error\r\n";
    case not_implemented: return "HTTP/1.1 501 Not Implemented\r\n";
    case bad_gateway: return "HTTP/1.1 502 Bad Gateway\r\n";
    case service_unavailable: return "HTTP/1.1 503 Service Unavailable\r\n";
    case gateway_timeout: return "HTTP/1.1 504 Gateway Timeout\r\n";
    case version_not_supported: return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    case insufficient_storage: return "HTTP/1.1 507 Insufficient Storage\r\n";
    case loop_detected: return "HTTP/1.1 508 Loop Detected\r\n";
    case network_authentication_required: return "HTTP/1.1 511 Network Authentication Required\r\n";
  }
  return {};
}

std::string_view reason_phrase(status code) noexcept {
  std::string_view line = status_line(code);
  if (line.empty()) return {};
  return line.substr(prefix_size, line.size() - prefix_size - 2);
}

}  // namespace rouse::http
