#include <rouse/http/internal/connection.hpp>

#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/time/clock.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace rouse::http {
namespace {

constexpr nanoseconds linger_limit = std::chrono::seconds(2);
constexpr std::size_t linger_bytes_max = 32u << 20;  // what buffers on the way may hold, and more

// Closing with unread bytes resets the connection and may destroy the answer on its way: so say
// that no more will come, and read on for a moment.
task<void> close_gently(net::stream& stream) {
  auto ended = co_await stream.shutdown(net::direction::write).result();
  if (!ended) co_return;
  const instant until = saturating_add(now(), linger_limit);
  std::size_t dropped = 0;
  while (dropped < linger_bytes_max) {
    auto more = co_await stream.read({.within = time_left(now(), until)}).result();
    if (!more || !*more) co_return;
    dropped += more->bytes().size();
  }
}

/// Polls `work` once: its answer, if it did not have to wait. Otherwise it goes on where it is when
/// it is awaited.
class first_look {
 public:
  explicit first_look(task<result<void>>& work) noexcept : work_(&work) {}
  poll_result<std::optional<result<void>>> poll(context& cx) {
    auto answer = work_->poll(cx);
    if (!answer.is_ready()) return std::optional<result<void>>();
    return std::optional<result<void>>(answer.take());
  }
  poll_result<void> poll_cancel(context& cx) noexcept { return work_->poll_cancel(cx); }
  void disown() noexcept { work_->disown(); }

 private:
  task<result<void>>* work_;
};

// Names the requests that arrived together. One count for all servers of a thread, since they may
// share a handler.
[[gnu::noinline]] std::uint64_t next_batch() noexcept {
  thread_local std::uint64_t last = 0;
  return ++last;
}

}  // namespace

server::connection::connection(server& home, net::tcp_stream stream)
    : home_(home), stream_(std::move(stream)) {
  home_.connections_.push_back(*this);
}

void server::connection::end_when_idle() noexcept {
  if (waits_) shut_reading();
}

// What has arrived can still be read, and then the end of the stream: no request that was sent
// before is lost (H15).
void server::connection::shut_reading() noexcept {
  context nobody(no_wakeable());
  auto shut = stream_.shutdown(net::direction::read);
  (void)shut.poll(nobody);
}

void server::connection::begin_request() noexcept {
  began_ = now();
  deadline_ = saturating_add(began_, home_.options_.header_limit);
}

nanoseconds server::connection::patience() noexcept { return time_left(now(), deadline_); }

// ---- receiving

void server::connection::take_in(lease arrived) {
  if (!work_) work_ = home_.workspaces_->take(stream_);
  used_ = 0;
  batch_ = next_batch();
  is_first_ = true;
  if (work_->unread.empty()) {
    arrived_ = std::move(arrived);
    input_ = io::as_text(arrived_.bytes());
  } else {
    input_ = work_->unread.append(io::as_text(arrived.bytes()));
  }
}

// What is not understood yet stays, in memory of our own: a connection has one lease.
void server::connection::keep_rest() {
  if (arrived_) {
    work_->unread.assign(input_.substr(used_));
    arrived_ = lease();
  } else {
    work_->unread.erase(0, used_);
  }
  input_ = work_->unread;
  used_ = 0;
}

bool server::connection::is_between_requests() const noexcept {
  return work_->parser.between_messages() && work_->unread.empty();
}

task<void> server::connection::run(server& home, net::tcp_stream stream, ticket counted) {
  const ticket held = std::move(counted);
  connection c(home, std::move(stream));
  for (;;) {
    c.waits_ = true;
    if (home.stopping_) c.shut_reading();
    auto got = co_await c.stream_.read({.within = home.options_.idle_limit}).result();
    c.waits_ = false;
    if (!got && !got.error().is_timed_out()) co_return;
    if (!got || !*got) break;
    c.take_in(std::move(*got));
    c.begin_request();
    const step then = co_await c.serve_arrived();
    if (then == step::reset) co_return;
    if (then == step::close) break;
    home.workspaces_->give_back(std::move(c.work_));
  }
  c.work_.reset();
  co_await close_gently(c.stream_);
}

// Until there is nothing under way (read_on), or the connection is at its end.
task<server::connection::step> server::connection::serve_arrived() {
  for (;;) {
    step then = step::go_on;
    do {  // answers gather until there are many, or nothing more can be answered
      if (then == step::go_on) then = go_through();
      if (then == step::answer) then = co_await answer();
      if (then == step::reset) co_return then;
      std::string& out = work_->out.text();
      if (out.empty() || (then == step::go_on && out.size() < gather_bytes_max)) continue;
      const nanoseconds within = home_.options_.write_limit;
      auto sent = co_await stream_.write_all(io::as_bytes(out), {.within = within}).result();
      work_->out.note_sent();
      if (!sent) co_return step::reset;
    } while (then == step::go_on);
    keep_rest();
    if (then != step::read_on || is_between_requests()) co_return then;

    const nanoseconds limit = patience();
    auto got = co_await stream_.read({.within = limit}).result();
    // A read that never waits never meets its limit.
    const bool late = got ? limit == nanoseconds(0) : got.error().is_timed_out();
    if (late && answered_) co_return step::close;
    if (late) {
      refuse(status::request_timeout);
      auto sent = co_await work_->out.flush();
      if (!sent) co_return step::reset;
      co_return step::close;
    }
    if (!got) co_return step::reset;
    if (!*got) co_return step::close;
    take_in(std::move(*got));
  }
}

