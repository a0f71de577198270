#include <rouse/http/exchange.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/authority.hpp>
#include <rouse/http/page.hpp>
#include <rouse/http/target.hpp>

namespace rouse::http {
namespace {

// The rest of an absolute target may begin with its query: the path is "/" then.
std::string_view origin_form(std::string_view target, std::string& storage) {
  if (target.starts_with('/')) return target;
  const internal::absolute_target absolute = internal::split_absolute(target);
  if (absolute.default_port == 0 || absolute.path.starts_with('/'))
    return absolute.default_port == 0 ? target : absolute.path;
  storage.append("/").append(absolute.path);
  return storage;
}

}  // namespace

exchange::exchange(exchange_source& from, const http::request& head, output& to,
                   std::string_view date, bool keep_alive, std::uint64_t batch)
    : from_(&from),
      head_(&head),
      to_(&to),
      batch_(batch),
      before_(to.total()),
      earlier_(to.text().size()),
      options_(answer_to(head, date)),
      target_(origin_form(head.target(), rooted_)) {
  if (!keep_alive) options_.persistence.keep_alive = false;
  to_->forget_sent();
}

std::string_view exchange::parameter(std::string_view name) const noexcept {
  for (const path_parameter& p : parameters_)
    if (p.name == name) return p.value;
  return {};
}

std::optional<std::string> exchange::query(std::string_view name) const {
  const std::size_t mark = target_.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  return query_value(target_.substr(mark + 1), name);
}

status exchange::begin_answer(status code) noexcept {
  ROUSE_ASSERT(!begun_);  // one answer
  begun_ = true;
  const auto number = static_cast<unsigned>(code);
  status_ = number >= 200 && number <= 999 ? code : status::internal_server_error;
  options_.fields = fields_;
  return status_;
}

void exchange::text(std::string_view body, status code) {
  answer("text/plain; charset=utf-8", body, code);
}
void exchange::html(std::string_view body, status code) { answer(page_content_type, body, code); }
void exchange::json(std::string_view body, status code) { answer("application/json", body, code); }

void exchange::answer(std::string_view type, std::string_view body, status code) {
  code = begin_answer(code);
  append_answer(out(), code, options_, type, body, &head_bytes_);
}

void exchange::empty(status code) {
  auto head = this->head(code);
  if (may_have_body(code)) head.content_length(0);
  head.end();
}

void exchange::error(status code, std::string_view allow) {
  if (static_cast<unsigned>(code) < 400) code = status::internal_server_error;
  code = begin_answer(code);
  append_error_answer(out(), code, options_, allow, &head_bytes_);
}

result<void> exchange::redirect(std::string_view location, status code) {
  begin_answer(code);
  auto done = append_redirect(out(), code, options_, location, &head_bytes_);
  if (!done) begun_ = false;
  return done;
}

result<void> exchange::field(std::string_view name, std::string_view value) {
  if (begun_ || !is_settable_field(name) || !is_field_value(value))
    return std::unexpected(rouse::error("response field", errc::invalid_input));
  fields_.append(name).append(": ").append(value).append("\r\n");
  return {};
}

response_head exchange::head(status code) {
  code = begin_answer(code);
  return response_head(out(), code, options_, &head_bytes_);
}

body_writer& exchange::begin(status code, std::string_view type,
                             std::optional<std::uint64_t> length) {
  from_->want_body();
  body_framing framing = body_framing::length;
  if (!length) {
    framing = head_->minor_version() == 0 ? body_framing::until_close : body_framing::chunked;
    if (framing == body_framing::until_close) close_after();
  }
  auto head = this->head(code);
  if (may_have_body(code)) {
    head.content_type(type);
    if (length) head.content_length(*length);
    if (framing == body_framing::chunked) head.chunked();
  }
  head.end();
  return begin_body(framing, length.value_or(0));
}

body_writer& exchange::begin_body(body_framing framing, std::uint64_t length) {
  ROUSE_ASSERT(begun_ && !writer_);
  if (is_head() || !may_have_body(status_)) framing = body_framing::nothing;
  return writer_.emplace(*to_, framing, length);
}

void exchange::mount(std::size_t prefix_bytes) noexcept {
  ROUSE_ASSERT(prefix_bytes <= target_.size());
  // A view of what was sent, grown over the prefix; in the absolute form it does not begin there.
  mounted_at_ = mounted_at_.empty()
                    ? target_.substr(0, prefix_bytes)
                    : std::string_view(mounted_at_.data(), mounted_at_.size() + prefix_bytes);
  target_.remove_prefix(prefix_bytes);
}

bool exchange::take_back() {
  if (to_->has_sent()) return false;
  out().resize(earlier_);
  writer_.reset();
  fields_.clear();  // they tell of an answer that is no more
  head_bytes_ = 0;
  begun_ = false;
  return true;
}

void exchange::begin_here() noexcept {
  if (begun_) return;
  before_ = to_->total();
  earlier_ = out().size();
  to_->forget_sent();
}

result<void> exchange::finish() {
  if (!begun_ || head_bytes_ == 0)  // none, or a head that was never ended and is gone
    return std::unexpected(rouse::error("handler without an answer", errc::invalid_input));
  if (!writer_ || is_head()) return {};
  return writer_->finish();
}

}  // namespace rouse::http
