#include <tests/faults/hosted.hpp>

#include <rouse/runtime/foreign_sources.hpp>
#include <rouse/sys/clock.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace faults {

using namespace rouse;
using namespace std::chrono_literals;

namespace {

/// Its own calls never fail: what is looked at is who waits for it.
class guest {
 public:
  guest(runtime& rt, std::string_view text, outcome& out) : sources_(rt), text_(text), out_(out) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_) != 0)
      throw_error(error("socketpair", errno));
    auto begin = [this] { watch_both(); };
    if (auto set = sources_.set_timer(1ms, begin); !set) give_up("timer", set.error());
  }
  guest(const guest&) = delete;
  guest& operator=(const guest&) = delete;
  ~guest() {
    for (const int fd : ends_) {
      sources_.remove(fd);
      ::close(fd);
    }
  }
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  void watch_both() {
    auto write = [this](foreign_events e) { write_some(e); };
    auto read = [this](foreign_events e) { read_some(e); };
    if (auto watched = sources_.watch(ends_[0], {.writable = true}, write); !watched)
      return give_up("watch", watched.error());
    if (auto watched = sources_.watch(ends_[1], {.readable = true}, read); !watched)
      give_up("watch", watched.error());
  }
  void write_some(foreign_events e) {
    if (!e.writable) return give_up("told", error("writer", EIO));
    const std::string_view rest = text_.substr(sent_);
    const auto n = ::send(e.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n > 0) sent_ += static_cast<std::size_t>(n);
    if (sent_ == text_.size()) sources_.remove(e.fd);
  }
  void read_some(foreign_events e) {
    if (!e.readable) return give_up("told", error("reader", EIO));
    std::array<char, 4096> some;
    const auto n = ::recv(e.fd, some.data(), some.size(), 0);
    if (n <= 0) return out_.note_wrong("reader", "told of bytes where there are none");
    const std::string_view came(some.data(), static_cast<std::size_t>(n));
    if (text_.substr(read_, came.size()) != came)
      out_.note_wrong("reader", "got bytes that were not sent");
    read_ += came.size();
    if (read_ != text_.size()) return;
    is_over_ = true;
    out_.note_complete();
  }
  void give_up(const char* who, const error& why) {
    out_.note_failure(who, why);
    is_over_ = true;
  }

  foreign_sources sources_;
  std::string_view text_;
  outcome& out_;
  int ends_[2] = {-1, -1};
  std::size_t sent_ = 0;
  std::size_t read_ = 0;
  bool is_over_ = false;
};

}  // namespace

void run_hosted(runtime& rt, std::string_view text, nanoseconds hang_limit, outcome& out) {
  guest g(rt, text, out);
  const auto give_up = std::chrono::steady_clock::now() + hang_limit;
  while (!g.is_over()) {
    if (std::chrono::steady_clock::now() > give_up) return out.note_wrong("scenario", "hangs");
    const auto wait = rt.begin_wait();
    if (!wait) return out.note_failure("host", wait.error());
    pollfd p{wait->descriptor, POLLIN, 0};
    const int limit = wait->milliseconds();
    const int most =
        static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(hang_limit).count());
    (void)::poll(&p, 1, limit < 0 ? most : std::min(limit, most));
    rt.turn(0ns);
  }
}

}  // namespace faults
