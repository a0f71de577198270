#include <rouse/net/connect.hpp>

#include <rouse/core/current.hpp>
#include <rouse/net/internal/attach.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/net/resolve.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/time/sleep.hpp>

#include <algorithm>
#include <climits>
#include <memory>
#include <optional>
#include <vector>

namespace rouse::net {
namespace internal {
namespace {

int clamp_bytes(std::size_t bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(bytes, static_cast<std::size_t>(INT_MAX / 2)));
}

result<sys::descriptor> open_for(const address& to, const connect_options& options,
                                 const address& from) noexcept {
  const auto family = to.is_ipv4()   ? sys::address_family::ipv4
                      : to.is_ipv6() ? sys::address_family::ipv6
                                     : sys::address_family::unix_path;
  auto fd = sys::open_socket(family, sys::socket_type::stream);
  if (!fd) return fd;
  if (options.receive_buffer_bytes)
    if (auto set = sys::set_receive_buffer(fd->get(), clamp_bytes(options.receive_buffer_bytes));
        !set)
      return std::unexpected(set.error());
  if (options.send_buffer_bytes)
    if (auto set = sys::set_send_buffer(fd->get(), clamp_bytes(options.send_buffer_bytes)); !set)
      return std::unexpected(set.error());
  if (to.is_ip())
    if (auto set = sys::set_no_delay(fd->get(), true); !set) return std::unexpected(set.error());
  if (from)
    if (auto bound = sys::bind(fd->get(), to_native(from)); !bound)
      return std::unexpected(bound.error());
  return fd;
}

/// A free port on this machine, connected to by its own number: TCP's simultaneous open makes the
/// socket its own peer.
bool is_connected_to_itself(int fd, const address& to) noexcept {
  if (!to.is_ip() || !to.is_loopback()) return false;
  const auto here = sys::local_address(fd);
  return here && from_native(*here) == to;
}

/// One address being tried. Stays where it is.
class attempt {
 public:
  explicit attempt(address to) noexcept : peer_(std::move(to)), native_(to_native(peer_)) {}
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  poll_result<result<source>> poll(context& cx, const connect_options& options,
                                   const address& from) noexcept {
    if (!socket_) {
      const auto here = current_reactor("connect");
      if (!here) return std::unexpected(here.error());
      auto fd = open_for(peer_, options, from);
      if (!fd) return std::unexpected(fd.error());
      auto attached =
          (*here)->attach(std::move(*fd), peer_.is_unix() ? source_kind::stream : source_kind::tcp);
      if (!attached) return std::unexpected(attached.error());
      socket_ = std::move(*attached);
      operation_.connect(socket_, native_);
    }
    if (!operation_.poll(cx)) return pending;
    if (operation_.result() < 0) return std::unexpected(operation_.failure());
    if (is_connected_to_itself(socket_.fd(), peer_))
      return std::unexpected(error("connect", ECONNREFUSED));
    return result<source>(std::move(socket_));
  }
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] bool is_started() const noexcept { return static_cast<bool>(socket_); }
  [[nodiscard]] const address& peer() const noexcept { return peer_; }

 private:
  address peer_;
  sys::socket_address native_;
  source socket_;
  operation operation_;  // goes before its source
};

/// The first family stays first, then the families take turns (RFC 8305, section 4).
std::vector<address> interleave(std::vector<address> found) {
  std::vector<address> first, second, mixed;
  for (address& a : found)
    (a.family() == found.front().family() ? first : second).push_back(a);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); i++) {
    if (i < first.size()) mixed.push_back(std::move(first[i]));
    if (i < second.size()) mixed.push_back(std::move(second[i]));
  }
  return mixed;
}

constexpr nanoseconds retry_first = std::chrono::milliseconds(1);
constexpr nanoseconds retry_longest = std::chrono::milliseconds(50);

}  // namespace

/// Looks up, then races the addresses. Everything that waits lies here, so the operation itself can
/// move at any time.
class connect_state {
 public:
  connect_state(result<endpoint> where, const connect_options& options, bool unix_domain)
      : where_(std::move(where)), options_(options), unix_domain_(unix_domain) {
    if (options.from) from_ = *options.from;
    options_.from = nullptr;
    if (options.within != no_limit) deadline_.emplace(rouse::sleep(options.within));
  }

  poll_result<result<source>> poll(context& cx) {
    if (!where_) return std::unexpected(where_.error());
    if (cancelled_) return poll_race(cx);
    if (targets_.empty()) {
      auto looked = poll_targets(cx);
      if (!looked.is_ready()) return poll_deadline(cx);
      if (auto found = looked.take(); !found) return std::unexpected(found.error());
    }
    auto raced = poll_race(cx);
    if (raced.is_ready()) return raced;
    return poll_deadline(cx);
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    cancelled_ = true;
    deadline_.reset();
    pause_.reset();
    bool all = !lookup_ || lookup_->poll_cancel(cx).is_ready();
    for (auto& a : running_)
      if (!a->poll_cancel(cx).is_ready()) all = false;
    if (!all) return pending;
    return ready;
  }
  void disown() noexcept {
    if (lookup_) lookup_->disown();
    if (deadline_) deadline_->disown();
    if (pause_) pause_->disown();
    for (auto& a : running_)
      a->disown();
  }
  [[nodiscard]] std::string subject() const { return where_ ? where_->to_string() : std::string(); }
  [[nodiscard]] const address& peer() const noexcept { return peer_; }

