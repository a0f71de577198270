#include <rouse/http/internal/client_exchange.hpp>

#include <rouse/coro/select.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/timeout.hpp>

#include <algorithm>

namespace rouse::http {
namespace {

// How long a server that takes no more may be silent before it has nothing to say.
constexpr nanoseconds last_words = std::chrono::seconds(1);

// The server stopped listening, maybe after it had answered.
bool is_gone(const error& e) noexcept {
  return e == std::errc::broken_pipe || e == std::errc::connection_reset;
}

body_framing framing_of(const std::optional<std::uint64_t>& length) noexcept {
  return length ? body_framing::length : body_framing::chunked;
}

}  // namespace

client_exchange::~client_exchange() {
  // What is there already may be the whole rest, and then the connection is worth keeping.
  while (has_answer_ && !ended_ && !broken_) {
    const parse_event event = step().event;
    if (event == parse_event::complete) end(true);
    if (event != parse_event::body) break;
  }
}

parse_step client_exchange::step() noexcept {
  const parse_step s = parser_.parse(unparsed_);
  unparsed_.remove_prefix(s.consumed);
  return s;
}

std::unexpected<error> client_exchange::fail(const error& why) noexcept {
  broken_ = why;
  connection_.close();
  return std::unexpected(why);
}

// The answer is complete, and nothing may follow it.
void client_exchange::end(bool whole) noexcept {
  ended_ = true;
  const bool keep = whole && head().keep_alive() && unparsed_.empty() &&
                    (upload_ == upload::none || upload_ == upload::done);
  if (keep)
    connection_.keep();
  else
    connection_.close();
}

// ---- the request ----

task<result<void>> client_exchange::perform(outgoing& request, body_supplier* from) {
  const bool has_body = request.from_ != outgoing::body_source_kind::none;
  parser_.set_request(request.verb_);
  request.append_head(out_.text(), url_, options_.user_agent);
  if (!has_body) {
    auto sent = co_await out_.flush();
    if (!sent) co_return fail(sent.error());
    auto done = co_await finish_head(read_head(), options_.head_limit);
    co_return done;
  }

  upload_ = upload::under_way;
  auto reading = read_head();
  auto sending = send_body(request, from);
  auto first = co_await select(std::move(sending), reading);
  if (first.index() == 1) {  // an early refusal: what the rest would say is not wanted
    upload_ = upload::given_up;
    auto heard = std::get<1>(std::move(first));
    if (!heard) co_return fail(heard.error());
    note_final();
    co_return heard;
  }
  auto sent = std::get<0>(std::move(first));
  upload_ = sent ? upload::done : upload::given_up;
  news_.notify_all();
  if (!sent && !is_gone(sent.error())) co_return fail(sent.error());
  // Who no longer listens may have said why, and then it is there already.
  const nanoseconds limit = sent ? options_.head_limit : std::min(options_.head_limit, last_words);
  auto done = co_await finish_head(std::move(reading), limit);
  if (!done && !sent) co_return fail(sent.error());
  co_return done;
}

task<result<void>> client_exchange::send_body(outgoing& request, body_supplier* from) {
  if (request.expects_continue_) {
    auto asked = co_await wait_for_continue();
    if (!asked) co_return asked;
  }
  has_begun_body_ = true;
  if (!from) {
    auto sent = co_await out_.send(io::as_bytes(request.text_));
    co_return sent;
  }
  body_writer writer(out_, framing_of(request.length_), request.length_.value_or(0));
  auto supplied = co_await from->supply(writer);
  if (!supplied) co_return supplied;
  auto finished = writer.finish();
  if (!finished) co_return finished;
  auto flushed = co_await out_.flush();
  co_return flushed;
}

task<result<void>> client_exchange::wait_for_continue() {
  auto sent = co_await out_.flush();
  if (!sent || may_send_) co_return sent;
  auto news = news_.wait();
  auto came = co_await timeout(options_.continue_limit, std::move(news)).result();
  (void)came;  // a server that does not know Expect says nothing, and waits for the body
  co_return sent;
}

// ---- the answer's head ----

task<result<void>> client_exchange::finish_head(task<result<void>> reading, nanoseconds limit) {
  auto heard = co_await timeout(limit, std::move(reading)).result();
  if (!heard) {
    error why = heard.error();
    if (why.is_timed_out()) why = error("response head", ETIMEDOUT);
    co_return fail(why);
  }
  note_final();
  co_return heard;
}

task<result<void>> client_exchange::read_head() {
  for (;;) {
    const parse_step s = step();
    if (s.event == parse_event::error)
      co_return std::unexpected(error(parser_.error().reason, errc::invalid_input));
    if (s.event == parse_event::need_more) {
      auto more = co_await read_more(no_limit);
      if (!more) co_return std::unexpected(more.error());
      if (!*more) co_return std::unexpected(error("response head", errc::end_of_stream));
    }
    if (s.event != parse_event::head) continue;  // or an interim response has ended
    if (!head().is_interim()) break;
    auto noted = note_interim();
    if (!noted) co_return noted;
  }
  // Views into what was read are about to end.
  head_text_ = head().bytes();
  parser_.rebase_head(head_text_.data());
  const bool refuses = static_cast<unsigned>(head().code()) >= 300;
  while (upload_ == upload::under_way && !refuses) {
    may_send_ = true;
    news_.notify_all();
    auto ended = news_.wait();
    co_await ended;
  }
  co_return result<void>();
}

result<void> client_exchange::note_interim() noexcept {
  if (++interim_count_ > interim_max)
    return std::unexpected(error("response: too many interim responses", errc::too_large));
  if (head().code() == status(101))
    return std::unexpected(error("response: switches protocols unasked", errc::invalid_input));
  if (head().code() == status::continue_) {
    may_send_ = true;
    news_.notify_all();
  }
  return {};
}

void client_exchange::note_final() {
  has_answer_ = true;
  length_ = head().content_length();
  const bool is_empty =
      head().body() == body_kind::none || (head().body() == body_kind::length && length_ == 0);
  if (!is_empty) return;
  const parse_step s = step();
  end(s.event == parse_event::complete);
}

// ---- the answer's body ----

task<result<bool>> client_exchange::read_more(nanoseconds within) {
  // The rest of a line waits for its end in one piece of memory; whole lines are read in place.
  if (pending_.empty())
    pending_ = unparsed_;
  else
    pending_.erase(0, pending_.size() - unparsed_.size());
  unparsed_ = pending_;
  arrived_.reset();

  auto got = co_await connection_.stream().read({.within = within}).result();
  if (!got) co_return std::unexpected(got.error());
  if (!*got) co_return false;
  has_heard_ = true;
  if (pending_.empty()) {
    arrived_ = std::move(*got);
    unparsed_ = io::as_text(arrived_.bytes());
  } else {
    unparsed_ = pending_.append(io::as_text(got->bytes()));
  }
  co_return true;
}

task<result<std::span<const std::byte>>> client_exchange::next() {
  for (;;) {
    if (broken_) co_return std::unexpected(*broken_);
    if (ended_) co_return std::span<const std::byte>();
    const parse_step s = step();
    switch (s.event) {
      case parse_event::body:
        // Where the end is known it is told now, whether or not anybody asks for more.
        if (unparsed_.empty() && step().event == parse_event::complete) end(true);
        co_return io::as_bytes(s.body);
      case parse_event::complete: end(true); break;
      case parse_event::head: break;  // there is none after a final one
      case parse_event::error: {
        const bool large = parser_.error().code == status::content_too_large;
        co_return fail(
            error(parser_.error().reason, large ? errc::too_large : errc::invalid_input));
      }
      case parse_event::need_more: {
        const nanoseconds left = time_left(now(), deadline_);
        if (left == nanoseconds(0)) co_return fail(error("response body", ETIMEDOUT));
        // A server that waits for the rest of a body that will not come has nothing to add.
        const nanoseconds silence = upload_ == upload::given_up
                                        ? std::min(options_.read_limit, last_words)
                                        : options_.read_limit;
        auto more = co_await read_more(std::min(left, silence));
        if (!more) co_return fail(more.error());
        if (*more) break;
        if (parser_.finish().event != parse_event::complete)
          co_return fail(error("response body", errc::end_of_stream));
        end(false);
        break;
      }
    }
  }
}

task<void> client_exchange::drain() {
  std::size_t dropped = 0;
  while (!ended_ && dropped <= drain_bytes_max) {
    auto piece = co_await next();
    if (!piece || piece->empty()) co_return;
    dropped += piece->size();
  }
  if (!ended_) connection_.close();
}

}  // namespace rouse::http
