// Status codes and their phrases. Phrases come from this table alone, so nobody can smuggle a line
// break into a status line (H6).
#pragma once

#include <cstdint>
#include <string_view>

namespace rouse::http {

/// The codes that are registered and that somebody sends (RFC 9110, section 15, and others). Any
/// other from 200 to 999 may be cast, as by a proxy: it is sent without a phrase.
enum class status : std::uint16_t {
  continue_ = 100,
  ok = 200,
  created = 201,
  accepted = 202,
  non_authoritative_information = 203,
  no_content = 204,
  reset_content = 205,
  partial_content = 206,
  multi_status = 207,
  moved_permanently = 301,
  found = 302,
  see_other = 303,
  not_modified = 304,
  temporary_redirect = 307,
  permanent_redirect = 308,
  bad_request = 400,
  unauthorized = 401,
  payment_required = 402,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  not_acceptable = 406,
  request_timeout = 408,
  conflict = 409,
  gone = 410,
  length_required = 411,
  precondition_failed = 412,
  content_too_large = 413,
  uri_too_long = 414,
  unsupported_media_type = 415,
  range_not_satisfiable = 416,
  expectation_failed = 417,
  misdirected_request = 421,
  unprocessable_content = 422,
  locked = 423,
  failed_dependency = 424,
  too_early = 425,
  upgrade_required = 426,
  precondition_required = 428,
  too_many_requests = 429,
  header_fields_too_large = 431,
  unavailable_for_legal_reasons = 451,
  internal_server_error = 500,
  not_implemented = 501,
  bad_gateway = 502,
  service_unavailable = 503,
  gateway_timeout = 504,
  version_not_supported = 505,
  insufficient_storage = 507,
  loop_detected = 508,
  network_authentication_required = 511,
};

/// 404 -> "Not Found"; empty for a code that `status` does not name.
[[nodiscard]] std::string_view reason_phrase(status code) noexcept;

/// "HTTP/1.1 404 Not Found\r\n" for a code that `status` names, else empty.
[[nodiscard]] std::string_view status_line(status code) noexcept;

/// False for 1xx, 204 and 304: such an answer ends with its head whatever its fields say.
[[nodiscard]] constexpr bool may_have_body(status code) noexcept {
  return static_cast<unsigned>(code) >= 200 && code != status::no_content &&
         code != status::not_modified;
}

}  // namespace rouse::http
