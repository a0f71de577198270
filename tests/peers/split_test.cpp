// The same bytes get the same answer, however the network cuts them: each of odd_requests.txt is
// sent whole, then cut in two at every byte, then byte by byte. Each cut is one that the server
// saw: the next segment leaves when the server has taken the one before, which the table of system
// calls tells.
#include "odd_requests.hpp"

#include <rouse/coro/scope.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/fs/directory.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/scratch_folder.hpp>

#include <string>

namespace {

using namespace rouse;

// Above, a request is long because of one long word, and all cuts of it are alike.
constexpr std::size_t cut_everywhere_max = 400;
constexpr std::size_t cuts_of_long = 50;
constexpr std::string_view probe = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

int asking = -1;        // the client's socket
std::size_t taken = 0;  // by the server, of the segment under way

sys::table counting_table() {
  sys::table t = sys::real_table;
  t.recv = [](int fd, void* into, std::size_t bytes, int flags) {
    const long n = sys::real_table.recv(fd, into, bytes, flags);
    if (n > 0 && fd != asking) taken += static_cast<std::size_t>(n);
    return n;
  };
  return t;
}

/// What differs between two answers to one request: the time, and the line between parts.
void mask(std::string& answer) {
  for (const std::string_view before : {"\r\nDate: ", "boundary="}) {
    for (std::size_t at = 0; (at = answer.find(before, at)) != std::string::npos; ++at) {
      const std::size_t begin = at + before.size();
      const std::string word = answer.substr(begin, answer.find("\r\n", begin) - begin);
      for (std::size_t i = begin; (i = answer.find(word, i)) != std::string::npos; ++i)
        answer.replace(i, word.size(), "*");
    }
  }
}

struct reply {
  std::string text;
  bool has_ended = false;
};

task<void> hear(net::tcp_stream* stream, reply* into) {
  for (;;) {
    auto more = co_await stream->read().result();
    if (!more || !*more) break;
    into->text += io::as_text(more->bytes());
  }
  into->has_ended = true;
}

/// Sends `text` in segments that end at `first`, and then every `step` bytes; gives all that comes.
task<std::string> ask(net::address at, std::string_view text, std::size_t first, std::size_t step) {
  auto stream = co_await net::connect(at);
  asking = stream.fd();
  reply heard;
  co_await scope([&](nursery& n) -> task<void> {
    n.spawn(hear(&stream, &heard));
    for (std::size_t end = first; !text.empty() && !heard.has_ended; end = step) {
      const std::string_view segment = text.substr(0, end);
      text.remove_prefix(segment.size());
      taken = 0;
      const auto sent = co_await stream.write_all(segment).result();
      if (!sent) break;  // the server has said its last word
      while (taken < segment.size() && !heard.has_ended)
        co_await yield_now();
    }
    (void)co_await stream.shutdown().result();
  });
  mask(heard.text);
  co_return std::move(heard.text);
}

task<void> ask_in_all_ways(net::address at, const peers::odd_request& request) {
  const std::string alone = request.bytes("\"tag\"");
  const std::string text = alone + std::string(probe);
  const std::string whole = co_await ask(at, text, text.size(), text.size());
  const std::size_t stride = alone.size() <= cut_everywhere_max ? 1 : alone.size() / cuts_of_long;
  for (std::size_t cut = 1; cut <= alone.size(); cut += stride) {
    const std::string answer = co_await ask(at, text, cut, text.size());
    EXPECT_EQ(answer, whole) << request.name << ", cut at " << cut;
    if (answer != whole) co_return;  // the others differ alike
  }
  if (stride != 1) co_return;
  const std::string bytewise = co_await ask(at, text, 1, 1);
  EXPECT_EQ(bytewise, whole) << request.name << ", byte by byte";
}

task<void> ask_everything(std::string site) {
  auto root = co_await fs::open_directory(site);
  auto listener = co_await net::listen("127.0.0.1:0");
  const net::address at = listener.local_address().value();
  http::static_files files(std::move(root));
  http::server server(std::move(listener), files);
  const peers::odd_requests requests = peers::read_odd_requests();
  EXPECT_GE(requests.all.size(), 200u);
  co_await scope([&](nursery& n) -> task<void> {
    n.spawn(server.run());
    for (const peers::odd_request& r : requests.all)
      co_await ask_in_all_ways(at, r);
    server.stop();
  });
}

class segments : public support::each_reactor {};

TEST_P(segments, do_not_change_the_answer_wherever_they_end) {
  const support::scratch_folder site;
  peers::make_site(site.path());
  const sys::table counting = counting_table();
  const sys::scoped_table in_force(counting);
  runtime_options how;
  how.reactor.kind = GetParam();
  runtime rt = std::move(runtime::make(how).value());
  rt.block_on(ask_everything(site.path()));
}
INSTANTIATE_TEST_SUITE_P(on, segments, support::reactors(), support::reactor_name);

}  // namespace
