#include <rouse/http/server.hpp>

#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/time/sleep.hpp>

namespace rouse::http {
namespace {

constexpr nanoseconds linger_limit = std::chrono::seconds(1);
constexpr std::size_t linger_bytes_max = 256 * 1024;

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

}  // namespace

// One connection: what has been read and not yet understood, what is to be written, and how far the
// request is.
class server::connection : public list_link {
 public:
  connection(server& home, net::tcp_stream stream)
      : home_(home), stream_(std::move(stream)), parser_(home.options_.limits) {
    home_.connections_.push_back(*this);
  }

  task<void> run();
  /// The server stops: a connection that waits for its next request reads the end of the stream.
  void end_when_idle() noexcept;

 private:
  enum class next : unsigned char { go_on, answer, read_on, close, reset };

  [[nodiscard]] bool is_idle() const noexcept {
    return parser_.between_messages() && unread_.empty();
  }
  [[nodiscard]] nanoseconds patience() noexcept;
  next go_through(std::string_view input, std::size_t& used);
  task<next> answer();
  void begin_request() noexcept;
  void shut_reading() noexcept;
  void refuse(status code);
  void log(std::string_view method, std::string_view target, status code,
           std::uint64_t bytes) noexcept;

  server& home_;
  net::tcp_stream stream_;
  request_parser parser_;
  std::string unread_;  // the beginning of a request whose end has not come
  std::string out_;     // answers that one write will send
  instant deadline_;    // of the head or the body under way
  instant began_;
  bool waits_ = false;     // for the first byte of a request
  bool answered_ = false;  // the request under way, whose body may still come
};

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

nanoseconds server::connection::patience() noexcept {
  if (waits_) return home_.options_.idle_limit;
  return time_left(now(), deadline_);
}

task<void> server::connection::run() {
  next then = next::read_on;
  while (then == next::read_on) {
    waits_ = is_idle();
    if (waits_ && home_.stopping_) shut_reading();
    if (waits_) {
      out_ = std::string();  // an idle connection keeps no memory
      unread_ = std::string();
    }
    const nanoseconds limit = patience();
    auto got = co_await stream_.read({.within = limit}).result();
    // A read that never waits never meets its limit.
    const bool late = got ? !waits_ && limit == nanoseconds(0) : got.error().is_timed_out();
    if (!got && !late) co_return;
    if (got && !*got) break;
    if (late && !waits_ && !answered_) refuse(status::request_timeout);
    if (got && waits_) begin_request();
    waits_ = false;
    const lease arrived = late ? lease() : std::move(*got);
    std::string_view input = io::as_text(arrived.bytes());
    const bool continues = !unread_.empty();
    if (continues) input = unread_.append(input);
    std::size_t used = 0;
    then = late ? next::close : next::go_on;
    do {  // answers gather in out_ until it is full, or nothing more can be answered
      if (then == next::go_on) then = go_through(input, used);
      if (then == next::answer) then = co_await answer();
      if (then == next::reset) co_return;
      if (out_.empty() || (then == next::go_on && out_.size() < gather_bytes_max)) continue;
      const nanoseconds within = home_.options_.write_limit;
      auto sent = co_await stream_.write_all(io::as_bytes(out_), {.within = within}).result();
      out_.clear();
      if (!sent) co_return;
    } while (then == next::go_on);
    if (continues)
      unread_.erase(0, used);
    else
      unread_.assign(input.substr(used));
  }
  waits_ = false;
  co_await close_gently(stream_);
}

// To the next request that can be answered, or the end of what is there.
server::connection::next server::connection::go_through(std::string_view input, std::size_t& used) {
  for (;;) {
    const parse_step step = parser_.parse(input.substr(used));
    used += step.consumed;
    switch (step.event) {
      case parse_event::need_more: return next::read_on;
      case parse_event::body: break;  // nobody wants it yet
      case parse_event::head:
        if (parser_.head().body() != body_kind::none)
          deadline_ = saturating_add(now(), home_.options_.request_limit);
        return next::answer;
      case parse_event::complete:
        answered_ = false;
        if (used < input.size()) begin_request();
        break;
      case parse_event::error:
        if (!answered_)
          refuse(
              parser_.error().code);  // a second answer would be taken for that of the next request
        return next::close;
    }
  }
}

task<server::connection::next> server::connection::answer() {
  const request& head = parser_.head();
  // Whoever waits for "100 Continue" may or may not send the body once it has read our answer:
  // nothing after it can be trusted.
  const bool may_go_on = !home_.stopping_ && !head.expects_continue();
  exchange x(stream_, head, out_, home_.date(), may_go_on, home_.options_.write_limit);
  std::string why;
  try {
    auto answered = co_await home_.handler_->respond(x);
    if (!answered) why = answered.error().message();
  } catch (...) {
    why = describe(std::current_exception());
    if (why.empty()) why = "unknown";
  }
  answered_ = true;
  const bool whole = why.empty();
  const bool replaced = !whole && x.take_back();
  if (!whole)
    ROUSE_LOG(warning, "the answer to %.*s failed: %s", static_cast<int>(head.target().size()),
              head.target().data(), why.c_str());
  if (replaced) {
    x.close_after();
    x.set_status(status::internal_server_error);
    append_error_answer(out_, status::internal_server_error, x.options());
  }
  log(head.method_name(), head.target(), x.answered(), x.bytes());
  if (!whole && !replaced) co_return next::reset;
  co_return x.options().persistence.keep_alive ? next::go_on : next::close;
}

void server::connection::refuse(status code) {
  const std::size_t before = out_.size();
  answer_options options;
  options.date = home_.date();
  append_error_answer(out_, code, options);
  log({}, {}, code, out_.size() - before);
}

void server::connection::log(std::string_view method, std::string_view target, status code,
                             std::uint64_t bytes) noexcept {
  if (!home_.options_.log) return;
  home_.options_.log->record({stream_.peer_address(), method, target, code, bytes, now() - began_});
}

server::server(net::tcp_listener listener, handler& answers, server_options options)
    : listener_(std::move(listener)), handler_(&answers), options_(options) {}
server::~server() = default;

std::string_view server::date() noexcept { return dates_.at(sys::wall_now().seconds); }

task<void> server::serve(net::tcp_stream stream, ticket counted) {
  const ticket held = std::move(counted);
  connection c(*this, std::move(stream));
  co_await c.run();
}

task<void> server::accept_all(nursery& clients) {
  auto stopped = stop_.wait();
  while (!stopping_) {
    auto room = co_await select(clients.room(), stopped);
    if (room.index() == 1) break;
    auto next = co_await select(listener_.accept(), stopped);
    if (next.index() == 1) break;
    clients.spawn(serve(std::move(std::get<0>(next).stream), ticket(*this)),
                  {.name = "http connection"});
  }
}

task<void> server::drained() {
  while (count_ != 0) {
    auto gone = gone_.wait();
    co_await gone;
  }
}

task<void> server::run() {
  co_await supervise(
      [this](nursery& clients) -> task<void> {
        co_await accept_all(clients);
        listener_.close();
        for (connection* c = connections_.front(); c; c = connections_.next(*c))
          c->end_when_idle();
        auto rest = co_await select(drained(), sleep(options_.drain_limit));
        if (rest.index() == 1) ROUSE_LOG(warning, "%zu connections did not end in time", count_);
        clients.cancel();
      },
      internal::log_failure(), {.children_max = options_.connections_max});
}

void server::stop() noexcept {
  stopping_ = true;
  stop_.notify_all();
}

}  // namespace rouse::http