// To the next request that can be answered, or the end of what is there.
server::connection::step server::connection::go_through() {
  request_parser& parser = work_->parser;
  for (;;) {
    const parse_step found = parser.parse(input_.substr(used_));
    used_ += found.consumed;
    switch (found.event) {
      case parse_event::need_more: return step::read_on;
      case parse_event::body:  // nobody wanted it
        body_dropped_ += found.body.size();
        if (body_dropped_ > home_.options_.dropped_body_bytes_max) return step::close;
        break;
      case parse_event::head: begin_body(); return step::answer;
      case parse_event::complete:
        answered_ = false;
        if (used_ < input_.size()) begin_request();
        break;
      case parse_event::error:
        // A second answer would be taken for that of the next request.
        if (!answered_) refuse(parser.error().code);
        return step::close;
    }
  }
}

// ---- the body

void server::connection::begin_body() noexcept {
  const request& head = work_->parser.head();
  body_dropped_ = 0;
  fault_ = status::ok;
  body_over_ = head.body() == body_kind::none;
  awaits_continue_ = head.expects_continue();
  if (body_over_) return;
  body_received_ = 0;
  body_length_ = head.content_length();
  body_waited_ = nanoseconds(0);
  body_limit_ = home_.options_.request_limit;
  expect_body_progress();
}

// The deadline moves with what has come: slow is allowed, too slow is not (N4). Only our waiting
// counts: a client is not to blame for a handler that looks at its body late.
void server::connection::expect_body_progress() noexcept {
  const server_options& o = home_.options_;
  nanoseconds limit = body_limit_;
  if (o.body_bytes_per_second_min != 0) {
    constexpr std::uint64_t earned_max = 1'000'000'000;  // some 30 years
    const std::uint64_t earned = std::min(body_received_ / o.body_bytes_per_second_min, earned_max);
    const instant by = saturating_add(instant() + std::chrono::seconds(earned), o.body_grace);
    limit = std::min(limit, by - instant());
  }
  deadline_ = saturating_add(now(), limit > body_waited_ ? limit - body_waited_ : nanoseconds(0));
}

void server::connection::allow_body(std::uint64_t bytes_max, nanoseconds within) noexcept {
  if (body_over_ || body_received_ != 0) return;
  work_->parser.set_body_limit(bytes_max);
  body_limit_ = within;
  expect_body_progress();
}

void server::connection::want_body() {
  if (!awaits_continue_ || body_over_) return;
  awaits_continue_ = false;
  work_->out.text().append(continue_response);
  if (!home_.stopping_) current_->may_keep_alive();
  current_->begin_here();  // not a part of the answer
}

const std::uint64_t* server::connection::length() const noexcept {
  return work_->parser.head().body() == body_kind::chunked ? nullptr : &body_length_;
}

std::optional<std::string_view> server::connection::trailer(std::string_view name) const noexcept {
  if (!body_over_) return std::nullopt;
  return work_->parser.trailer(name);
}

task<result<std::span<const std::byte>>> server::connection::next() {
  constexpr const char* what = "read body";
  if (fault_ != status::ok) co_return std::unexpected(error(what, errc::invalid_input));
  while (!body_over_) {
    const parse_step found = work_->parser.parse(input_.substr(used_));
    used_ += found.consumed;
    if (found.event == parse_event::body) {
      body_received_ += found.body.size();
      co_return io::as_bytes(found.body);
    }
    if (found.event == parse_event::complete) {
      body_over_ = true;
    } else if (found.event == parse_event::error) {
      fault_ = work_->parser.error().code;
      const bool large = fault_ == status::content_too_large;
      co_return std::unexpected(error(what, large ? errc::too_large : errc::invalid_input));
    } else {
      auto more = co_await receive_more();
      if (!more) co_return std::unexpected(more.error());
    }
  }
  co_return std::span<const std::byte>();
}

