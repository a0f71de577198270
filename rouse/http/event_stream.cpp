#include <rouse/http/event_stream.hpp>

#include <charconv>

namespace rouse::http {
namespace {

// Each of CR LF, CR and LF ends a line of the stream.
std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) return text = {}, line;
  const bool pair = text.substr(end, 2) == "\r\n";
  text.remove_prefix(end + (pair ? 2 : 1));
  return line;
}

}  // namespace

result<void> append_event(std::string& out, const server_event& e) {
  const auto is_line = [](std::string_view text) {
    return text.find_first_of("\r\n") == std::string_view::npos;
  };
  if (!is_line(e.event) || !is_line(e.id) || e.id.find('\0') != std::string_view::npos)
    return std::unexpected(error("server event", errc::invalid_input));
  if (!e.event.empty()) out.append("event: ").append(e.event).append("\n");
  if (!e.id.empty()) out.append("id: ").append(e.id).append("\n");
  if (e.retry > nanoseconds(0)) {
    char text[20];
    const auto [end, ec] = std::to_chars(text, text + sizeof text,
                                         e.retry / nanoseconds(std::chrono::milliseconds(1)));
    out.append("retry: ").append(text, end).append("\n");
  }
  std::string_view rest = e.data;
  bool more = true;
  while (more) {
    const std::size_t before = rest.size();
    const std::string_view line = take_line(rest);
    more = before != line.size();  // a line break followed, and behind it is a line again
    out.append("data: ").append(line).append("\n");
  }
  out += '\n';
  return {};
}

event_stream::event_stream(exchange& x)
    : last_event_id_(x.request().header("last-event-id").value_or(std::string_view())) {
  (void)x.field("Cache-Control", "no-store");
  body_ = &x.begin(status::ok, "text/event-stream");
}

task<result<void>> event_stream::send(const server_event& e) {
  std::string text;
  auto formed = append_event(text, e);
  return deliver(formed, std::move(text));
}

task<result<void>> event_stream::deliver(result<void> formed, std::string text) {
  if (!formed) co_return formed;
  auto sent = co_await body_->write(text).result();
  co_return sent;
}

task<result<void>> event_stream::keep_alive() {
  auto sent = co_await body_->write(std::string_view(":\n\n")).result();
  co_return sent;
}

}  // namespace rouse::http
