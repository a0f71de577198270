#include <rouse/loop/loop_http.hpp>

#include <rouse/http/client.hpp>
#include <rouse/loop/internal/flow_state.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/internal/sink_state.hpp>

#include <algorithm>
#include <memory>

namespace rouse {

using internal::flow_state;
using internal::loop_caller;
using internal::one_turn;
using internal::sink_state;

namespace {

using shared_client = std::shared_ptr<http::client>;

http::client_options default_options() noexcept {
  http::client_options options;
  options.request_limit = std::chrono::seconds(60);
  return options;
}

/// The loop's client, made for its first request. A request holds on to it too.
shared_client client_of(loop& of) {
  shared_client& kept = loop_caller(of, "http request").core().http_client;
  if (!kept) kept = std::make_shared<http::client>(default_options());
  return kept;
}

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

http_answer head_of(const http::reply& from) {
  http_answer answer;
  answer.code = from.code();
  for (std::size_t i = 0; i < from.head().header_count(); ++i) {
    const http::header_field field = from.head().header_at(i);
    answer.fields.push_back({std::string(field.name), std::string(field.value)});
  }
  answer.where = from.where().to_string();
  return answer;
}

task<result<http_answer>> whole(shared_client client, http::outgoing what, std::size_t bytes_max) {
  auto reply = co_await client->send(std::move(what)).result();
  if (!reply) co_return std::unexpected(reply.error());
  http_answer answer = head_of(*reply);
  auto body = co_await reply->body().read_to_end(bytes_max).result();
  if (!body) co_return std::unexpected(body.error());
  answer.body = std::move(*body);
  co_return answer;
}

class body_pieces {
 public:
  body_pieces(shared_client client, http::reply from) noexcept
      : client_(std::move(client)), reply_(std::move(from)) {}
  task<result<std::span<const std::byte>>> next() {
    auto piece = co_await reply_.body().read().result();
    co_return piece;
  }

 private:
  shared_client client_;  // outlives its replies
  http::reply reply_;
};

task<result<void>> streamed(loop_flow flow, shared_client client, http::outgoing what,
                            callback<void(http_answer, loop_flow)> on_response) {
  auto reply = co_await client->send(std::move(what)).result();
  if (!reply) co_return std::unexpected(reply.error());
  http_answer head = head_of(*reply);  // before the call: want of memory ends the request
  flow_state::of(flow).call([&] { on_response.call_once(std::move(head), flow); });
  co_await one_turn();
  auto moving = flow_state::move_bytes(flow, body_pieces(std::move(client), std::move(*reply)));
  auto end = co_await std::move(moving);
  co_return end;
}

class body_target {
 public:
  explicit body_target(http::body_writer& to) noexcept : to_(&to) {}
  task<result<io::buffer>> write(io::buffer piece) {
    auto written = co_await to_->write(piece.bytes()).result();
    if (!written) co_return std::unexpected(written.error());
    co_return std::move(piece);
  }

 private:
  http::body_writer* to_;
};

task<result<void>> write_body(loop_sink sink, http::body_writer& to) {
  body_target target(to);
  auto all = co_await sink_state::move_bytes(std::move(sink), target);
  co_return all;
}

task<result<void>> uploaded(loop_sink sink, shared_client client, http::outgoing what,
                            callback<void(http_answer)> on_answer) {
  auto write = [sink](http::body_writer& to) { return write_body(sink, to); };
  auto reply = co_await client->send(std::move(what), std::move(write)).result();
  if (!reply) co_return std::unexpected(reply.error());
  http_answer answer = head_of(*reply);
  auto body = co_await reply->body().read_to_end(loop_http::body_bytes_max).result();
  if (!body) co_return std::unexpected(body.error());
  answer.body = std::move(*body);
  sink_state::of(sink).call([&] { on_answer.call_once(std::move(answer)); }, "answer");
  co_await one_turn();
  co_return result<void>();
}

}  // namespace

std::optional<std::string_view> http_answer::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(fields, [name](const http_field& field) {
    return std::ranges::equal(field.name, name, {}, to_lower, to_lower);
  });
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

request_id loop_http::request(http::outgoing what, std::size_t bytes_max, on_answer done, site at) {
  return loop_->call_when_done(whole(client_of(*loop_), std::move(what), bytes_max),
                               std::move(done), at);
}

loop_flow loop_http::request_stream(http::outgoing what,
                                    callback<void(http_answer, loop_flow)> on_response, site at) {
  loop_flow flow = flow_state::make(*loop_);
  std::string subject = what.subject();
  flow_state::run(flow, streamed(flow, client_of(*loop_), std::move(what), std::move(on_response)),
                  std::move(subject), at);
  return flow;
}

loop_sink loop_http::upload(http::outgoing what, callback<void(http_answer)> done, site at) {
  loop_sink sink = sink_state::make(*loop_, loop_sink::high_water_mark);
  std::string subject = what.subject();
  sink_state::run(sink, uploaded(sink, client_of(*loop_), std::move(what), std::move(done)),
                  std::move(subject), at);
  return sink;
}

void loop_http::configure(const http::client_options& options) {
  loop_caller(*loop_, "configure").core().http_client = std::make_shared<http::client>(options);
}
std::size_t loop_http::idle_connections() const noexcept {
  if (loop_->is_closed()) return 0;
  const shared_client& client = loop_caller(*loop_, "http").core().http_client;
  return client ? client->idle_connections() : 0;
}
void loop_http::close_idle() noexcept {
  if (loop_->is_closed()) return;
  const shared_client& client = loop_caller(*loop_, "http").core().http_client;
  if (client) client->close_idle();
}

}  // namespace rouse
