#include <rouse/http/internal/client_pool.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/time/clock.hpp>

#include <algorithm>

namespace rouse::http {

client_pool::~client_pool() {
  ROUSE_ASSERT(in_use_ == 0);  // a client outlives its requests and their answers
}

void client_pool::connection::close() noexcept {
  stream_.close();
  if (pool_) std::exchange(pool_, nullptr)->end_use(to_);
}

void client_pool::connection::keep() noexcept {
  client_pool* pool = std::exchange(pool_, nullptr);
  ROUSE_ASSERT(pool != nullptr);
  pool->end_use(to_);
  pool->drop_expired();
  if (pool->options_.idle_max == 0) return stream_.close();
  if (pool->idle_.size() == pool->options_.idle_max) pool->idle_.erase(pool->idle_.begin());
  ROUSE_ASSERT(pool->idle_.size() < pool->idle_.capacity());
  pool->idle_.push_back({.to = std::move(to_), .stream = std::move(stream_), .since = now()});
}

client_pool::connection client_pool::begin_use(const origin& to) {
  auto found = std::ranges::find(counts_, to, &count::to);
  if (found == counts_.end()) found = counts_.insert(found, {.to = to});
  idle_.reserve(idle_.size() + in_use_ + 1);  // so that keep() cannot fail
  connection made(*this, to);
  ++found->in_use;
  ++in_use_;
  return made;
}

void client_pool::end_use(const origin& to) noexcept {
  const auto found = std::ranges::find(counts_, to, &count::to);
  ROUSE_ASSERT(found != counts_.end() && in_use_ != 0);
  --in_use_;
  if (--found->in_use == 0) counts_.erase(found);
  changed_.notify_all();
}

bool client_pool::take_idle(const origin& to, net::tcp_stream& into) noexcept {
  drop_expired();
  for (std::size_t i = idle_.size(); i-- != 0;) {  // the youngest is the likeliest to live
    if (!(idle_[i].to == to)) continue;
    into = std::move(idle_[i].stream);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    // An idle connection has nothing to say: an end of stream, or bytes that nobody asked for.
    if (sys::nonblocking::is_readable(into.fd()) == 0) return true;
    into.close();
  }
  return false;
}

// Makes room in the limit of all connections, if an idle one can go.
bool client_pool::has_room(const origin& to) noexcept {
  const auto found = std::ranges::find(counts_, to, &count::to);
  if (found != counts_.end() && found->in_use >= options_.connections_per_host_max) return false;
  if (in_use_ >= options_.connections_max) return false;
  if (in_use_ + idle_.size() >= options_.connections_max) idle_.erase(idle_.begin());
  return true;
}

void client_pool::drop_expired() noexcept {
  const instant at = now();
  std::erase_if(idle_, [&](const idle& i) { return at - i.since > options_.idle_limit; });
}

void client_pool::close_idle() noexcept { idle_.clear(); }

task<result<client_pool::connection>> client_pool::get(url& where, bool fresh) {
  const origin to{.host = where.host(), .port = where.port()};
  for (;;) {
    auto changed = changed_.wait();
    changed.enable();
    net::tcp_stream stream;
    if (!fresh && take_idle(to, stream)) {
      connection made = begin_use(to);
      made.stream_ = std::move(stream);
      made.is_reused_ = true;
      co_return std::move(made);
    }
    if (has_room(to)) break;
    co_await changed;
  }
  connection made = begin_use(to);
  const nanoseconds limit = options_.connect_limit;
  auto connected = co_await net::connect(where.endpoint(), {.within = limit}).result();
  if (!connected) co_return std::unexpected(connected.error());
  made.stream_ = std::move(*connected);
  co_return std::move(made);
}

}  // namespace rouse::http
