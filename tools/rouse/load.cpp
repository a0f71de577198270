#include "load.hpp"

#include <rouse/base/io_error.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/http/outgoing.hpp>
#include <rouse/http/response_parser.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/sleep.hpp>

#include <algorithm>
#include <deque>
#include <optional>

namespace tool {
namespace {

using namespace std::chrono_literals;
namespace http = rouse::http;

constexpr rouse::nanoseconds answer_limit = 10s;
constexpr rouse::nanoseconds connect_limit = 5s;
constexpr rouse::nanoseconds back_off = 50ms;  // after a failure, so that it is not a busy loop
constexpr rouse::nanoseconds last_answers_limit = 1s;  // after the end

std::string request_text(const load_options& options) {
  std::string text = "GET ";
  text.append(options.target.target()).append(" HTTP/1.1\r\nHost: ");
  text.append(options.target.authority()).append("\r\nUser-Agent: rouse-bench\r\n");
  for (const auto& [name, value] : options.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  return text.append("\r\n");
}

class generator;

// One connection: sends, and takes answers in order.
class lane {
 public:
  lane(generator& home, unsigned index) noexcept : home_(home), index_(index) {}

  rouse::task<rouse::result<void>> connect();
  rouse::task<void> run();

 private:
  enum class step : std::uint8_t {
    again,
    reconnect,  // the server wants a new connection for each answer
    broken,
    over,
  };

  rouse::task<step> send_due();
  rouse::task<step> hear();
  step take(std::string_view input);
  void finish_answer();
  void lose(failure why);
  [[nodiscard]] rouse::instant due() const noexcept;

  generator& home_;
  unsigned index_;
  std::uint64_t sent_ = 0;  // open loop: which request of this lane is next
  std::optional<rouse::net::tcp_stream> stream_;
  http::response_parser parser_;
  std::string unparsed_;                  // a line that was cut
  std::deque<rouse::instant> in_flight_;  // when each was sent, or was due
};

class generator {
 public:
  generator(load_options& options, load_result& into)
      : options_(options), result_(into), request_(request_text(options)) {
    for (unsigned i = 0; i < options.pipeline; ++i)
      requests_ += request_;
    for (unsigned i = 0; i < options.connections; ++i)
      lanes_.emplace_back(*this, i);
  }

  rouse::task<void> run() {
    co_await rouse::scope([this](rouse::nursery& n) -> rouse::task<void> {
      for (lane& l : lanes_)
        n.spawn(connect(l));
      co_return;
    });
    result_.began = rouse::now();
    end_ = rouse::saturating_add(result_.began, options_.duration);
    co_await rouse::scope([this](rouse::nursery& n) -> rouse::task<void> {
      for (lane& l : lanes_)
        n.spawn(l.run());
      co_return;
    });
    result_.ended = std::min(rouse::now(), end_);
  }

 private:
  friend lane;

  rouse::task<void> connect(lane& l) {
    auto connected = co_await l.connect();
    if (!connected) rouse::throw_error(connected.error(), options_.target.to_string());
  }
  [[nodiscard]] bool is_open_loop() const noexcept { return options_.rate > 0; }

  load_options& options_;
  load_result& result_;
  std::string request_;
  std::string requests_;  // as many as may be in flight, for one write
  std::deque<lane> lanes_;
  rouse::instant end_;
};

rouse::task<rouse::result<void>> lane::connect() {
  parser_ = http::response_parser();
  unparsed_.clear();
  const rouse::net::endpoint where = home_.options_.target.endpoint();
  auto connected = co_await rouse::net::connect(where, {.within = connect_limit}).result();
  if (!connected) co_return std::unexpected(connected.error());
  stream_.emplace(std::move(*connected));
  co_return rouse::result<void>();
}

// The instant of this lane's next request: lanes take turns.
rouse::instant lane::due() const noexcept {
  const double number = static_cast<double>(sent_ * home_.options_.connections + index_);
  const std::chrono::duration<double> after(number / home_.options_.rate);
  return rouse::saturating_add(home_.result_.began,
                               std::chrono::duration_cast<rouse::nanoseconds>(after));
}

rouse::task<void> lane::run() {
  step then = step::again;
  while (then != step::over) {
    if (!stream_) {
      auto connected = co_await connect();
      if (!connected) {
        home_.result_.note(failure::connect);
        co_await rouse::sleep(back_off);
        if (rouse::now() >= home_.end_) break;
        continue;
      }
    }
    then = co_await send_due();
    if (then == step::again) then = co_await hear();
    if (then == step::reconnect || then == step::broken) stream_.reset();
    if (then == step::broken) co_await rouse::sleep(back_off);
  }
  if (!home_.is_open_loop()) co_return;
  for (; due() < home_.end_; ++sent_)
    home_.result_.note(failure::unsent);
}

// Sends what may be sent now; with a rate, waits until the next is due.
rouse::task<lane::step> lane::send_due() {
  if (home_.is_open_loop() && in_flight_.empty()) {
    const rouse::instant at = due();
    if (at >= home_.end_) co_return step::over;
    if (at > rouse::now()) co_await rouse::sleep_until(at);
  }
  const rouse::instant now = rouse::now();
  const bool is_over = now >= home_.end_;
  if (is_over) co_return in_flight_.empty() ? step::over : step::again;
  const std::size_t room = home_.options_.pipeline - in_flight_.size();
  if (room == 0) co_return step::again;
  for (std::size_t i = 0; i < room; ++i) {
    in_flight_.push_back(home_.is_open_loop() ? due() : now);
    ++sent_;
  }
  const auto text = std::string_view(home_.requests_).substr(0, room * home_.request_.size());
  auto sent =
      co_await stream_->write_all(rouse::io::as_bytes(text), {.within = answer_limit}).result();
  if (sent) co_return step::again;
  lose(sent.error().is_timed_out() ? failure::timeout : failure::closed);
  co_return step::broken;
}

rouse::task<lane::step> lane::hear() {
  const rouse::instant last = rouse::saturating_add(home_.end_, last_answers_limit);
  const rouse::nanoseconds left = rouse::time_left(rouse::now(), last);
  const rouse::nanoseconds within = std::clamp(left, rouse::nanoseconds(1ms), answer_limit);
  auto got = co_await stream_->read({.within = within}).result();
  if (!got || !*got) {
    const bool ended_well = got && parser_.finish().event == http::parse_event::complete;
    if (ended_well) finish_answer();
    lose(!got && got.error().is_timed_out() ? failure::timeout : failure::closed);
    if (rouse::now() >= home_.end_) co_return step::over;
    co_return ended_well ? step::reconnect : step::broken;
  }
  const std::string_view input = rouse::io::as_text(got->bytes());
  home_.result_.bytes += input.size();
  if (unparsed_.empty()) co_return take(input);
  const std::string joined = std::exchange(unparsed_, {}).append(input);
  co_return take(joined);
}

lane::step lane::take(std::string_view input) {
  for (;;) {
    const http::parse_step s = parser_.parse(input);
    input.remove_prefix(s.consumed);
    switch (s.event) {
      case http::parse_event::need_more: unparsed_ = input; return step::again;
      case http::parse_event::head:
      case http::parse_event::body: break;
      case http::parse_event::complete:
        if (parser_.head().is_interim()) break;
        finish_answer();
        if (!parser_.head().keep_alive()) {
          lose(failure::closed);
          return step::reconnect;
        }
        if (in_flight_.empty() && input.empty()) return step::again;
        if (!in_flight_.empty()) break;
        [[fallthrough]];  // an answer to nothing
      case http::parse_event::error: lose(failure::malformed); return step::broken;
    }
  }
}

void lane::finish_answer() {
  const rouse::nanoseconds took = rouse::now() - in_flight_.front();
  in_flight_.pop_front();
  home_.result_.latency.record(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)));
  ++home_.result_.answers[static_cast<std::size_t>(parser_.head().code())];
}

void lane::lose(failure why) {
  home_.result_.note(why, in_flight_.size());
  in_flight_.clear();
}

}  // namespace

rouse::task<void> run_load(load_options& options, load_result& into) {
  generator all(options, into);
  co_await all.run();
}

}  // namespace tool