task<result<void>> server::connection::receive_more() {
  if (!current_->has_begun()) want_body();
  if (!work_->out.text().empty()) {  // answers to earlier requests must not wait for this one
    auto sent = co_await work_->out.flush();
    if (!sent) co_return std::unexpected(sent.error());
    current_->begin_here();
  }
  keep_rest();
  expect_body_progress();
  const instant asked = now();
  const nanoseconds limit = patience();
  auto got = co_await stream_.read({.within = limit}).result();
  body_waited_ += now() - asked;
  if (got && limit == nanoseconds(0)) got = std::unexpected(error("read body", ETIMEDOUT));
  if (!got) {
    if (got.error().is_timed_out()) fault_ = status::request_timeout;
    co_return std::unexpected(got.error());
  }
  if (!*got) {
    fault_ = status::bad_request;
    co_return std::unexpected(error("read body", errc::end_of_stream));
  }
  take_in(std::move(*got));
  co_return result<void>();
}

// ---- answering

task<server::connection::step> server::connection::answer() {
  // The head moves out of the input, so that the handler can keep views of it however long it
  // takes.
  work_->head.assign(work_->parser.head().bytes());
  work_->parser.rebase_head(work_->head.data());
  const request& head = work_->parser.head();
  // Most requests come alone, and then there is nobody to keep anything for.
  const bool is_alone = std::exchange(is_first_, false) && used_ == input_.size();
  if (used_ == input_.size()) {
    arrived_ = lease();
    work_->unread.clear();
    input_ = {};
    used_ = 0;
  }
  // Whoever waits for "100 Continue" may or may not send the body once it has read our answer:
  // unless it was told to, nothing after the answer can be trusted.
  const bool may_go_on = !home_.stopping_ && !head.expects_continue();
  // What a request may have changed, and what changed while one waited, is not what was read
  // before.
  const bool is_safe = head.method() == verb::get || head.method() == verb::head;
  if (!is_safe) batch_ = next_batch();
  exchange x(*this, head, work_->out, home_.date(), may_go_on, is_alone ? 0 : batch_);
  current_ = &x;
  std::string why;
  bool lost = false;  // the client
  try {
    auto work = home_.handler_->respond(x);
    auto answered = co_await first_look(work);
    if (!answered) {
      lost = !co_await send_earlier(x);
      answered = co_await std::move(work);
      batch_ = next_batch();
    }
    if (*answered) *answered = x.finish();
    if (!*answered) why = answered->error().message();
  } catch (...) {
    why = describe(std::current_exception());
    if (why.empty()) why = "unknown";
  }
  current_ = nullptr;
  if (!is_safe) batch_ = next_batch();
  answered_ = !body_over_;
  if (answered_) expect_body_progress();
  const bool whole = why.empty() || replace(x, why);
  log(head.method_name(), head.target(), head.minor_version(), x.answered(), x.bytes(),
      x.body_bytes());
  if (work_->parser.between_messages() && used_ < input_.size()) begin_request();
  if (!whole || lost) co_return step::reset;
  co_return x.options().persistence.keep_alive ? step::go_on : step::close;
}

// Answers that are ready do not wait for a handler that is not. Where it has begun to send itself,
// they go first anyway.
task<bool> server::connection::send_earlier(exchange& x) {
  const std::size_t earlier = x.earlier_bytes();
  if (earlier == 0 || work_->out.has_sent()) co_return true;
  const auto bytes = io::as_bytes(work_->out.text()).first(earlier);
  const nanoseconds within = home_.options_.write_limit;
  auto sent = co_await stream_.write_all(bytes, {.within = within}).result();
  if (sent) {
    work_->out.note_front_sent(earlier);
    x.forget_earlier();
  }
  co_return sent.has_value();
}

bool server::connection::replace(exchange& x, const std::string& why) {
  const bool replaced = x.take_back();
  // What the client did wrong is told to the client; what we did wrong, to the log.
  const status code = fault_ == status::ok ? status::internal_server_error : fault_;
  if (fault_ == status::ok)
    ROUSE_LOG(warning, "the answer to %.*s failed: %s",
              static_cast<int>(x.request().target().size()), x.request().target().data(),
              why.c_str());
  if (!replaced) return false;
  x.close_after();
  x.error(code);
  return true;
}

void server::connection::refuse(status code) {
  std::string& out = work_->out.text();
  const std::size_t before = out.size();
  answer_options options;
  options.date = home_.date();
  std::uint64_t head_bytes = 0;
  append_error_answer(out, code, options, {}, &head_bytes);
  const std::size_t bytes = out.size() - before;
  log({}, {}, 1, code, bytes, bytes - head_bytes);
}

void server::connection::log(std::string_view method, std::string_view target, int minor_version,
                             status code, std::uint64_t bytes, std::uint64_t body_bytes) noexcept {
  if (!home_.options_.log) return;
  home_.options_.log->record({.peer = stream_.peer_address(),
                              .method = method,
                              .target = target,
                              .minor_version = minor_version,
                              .answered = code,
                              .bytes = bytes,
                              .body_bytes = body_bytes,
                              .took = now() - began_});
}

}  // namespace rouse::http