 private:
  /// Ready: there are addresses to try.
  poll_result<result<void>> poll_targets(context& cx) {
    if (where_->is_resolved()) {
      if (where_->resolved().is_unix() != unix_domain_)
        return std::unexpected(error(unix_domain_ ? "connect: no Unix address"
                                                  : "connect: a Unix address needs connect_unix",
                                     errc::invalid_input));
      targets_.push_back(where_->resolved());
      return result<void>();
    }
    if (where_->is_any_host()) {
      targets_.push_back(address::loopback_v6(where_->port()));
      targets_.push_back(address::loopback_v4(where_->port()));
      return result<void>();
    }
    if (!lookup_) lookup_.emplace(resolve(where_->host(), where_->port()));
    auto answer = lookup_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto found = answer.take();
    lookup_.reset();
    if (!found) return std::unexpected(found.error());
    targets_ = interleave(std::move(*found));
    return result<void>();
  }

  /// Polls every address under way; starts the next one when the last has failed or had its head
  /// start.
  poll_result<result<source>> poll_race(context& cx) {
    for (;;) {
      for (std::size_t i = 0; i < running_.size();) {
        if (cancelled_ && !running_[i]->is_started()) return pending;
        auto answer = running_[i]->poll(cx, options_, from_);
        if (!answer.is_ready()) {
          i++;
          continue;
        }
        auto connected = answer.take();
        if (connected) {
          peer_ = running_[i]->peer();
          running_.clear();
          return connected;
        }
        last_ = connected.error();
        full_ = unix_domain_ && last_ == std::errc::resource_unavailable_try_again;
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        pause_.reset();  // no reason to give it a head start any more
      }
      if (cancelled_) return pending;
      if (full_) {  // nothing tells when there is room in the backlog
        const auto over = poll_pause(cx, retry_);
        if (over == pause::no_timer) return std::unexpected(last_);
        if (over == pause::waits) return pending;
        retry_ = std::min(retry_ * 2, retry_longest);
        full_ = false;
        next_ = 0;
      } else if (next_ == targets_.size()) {
        if (running_.empty()) return std::unexpected(last_);
        return pending;
      } else if (!running_.empty() && poll_pause(cx, options_.stagger) != pause::over) {
        return pending;  // without a timer: until the one before has failed
      }
      pause_.reset();
      running_.push_back(std::make_unique<attempt>(targets_[next_++]));
    }
  }

  enum class pause { waits, over, no_timer };
  pause poll_pause(context& cx, nanoseconds length) noexcept {
    if (!pause_) pause_.emplace(rouse::sleep(length));
    auto answer = pause_->poll(cx);
    if (!answer.is_ready()) return pause::waits;
    return answer.take() ? pause::over : pause::no_timer;
  }
  poll_result<result<source>> poll_deadline(context& cx) {
    if (!deadline_) return pending;
    auto answer = deadline_->poll(cx);
    if (!answer.is_ready()) return pending;
    running_.clear();
    lookup_.reset();
    if (const auto elapsed = answer.take(); !elapsed)
      return std::unexpected(error("connect", elapsed.error().code));
    return std::unexpected(error("connect", ETIMEDOUT));
  }

  result<endpoint> where_;
  connect_options options_;
  address from_;
  bool unix_domain_;
  bool cancelled_ = false;
  bool full_ = false;  // the last answer was "backlog full"
  std::vector<address> targets_;
  std::size_t next_ = 0;  // of targets_, not yet tried
  std::vector<std::unique_ptr<attempt>> running_;
  std::optional<resolve_operation> lookup_;
  std::optional<sleep_operation> deadline_;
  std::optional<sleep_operation> pause_;  // until the next address, or the next try of a full one
  nanoseconds retry_ = retry_first;
  error last_{"connect", errc::host_not_found};
  address peer_;
};

connect_base::connect_base(result<endpoint> where, const connect_options& options, bool unix_domain)
    : state_(new connect_state(std::move(where), options, unix_domain)) {}
connect_base::~connect_base() { delete state_; }
poll_result<rouse::result<source>> connect_base::poll_source(context& cx) {
  return state_->poll(cx);
}
poll_result<void> connect_base::poll_cancel(context& cx) noexcept {
  return state_->poll_cancel(cx);
}
void connect_base::disown() noexcept { state_->disown(); }
std::string connect_base::subject() const { return state_->subject(); }
address connect_base::peer() const noexcept { return state_->peer(); }

}  // namespace internal

connect_operation connect(std::string_view where, const connect_options& options) {
  return {endpoint::parse(where), options};
}
connect_operation connect(endpoint where, const connect_options& options) {
  return {std::move(where), options};
}

connect_unix_operation connect_unix(std::string_view where, const connect_options& options) {
  auto parsed = where.starts_with("unix:") ? address::parse(where) : address::unix_path(where);
  if (!parsed) return {std::unexpected(parsed.error()), options};
  return {endpoint(std::move(*parsed)), options};
}
connect_unix_operation connect_unix(const address& where, const connect_options& options) {
  return {endpoint(where), options};
}

}  // namespace rouse::net
