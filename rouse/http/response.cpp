#include <rouse/http/response.hpp>

#include <charconv>

#include <rouse/base/assert.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/scan.hpp>

namespace rouse::http {
namespace {

constexpr std::string_view reserved_names[] = {"connection", "content-length", "transfer-encoding",
                                               "date"};

constexpr std::size_t usual_head_bytes = 256;  // most heads, so that one allocation does

bool is_reserved(std::string_view name) noexcept {
  for (std::string_view reserved : reserved_names)
    if (internal::equal_ignoring_case(name, reserved)) return true;
  return false;
}

}  // namespace

bool is_settable_field(std::string_view name) noexcept {
  return !name.empty() && internal::all_have_class(name, internal::class_token) &&
         !is_reserved(name);
}

bool is_field_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  if (internal::trimmed(value).size() != value.size()) return false;
  for (std::size_t at = 0;; ++at) {
    at = internal::find_control(value.data(), at, value.size());
    if (at == value.size()) return true;
    if (value[at] != '\t') return false;
  }
}

response_head::response_head(std::string& out, status code, std::string_view date)
    : out_(out), begin_(out.size()), code_(code) {
  const auto number = static_cast<unsigned>(code);
  ROUSE_ASSERT(number >= 100 && number <= 999);
  const char unnamed[] = {'H',
                          'T',
                          'T',
                          'P',
                          '/',
                          '1',
                          '.',
                          '1',
                          ' ',
                          static_cast<char>('0' + number / 100),
                          static_cast<char>('0' + number / 10 % 10),
                          static_cast<char>('0' + number % 10),
                          ' ',
                          '\r',
                          '\n'};
  std::string_view line = status_line(code);
  if (line.empty()) line = std::string_view(unnamed, sizeof unnamed);
  ROUSE_ASSERT(date.size() == http_date_bytes);
  out_.reserve(begin_ + usual_head_bytes);
  out_.append(line);
  out_.append("Date: ");
  out_.append(date);
  out_.append("\r\nX-Content-Type-Options: nosniff\r\n");
}

response_head::response_head(std::string& out, status code, const answer_options& options,
                             std::uint64_t* bytes)
    : response_head(out, code, options.date) {
  bytes_ = bytes;
  persistence(options.persistence);
  out_.append(options.fields);
}

response_head::~response_head() {
  if (!ended_) out_.resize(begin_);
}

void response_head::append(std::string_view name, std::string_view value) {
  out_.append(name);
  out_.append(": ");
  out_.append(value);
  out_.append("\r\n");
}

void response_head::persistence(const http::persistence& p) {
  if (!p.keep_alive)
    out_.append("Connection: close\r\n");
  else if (p.minor_version == 0)
    out_.append("Connection: keep-alive\r\n");
}

void response_head::content_length(std::uint64_t bytes) {
  ROUSE_ASSERT(!has_length_);
  ROUSE_ASSERT(static_cast<unsigned>(code_) >= 200 && code_ != status::no_content);
  has_length_ = true;
  char text[20];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, bytes);
  append("Content-Length", {text, static_cast<std::size_t>(end - text)});
}

void response_head::chunked() {
  ROUSE_ASSERT(!has_length_ && may_have_body(code_));
  has_length_ = true;
  append("Transfer-Encoding", "chunked");
}

void response_head::content_type(std::string_view type) {
  ROUSE_ASSERT(is_field_value(type));
  append("Content-Type", type);
}

result<void> response_head::field(std::string_view name, std::string_view value) {
  if (!is_settable_field(name) || !is_field_value(value))
    return std::unexpected(error("response field", errc::invalid_input));
  append(name, value);
  return {};
}

void response_head::constant_field(std::string_view name, std::string_view value) {
  const bool accepted = field(name, value).has_value();
  ROUSE_ASSERT(accepted);
}

void response_head::end() {
  ROUSE_ASSERT(!ended_);
  out_.append("\r\n");
  ended_ = true;
  if (bytes_) *bytes_ = out_.size() - begin_;
}

}  // namespace rouse::http
