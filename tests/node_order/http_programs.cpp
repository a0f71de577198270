// An HTTP client, beside a server that says what a program needs of it.
#include "program.hpp"

#include <rouse/loop/loop_http.hpp>
#include <rouse/loop/loop_net.hpp>

namespace node_order {

namespace {

using bytes = std::span<const std::byte>;
using rouse::http_answer;
using rouse::loop_flow;
using rouse::loop_socket;

std::string text_of(bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

std::string answer_of(int length, const std::string& begin) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) +
         "\r\nConnection: close\r\n\r\n" + begin;
}

/// Takes one connection; the URL is the same for all that is asked.
std::string listen(script& s, std::function<void(loop_socket)> connected) {
  auto& server = s.keep<rouse::loop_server>();
  server =
      s.loop.net().listen("127.0.0.1:0", [&server, f = std::move(connected)](loop_socket socket) {
        f(socket);
        server.close();
      });
  return "http://" + server.local_address().to_string() + "/";
}
/// The same: it answers the first bytes of a request with `text`, and ends.
std::string answer(script& s, const std::string& text) {
  return listen(s, [text](loop_socket socket) {
    socket.on_data([socket, text](bytes) { socket.end(text); });
  });
}

loop_flow get(script& s, const std::string& url,
              rouse::callback<void(http_answer, loop_flow)> on_response) {
  return s.loop.http().request_stream(rouse::http::outgoing("GET", url), std::move(on_response));
}

void hear_all(script& s, const loop_flow& body) {
  body.on_data([&s](bytes b) { s.log("data " + text_of(b)); })
      .on_end(s.says("end"))
      .on_close(s.says("close"));
}

void http_answer_comes(script& s) {
  get(s, answer(s, answer_of(5, "hello")), [&s](const http_answer& head, loop_flow body) {
    s.log("response " + std::to_string(static_cast<int>(head.code)));
    s.loop.next_tick(s.says("tick of response"));
    s.loop.set_immediate(s.says("immediate of response"));
    body.on_data([&s](bytes b) { s.log("data " + text_of(b)); });
    body.on_end([&s] {
      s.log("end");
      s.loop.next_tick(s.says("tick of end"));
      s.loop.set_immediate(s.says("immediate of end"));
    });
  });
  s.log("called");
}

void http_answer_in_pieces(script& s) {
  const std::string url = listen(s, [&s](loop_socket socket) {
    socket.on_data([&s, socket](bytes) {
      socket.write(answer_of(6, "one"));
      s.loop.set_timeout(50ms, [socket] { socket.end("two"); });
    });
  });
  get(s, url, [&s](const http_answer&, loop_flow body) {
    s.log("response");
    hear_all(s, body);
  });
}

void http_refused(script& s) {
  const rouse::loop_server server = s.loop.net().listen("127.0.0.1:0", [](const loop_socket&) {});
  const std::string nobody = "http://" + server.local_address().to_string() + "/";
  server.close([&s, nobody] {
    get(s, nobody, [&s](const http_answer&, const loop_flow&) { s.log("never: response"); })
        .on_error([&s](const rouse::error& e) {
          s.log(e == std::errc::connection_refused ? "ECONNREFUSED" : "another error");
          s.loop.next_tick(s.says("tick"));
        })
        .on_close(s.says("close"));
    s.log("called");
  });
}

void http_nobody_listens_at_first(script& s) {
  get(s, answer(s, answer_of(5, "hello")), [&s](const http_answer&, loop_flow body) {
    s.log("response");
    s.loop.set_timeout(50ms, [&s, body] {
      s.log("listening");
      hear_all(s, body);
    });
  });
}

void http_is_destroyed(script& s) {
  const std::string url = listen(s, [&s](loop_socket socket) {
    socket.on_data([socket](bytes) { socket.write(answer_of(9, "hello")); });
    socket.on_close([&s](bool) { s.log("server: close"); });
    socket.on_error([](const rouse::error&) {});
  });
  get(s, url, [&s](const http_answer&, loop_flow body) {
    hear_all(s, body);
    body.on_data([&s, body](bytes b) {
      s.log("data " + text_of(b));
      body.destroy();
    });
    body.on_end(s.says("never: end"));
  });
}

void http_is_cut_short(script& s) {
  get(s, answer(s, answer_of(9, "hello")), [&s](const http_answer&, loop_flow body) {
    s.log("response");
    hear_all(s, body);
    body.on_end(s.says("never: end"));
    body.on_error([&s](const rouse::error&) { s.log("error"); });
  });
}

void http_check_comes_before_timers(script& s) {
  get(s, answer(s, answer_of(5, "hello")), [&s](const http_answer&, loop_flow body) {
    s.log("response");
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    body.resume();
    s.pass(5ms);
  });
}

void http_upload(script& s) {
  auto& got = s.keep<std::string>();
  const std::string url = listen(s, [&got](loop_socket socket) {
    socket.on_data([&got, socket](bytes b) {
      got += text_of(b);
      if (got.ends_with("ab")) socket.end(answer_of(6, "thanks"));
    });
  });
  const rouse::loop_sink body =
      s.loop.http().upload(rouse::http::outgoing("POST", url).body_length(2),
                           [&s](const http_answer& a) { s.log("answer " + a.body); });
  body.on_finish(s.says("finish"));
  body.on_close(s.says("close"));
  body.write("a", [&s](rouse::result<void>) { s.log("written a"); });
  s.loop.set_timeout(50ms, [body] { body.end("b"); });
}

}  // namespace

std::span<const program> http_programs() {
  static constexpr program all[] = {
      {"http_answer", http_answer_comes},
      {"http_answer_in_pieces", http_answer_in_pieces},
      {"http_refused", http_refused},
      {"http_nobody_listens_at_first", http_nobody_listens_at_first},
      {"http_is_destroyed", http_is_destroyed},
      {"http_is_cut_short", http_is_cut_short},
      {"http_check_comes_before_timers", http_check_comes_before_timers},
      {"http_upload", http_upload},
  };
  return all;
}

}  // namespace node_order
