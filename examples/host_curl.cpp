// libcurl's multi interface hosted by Rouse: curl says which sockets it waits on and when it wants
// to be woken, and the runtime does the waiting. One task asks a server of this program for three
// pages at once, over curl; a fourth question is given up.
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/rouse.hpp>
#include <rouse/runtime/foreign_sources.hpp>
#include <rouse/sync/oneshot.hpp>

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using rouse::task;

class curl_guest {
 public:
  explicit curl_guest(rouse::runtime& host) : sources_(host), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_guest::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_guest::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  curl_guest(const curl_guest&) = delete;
  curl_guest& operator=(const curl_guest&) = delete;
  ~curl_guest() { curl_multi_cleanup(multi_); }  // before the set, which it still calls

  struct answer {
    CURLcode how = CURLE_OK;
    long status = 0;
    std::string body;
  };
  /// One transfer. Cancelling it takes it out of curl.
  task<answer> get(std::string url) {
    transfer t(multi_);
    auto [done, wait] = rouse::sync::local_oneshot<CURLcode>();
    t.done = std::move(done);
    curl_easy_setopt(t.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(t.easy, CURLOPT_PRIVATE, &t);
    curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, &curl_guest::on_body);
    curl_easy_setopt(t.easy, CURLOPT_WRITEDATA, &t);
    curl_multi_add_handle(multi_, t.easy);  // sets its timer, and goes on from there
    t.result.how = co_await wait.receive();
    curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &t.result.status);
    co_return std::move(t.result);
  }

 private:
  struct transfer {
    explicit transfer(CURLM* of) : multi(of), easy(curl_easy_init()) {}
    transfer(const transfer&) = delete;
    transfer& operator=(const transfer&) = delete;
    ~transfer() {
      curl_multi_remove_handle(multi, easy);
      curl_easy_cleanup(easy);
    }
    CURLM* multi;
    CURL* easy;
    rouse::sync::local_oneshot_sender<CURLcode> done;
    answer result;
  };

  // What curl asks for.
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    rouse::foreign_sources& sources = static_cast<curl_guest*>(self)->sources_;
    if (what == CURL_POLL_REMOVE) return sources.remove(fd), 0;
    const rouse::foreign_interest wanted{.readable = (what & CURL_POLL_IN) != 0,
                                         .writable = (what & CURL_POLL_OUT) != 0};
    if (sources.modify(fd, wanted)) return 0;
    auto on_ready = [guest = static_cast<curl_guest*>(self)](rouse::foreign_events e) {
      guest->act(e.fd, (e.readable ? CURL_CSELECT_IN : 0) | (e.writable ? CURL_CSELECT_OUT : 0) |
                           (e.error ? CURL_CSELECT_ERR : 0));
    };
    return sources.watch(fd, wanted, on_ready) ? 0 : -1;
  }
  static int on_timer(CURLM*, long ms, void* self) {
    auto* guest = static_cast<curl_guest*>(self);
    if (ms < 0) return guest->sources_.clear_timer(), 0;
    auto on_timeout = [guest] { guest->act(CURL_SOCKET_TIMEOUT, 0); };
    return guest->sources_.set_timer(std::chrono::milliseconds(ms), on_timeout) ? 0 : -1;
  }
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* of) {
    static_cast<transfer*>(of)->result.body.append(bytes, count);
    return count;
  }

  // What curl is told.
  void act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      transfer* t = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
      (void)t->done.send(message->data.result);
    }
  }

  rouse::foreign_sources sources_;
  CURLM* multi_;
};

task<void> ask(curl_guest& curl, std::string base) {
  auto both = co_await rouse::when_all(curl.get(base + "/hello"), curl.get(base + "/large"),
                                       curl.get(base + "/none"));
  const auto& [hello, large, none] = both;
  std::printf("%ld %s\n", hello.status, hello.body.c_str());
  std::printf("%ld %zu bytes\n", large.status, large.body.size());
  std::printf("%ld\n", none.status);
  auto slow = co_await rouse::timeout(20ms, curl.get(base + "/slow")).result();
  std::puts(slow ? "an answer after all?" : slow.error().message().c_str());
}

task<void> serve_and_ask(curl_guest& curl) {
  rouse::http::router app;
  app.get("/hello", [](rouse::http::exchange& x) { x.text("hello, curl"); });
  app.get("/large", [](rouse::http::exchange& x) { x.text(std::string(1'000'000, 'x')); });
  app.get("/slow", [](rouse::http::exchange& x) -> task<void> {
    co_await rouse::sleep(300ms);
    x.text("at last");
  });
  auto listener = co_await rouse::net::listen("127.0.0.1:0");
  const std::string base = "http://" + listener.local_address()->to_string();
  rouse::http::server server(std::move(listener), app);
  co_await rouse::scope([&](rouse::nursery& n) -> task<void> {
    n.spawn(server.run());
    co_await ask(curl, base);
    server.stop();
  });
}

int main() {
  auto host = rouse::runtime::make();
  if (!host) return std::fprintf(stderr, "%s\n", host.error().message().c_str()), 1;
  curl_guest curl(*host);
  host->block_on(rouse::assume_owned(serve_and_ask(curl)));
}
