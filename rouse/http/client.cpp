#include <rouse/http/client.hpp>

#include <rouse/http/internal/client_exchange.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/timeout.hpp>

namespace rouse::http {
namespace {

class function_supplier final : public body_supplier {
 public:
  function_supplier(void* function, task<result<void>> (*call)(void*, body_writer&)) noexcept
      : function_(function), call_(call) {}
  task<result<void>> supply(body_writer& to) override { return call_(function_, to); }

 private:
  void* function_;
  task<result<void>> (*call_)(void*, body_writer&);
};

// As a connection says that was closed while it was idle.
bool is_lost(const error& e) noexcept {
  return e == std::errc::broken_pipe || e == std::errc::connection_reset ||
         e == errc::end_of_stream;
}

bool is_redirect(status code) noexcept {
  switch (code) {
    case status::moved_permanently:
    case status::found:
    case status::see_other:
    case status::temporary_redirect:
    case status::permanent_redirect: return true;
    default: return false;
  }
}

}  // namespace

client::client(const client_options& options)
    : options_(options), pool_(new client_pool(options_)) {}
client::~client() = default;

std::size_t client::idle_connections() const noexcept { return pool_->idle_count(); }
std::size_t client::busy_connections() const noexcept { return pool_->in_use_count(); }
void client::close_idle() noexcept { pool_->close_idle(); }

fallible_task<reply> client::send(outgoing request) {
  std::string subject = request.subject();
  return {run(std::move(request), nullptr), std::move(subject)};
}

task<result<reply>> client::run_written(outgoing request, void* function,
                                        task<result<void>> (*call)(void*, body_writer&)) {
  function_supplier from(function, call);
  if (request.from_ == outgoing::body_source_kind::text)
    request.refuse(error("request: two bodies", errc::invalid_input));
  request.from_ = outgoing::body_source_kind::written;
  auto answer = co_await run(std::move(request), &from);
  co_return std::move(answer);
}

task<result<reply>> client::run(outgoing request, body_supplier* from) {
  if (!from && request.length_ && request.from_ != outgoing::body_source_kind::text)
    request.refuse(error("request: a length without a body", errc::invalid_input));
  if (request.fault_) co_return std::unexpected(*request.fault_);
  const nanoseconds limit = request.limit_.value_or(options_.request_limit);
  const instant deadline = saturating_add(now(), limit);
  auto following = follow(request, from, deadline);
  if (limit == no_limit) {
    auto answer = co_await std::move(following);
    co_return std::move(answer);
  }
  auto answer = co_await timeout_at(deadline, std::move(following)).result();
  if (!answer && std::string_view(answer.error().operation) == "timeout")
    co_return std::unexpected(error("request", answer.error().code));
  co_return std::move(answer);
}

task<result<reply>> client::follow(outgoing& request, body_supplier* from, instant deadline) {
  url where = *request.url_;
  for (unsigned redirects = 0;; ++redirects) {
    auto answer = co_await attempt(request, where, from, deadline);
    if (!answer) co_return std::unexpected(answer.error());
    client_exchange& exchange = *answer->exchange_;
    bool again = options_.redirects_max != 0 && is_redirect(exchange.head().code());
    if (again) {
      auto moved = redirect(request, where, exchange);
      if (!moved) co_return std::unexpected(moved.error());
      const bool is_kept = !from || !exchange.has_begun_body();
      again = *moved && (is_kept || request.from_ == outgoing::body_source_kind::none);
    }
    if (!again) co_return std::move(*answer);
    if (redirects == options_.redirects_max)
      co_return std::unexpected(error("request: too many redirects", ELOOP));
    if (request.from_ == outgoing::body_source_kind::none) from = nullptr;
    co_await exchange.drain();
  }
}

// Changes `request` and `where` to what the answer says; false when it says nothing.
result<bool> client::redirect(outgoing& request, url& where, const client_exchange& answer) {
  const auto location = answer.head().header("location");
  if (!location) return false;
  auto there = where.resolve(*location);
  if (!there) return std::unexpected(there.error());
  const status code = answer.head().code();
  const bool is_plain = request.verb_ == verb::get || request.verb_ == verb::head;
  const bool was_post = request.verb_ == verb::post;
  if ((code == status::see_other && !is_plain) ||
      ((code == status::moved_permanently || code == status::found) && was_post))
    request.become_get();
  if (!there->is_same_origin(where)) request.drop_credentials();
  where = std::move(*there);
  return true;
}

task<result<reply>> client::attempt(outgoing& request, url& where, body_supplier* from,
                                    instant deadline) {
  for (bool fresh = false;; fresh = true) {
    auto connected = co_await pool_->get(where, fresh);
    if (!connected) co_return std::unexpected(connected.error());
    reply answer(new client_exchange(std::move(*connected), where, options_, deadline));
    client_exchange& exchange = *answer.exchange_;
    auto answered = co_await exchange.perform(request, from);
    if (answered) co_return std::move(answer);
    const bool again = exchange.is_reused() && !fresh && !exchange.has_heard() &&
                       is_lost(answered.error()) && request.is_idempotent() &&
                       !(from && exchange.has_begun_body());
    if (!again) co_return std::unexpected(answered.error());
  }
}

}  // namespace rouse::http
