#include <rouse/http/internal/client_pool.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/time/clock.hpp>

#include <algorithm>

namespace rouse::http {

// A request in line. Leaves the line when it is destroyed; a place that it had got is given up by
// its connection.
class client_pool::waiter : public list_link {
 public:
  waiter(client_pool& pool, connection& place) noexcept : pool_(pool), place_(place) {
    ++pool_.find(place_.to_)->waiting;
    ++pool_.waiting_count_;
    pool_.waiting_.push_back(*this);
  }
  ~waiter() {
    --pool_.find(place_.to_)->waiting;
    --pool_.waiting_count_;
    pool_.forget_if_unused(place_.to_);
  }
  [[nodiscard]] const origin& to() const noexcept { return place_.to_; }
  void grant() noexcept {
    unlink();
    pool_.use(place_);
    granted_.notify_one();
  }
  [[nodiscard]] auto granted() noexcept { return granted_.wait(); }

 private:
  client_pool& pool_;
  connection& place_;
  sync::local_notify granted_;
};

client_pool::client_pool(const client_options& options) noexcept : options_(options) {}

client_pool::~client_pool() {
  ROUSE_ASSERT(in_use_ == 0 && waiting_count_ == 0);  // a client outlives its requests and answers
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

client_pool::count* client_pool::find(const origin& to) noexcept {
  const auto found = std::ranges::find(counts_, to, &count::to);
  return found == counts_.end() ? nullptr : &*found;
}

void client_pool::prepare(const origin& to) {
  idle_.reserve(idle_.size() + in_use_ + waiting_count_ + 1);
  if (!find(to)) counts_.push_back({.to = to});
}

bool client_pool::may_use(const origin& to) noexcept {
  return in_use_ < options_.connections_max && find(to)->in_use < options_.connections_per_host_max;
}

void client_pool::use(connection& place) noexcept {
  ++find(place.to_)->in_use;
  ++in_use_;
  place.pool_ = this;
}

void client_pool::end_use(const origin& to) noexcept {
  ROUSE_ASSERT(in_use_ != 0);
  --in_use_;
  --find(to)->in_use;
  waiter* next = waiting_.front();
  while (next && !may_use(next->to()))
    next = waiting_.next(*next);
  if (next) next->grant();
  forget_if_unused(to);
}

void client_pool::forget_if_unused(const origin& to) noexcept {
  std::erase_if(counts_,
                [&](const count& c) { return c.in_use == 0 && c.waiting == 0 && c.to == to; });
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

void client_pool::drop_expired() noexcept {
  const instant at = now();
  std::erase_if(idle_, [&](const idle& i) { return at - i.since > options_.idle_limit; });
}

void client_pool::close_idle() noexcept { idle_.clear(); }

task<result<client_pool::connection>> client_pool::get(url& where, bool fresh) {
  connection made(origin{.host = where.host(), .port = where.port()});
  prepare(made.to_);
  if (may_use(made.to_)) {
    use(made);
  } else {
    waiter in_line(*this, made);
    auto granted = in_line.granted();
    co_await granted;
  }
  if (!fresh && take_idle(made.to_, made.stream_)) {
    made.is_reused_ = true;
    co_return std::move(made);
  }
  if (in_use_ + idle_.size() > options_.connections_max) idle_.erase(idle_.begin());
  const nanoseconds limit = options_.connect_limit;
  auto connected = co_await net::connect(where.endpoint(), {.within = limit}).result();
  if (!connected) co_return std::unexpected(connected.error());
  made.stream_ = std::move(*connected);
  co_return std::move(made);
}

}  // namespace rouse::http
