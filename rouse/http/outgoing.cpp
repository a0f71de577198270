#include <rouse/http/outgoing.hpp>

#include <rouse/http/internal/characters.hpp>
#include <rouse/http/response.hpp>

#include <algorithm>

namespace rouse::http {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  return std::ranges::any_of(
      names, [&](std::string_view n) { return internal::equal_ignoring_case(n, name); });
}

verb verb_named(std::string_view name) noexcept {
  constexpr std::string_view names[] = {"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                        "DELETE", "OPTIONS", "TRACE", "CONNECT"};
  const auto found = std::ranges::find(names, name);
  return static_cast<verb>(found - std::begin(names));  // past the end: other
}
static_assert(static_cast<int>(verb::other) == 9);

}  // namespace

outgoing::outgoing(std::string_view method, std::string_view where)
    : method_(method), subject_(where), url_(http::url::parse(where)), verb_(verb_named(method)) {
  if (method.empty() || !internal::all_have_class(method, internal::class_token))
    refuse(error("request: malformed method", errc::invalid_input));
  if (verb_ == verb::connect) refuse(error("request: CONNECT", EOPNOTSUPP));
  if (!url_) refuse(url_.error());
}

outgoing::outgoing(std::string_view method, http::url where)
    : outgoing(method, std::string_view(where.to_string())) {}

outgoing& outgoing::header(std::string_view name, std::string_view value) & {
  const bool framing =
      is_one_of(name, {"host", "connection", "content-length", "transfer-encoding", "expect", "te",
                       "trailer", "upgrade", "keep-alive", "proxy-connection"});
  if (name.empty() || framing || !internal::all_have_class(name, internal::class_token))
    refuse(error("request header: no such name may be set", errc::invalid_input));
  else if (!is_field_value(value))
    refuse(error("request header: malformed value", errc::invalid_input));
  else
    fields_.push_back({.name = std::string(name), .value = std::string(value)});
  return *this;
}

outgoing& outgoing::body(std::string text) & {
  text_ = std::move(text);
  from_ = body_source_kind::text;
  return *this;
}

outgoing& outgoing::body_length(std::uint64_t bytes) & {
  length_ = bytes;
  return *this;
}

outgoing& outgoing::expect_continue() & {
  expects_continue_ = true;
  return *this;
}

void outgoing::append_head(std::string& out, const http::url& target,
                           std::string_view agent) const {
  out.append(method_).append(" ").append(target.target()).append(" HTTP/1.1\r\nHost: ");
  out.append(target.authority()).append("\r\n");
  if (!has_field("user-agent") && !agent.empty())
    out.append("User-Agent: ").append(agent).append("\r\n");
  if (!has_field("accept")) out.append("Accept: */*\r\n");
  for (const field& f : fields_)
    out.append(f.name).append(": ").append(f.value).append("\r\n");
  const bool wants_length = verb_ == verb::post || verb_ == verb::put || verb_ == verb::patch;
  if (from_ == body_source_kind::written && !length_)
    out.append("Transfer-Encoding: chunked\r\n");
  else if (from_ != body_source_kind::none || wants_length)
    out.append("Content-Length: ")
        .append(std::to_string(length_ ? *length_ : text_.size()))
        .append("\r\n");
  if (expects_continue_ && from_ != body_source_kind::none) out.append("Expect: 100-continue\r\n");
  out.append("\r\n");
}

bool outgoing::has_field(std::string_view name) const noexcept {
  return std::ranges::any_of(
      fields_, [&](const field& f) { return internal::equal_ignoring_case(f.name, name); });
}

bool outgoing::is_idempotent() const noexcept {
  return verb_ != verb::post && verb_ != verb::patch && verb_ != verb::other;
}

void outgoing::become_get() {
  method_ = "GET";
  verb_ = verb::get;
  from_ = body_source_kind::none;
  text_.clear();
  length_.reset();
  std::erase_if(fields_, [](const field& f) {
    return is_one_of(f.name, {"content-type", "content-encoding", "content-language",
                              "content-location", "content-disposition"});
  });
}

void outgoing::drop_credentials() {
  std::erase_if(fields_, [](const field& f) {
    return is_one_of(f.name, {"authorization", "cookie", "proxy-authorization"});
  });
}

}  // namespace rouse::http
