// The scenario `loop_http`: a name is looked up, and a server of tasks on the same loop asked: for
// a short answer, with a body, and for a long answer as a flow.
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/io/bytes.hpp>
#include <rouse/loop/loop_http.hpp>
#include <rouse/loop/loop_names.hpp>
#include <rouse/net/listen.hpp>

#include <tests/faults/looped.hpp>

namespace faults {

using namespace rouse;

namespace {

task<result<void>> echo(http::exchange& x) {
  auto body = co_await x.body().read_to_end().result();
  if (!body) co_return std::unexpected(body.error());
  x.text(*body);
  co_return result<void>();
}

class requests final : public looped_program {
 public:
  requests(const looped_site& at, outcome& out) : looped_program(at, out) {
    answers_.get("/hello", [](http::exchange& x) { x.text("hello"); });
    answers_.get("/long", [this](http::exchange& x) { x.text(std::string(site.text)); });
    answers_.post("/echo", echo);
  }

 private:
  void begin() override {
    ask(look_up_, [this] {
      look_up_options how;
      how.family = net::address_family::ipv4;
      on().names().look_up("localhost", how, [this](result<std::vector<net::address>> found) {
        if (came(look_up_, found)) serve();
      });
    });
  }
  void serve() {
    ask(serve_, [this] {
      serving_ = on().call_when_done(assume_owned(run_server()), [this](const result<void>& end) {
        serve_.came(out);
        serving_ = {};
        if (!end && !is_over()) fail("serve", end.error());
      });
    });
  }
  task<void> run_server() {
    struct cleared {
      http::server*& server;
      ~cleared() { server = nullptr; }
    } const at_end{server_};
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto at = listener.local_address();
    if (!at) throw_error(at.error());
    base_ = "http://" + at->to_string();
    http::server server(std::move(listener), answers_);
    server_ = &server;
    get();
    co_await server.run();
  }
  void get() {
    ask(get_, [this] {
      on().http().get(base_ + "/hello", [this](const result<http_answer>& answer) {
        if (is_answer(get_, answer, "hello")) post();
      });
    });
  }
  void post() {
    ask(post_, [this] {
      http::outgoing what("POST", base_ + "/echo");
      what.body("some text");
      on().http().request(std::move(what), [this](const result<http_answer>& answer) {
        if (is_answer(post_, answer, "some text")) get_long();
      });
    });
  }
  [[nodiscard]] bool is_answer(due_calls& calls, const result<http_answer>& answer,
                               std::string_view body) {
    if (!came(calls, answer)) return false;
    if (answer->is_success()) {
      if (answer->body != body) out.note_wrong(calls.name(), "another body");
      return true;
    }
    fail(calls.name(), error("status", static_cast<int>(answer->code)));
    return false;
  }
  void get_long() {
    ask(flow_closes_, [this] {
      flow_ = on().http().request_stream(
          http::outgoing("GET", base_ + "/long"),
          [this](const http_answer& head, const loop_flow& body) { begin_body(head, body); });
      flow_.on_close([this] { flow_closes_.came(out); });
    });
    if (flow_.is_closed()) return;
    flow_ends_.expect();
    flow_.on_error([this](const error& why) {
      flow_ends_.came(out);
      fail("flow", why);
    });
    flow_.on_end([this] {
      flow_ends_.came(out);
      if (status_ != http::status::ok)
        return fail("flow", error("status", static_cast<int>(status_)));
      if (seen_ != site.text.size()) out.note_wrong("flow", "ended early");
      is_good_ = true;
      close();
    });
  }
  void begin_body(const http_answer& head, const loop_flow& body) {
    status_ = head.code;
    body.on_data([this](std::span<const std::byte> piece) {
      const auto came = io::as_text(piece);
      if (status_ == http::status::ok && site.text.substr(seen_, came.size()) != came)
        out.note_wrong("flow", "other bytes");
      seen_ += came.size();
      flow_.pause();
      on().set_immediate([this] { flow_.resume(); });
    });
  }
  void close() {
    if (on().http().idle_connections() == 0) out.note_wrong("http", "kept no connection");
    on().http().close_idle();
    if (server_) server_->stop();
  }

  void let_go() noexcept override {
    if (!flow_.is_closed()) {
      flow_.destroy();
      flow_ends_.waive();
    }
    is_good_ = false;
    (void)on().cancel(serving_);
  }
  void settle() noexcept override {
    for (const due_calls* each : {&look_up_, &serve_, &get_, &post_, &flow_ends_, &flow_closes_})
      each->settle(out);
    if (is_good_) out.note_complete();
  }

  http::router answers_;
  http::server* server_ = nullptr;
  std::string base_;
  request_id serving_;
  loop_flow flow_;
  http::status status_ = http::status::ok;
  std::size_t seen_ = 0;
  bool is_good_ = false;
  due_calls look_up_{"look_up"}, serve_{"server"}, get_{"GET /hello"}, post_{"POST /echo"},
      flow_ends_{"end of a flow"}, flow_closes_{"close of a flow"};
};

}  // namespace

void run_loop_http(const looped_site& at, outcome& out) { requests(at, out).run(); }

}  // namespace faults
