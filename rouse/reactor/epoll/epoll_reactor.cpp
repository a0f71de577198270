#include <rouse/reactor/epoll/epoll_reactor.hpp>

#include <rouse/base/fork.hpp>
#include <rouse/reactor/internal/attempt.hpp>
#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/reactor/internal/spare_descriptor.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/nonblocking.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>

namespace rouse {
namespace {

constexpr std::uint64_t wake_key = ~std::uint64_t{0};  // no block has this index
constexpr std::uint32_t read_events = sys::event_in | sys::event_urgent | sys::event_peer_closed |
                                      sys::event_hang_up | sys::event_error;
constexpr std::uint32_t write_events = sys::event_out | sys::event_hang_up | sys::event_error;
constexpr std::uint32_t last_edges =
    sys::event_urgent | sys::event_peer_closed | sys::event_hang_up | sys::event_error;

constexpr nanoseconds pause_min = std::chrono::milliseconds(10);
constexpr nanoseconds pause_max = std::chrono::seconds(1);

// operation::driver_flags
constexpr std::uint8_t connect_begun = 1;
constexpr std::uint8_t is_paused = 2;

}  // namespace

/// The token, and an eventfd that ends a sleep in the kernel. Nobody reads the eventfd: each write
/// is an edge.
class epoll_reactor::wake_target final : public unpark_target {
 public:
  sys::event_fd event;  // set before the owner first sleeps

 private:
  void interrupt() noexcept override { event.signal(); }
};

epoll_reactor::epoll_reactor(const reactor_options& options) : reactor(options), pause_(pause_min) {
  ROUSE_ASSERT(options.events_max > 0 && options.lease_bytes > 0);
  auto target = std::make_unique<wake_target>();
  auto spare = std::make_unique<internal::spare_descriptor>();
  buffers_ = new internal::heap_lease_pool(
      {options.lease_bytes, options.lease_count, options.lease_heap_bytes_max});
  allow_calls(*buffers_);
  target_ = target.release();  // nothing throws any more
  spare_ = spare.release();
}

std::size_t epoll_reactor::leases_out() const noexcept { return buffers_->out_count(); }

epoll_reactor::~epoll_reactor() {
  starving_.clear();
  paused_.clear();
  shut_down();
  buffers_->orphan();
  delete spare_;
  target_->release();
}

rouse::unparker epoll_reactor::unparker() { return rouse::unparker(*target_); }

result<void> epoll_reactor::open() try {
  if (queue_) return check_process();
  auto event = sys::event_fd::open();
  if (!event) return std::unexpected(event.error());
  auto queue = sys::epoll::open();
  if (!queue) return std::unexpected(queue.error());
  if (auto added = queue->add_readable(event->get(), wake_key); !added) return added;
  spare_->restore(event->get());  // without one accepting only pauses
  events_.resize(options().events_max);
  target_->event = std::move(*event);
  queue_ = std::move(*queue);
  forks_ = fork_count();
  return {};
} catch (const std::bad_alloc&) {
  return std::unexpected(error("epoll", ENOMEM));
}

/// A forked child shares the kernel's queue with its parent, and must neither wait on it nor change
/// it.
result<void> epoll_reactor::check_process() const noexcept {
  if (forks_ == fork_count()) [[likely]]
    return {};
  return std::unexpected(error("epoll", errc::forked));
}

// ---- park

result<park_outcome> epoll_reactor::park(nanoseconds limit) {
  if (auto opened = open(); !opened) [[unlikely]]
    return std::unexpected(opened.error());
  const half_park b = begin(limit);
  return finish(b, wait(b.limit));
}

/// The queue itself is what another one waits for: readable while it has events to give out, that
/// of the wake-up among them.
result<int> epoll_reactor::wait_descriptor() {
  if (auto opened = open(); !opened) return std::unexpected(opened.error());
  return queue_.get();
}

result<outside_wait> epoll_reactor::begin_wait(nanoseconds limit) {
  const auto descriptor = wait_descriptor();
  if (!descriptor) return std::unexpected(descriptor.error());
  outside_ = begin(limit);
  return outside_wait{*descriptor, outside_.limit};
}

result<park_outcome> epoll_reactor::end_wait() {
  return finish(std::exchange(outside_, {}), wait(nanoseconds(0)));
}

epoll_reactor::half_park epoll_reactor::begin(nanoseconds limit) noexcept {
  half_park b;
  b.happened = drain_inbox();
  if (!starving_.is_empty()) feed_starving();
  if (has_undelivered()) limit = nanoseconds(0);
  if (resume_at_ != never) limit = std::min(limit, time_left(sys::monotonic_now(), resume_at_));
  if (limit.count() <= 0) return b;
  b.asleep = target_->begin_sleep();
  b.token = !b.asleep;
  if (b.asleep) b.limit = limit;
  return b;
}

result<park_outcome> epoll_reactor::finish(const half_park& b,
                                           const result<unsigned>& count) noexcept {
  const bool token = (b.asleep ? target_->end_sleep() : target_->consume()) || b.token;
  if (!count) [[unlikely]] {
    if (token) target_->unpark();  // not ours to lose
    return std::unexpected(count.error());
  }
  metrics_.turns++;
  for (unsigned i = 0; i < *count; i++)
    take(events_[i]);
  // an interrupted sleep ends like an event that concerned nobody: callers look at their clocks and
  // come back
  bool spurious = *count != 0 || std::exchange(interrupted_, false);
  if (resume_at_ != never && sys::monotonic_now() >= resume_at_) {
    resume_accepting();
    spurious = true;
  }
  const bool happened = drain_inbox() || b.happened;
  if (deliver() != 0 || happened) return park_outcome::events;
  return token || spurious ? park_outcome::woken : park_outcome::timed_out;
}

result<unsigned> epoll_reactor::wait(nanoseconds limit) noexcept {
  auto count = queue_.wait(events_.data(), static_cast<unsigned>(events_.size()), limit);
  if (!count && count.error().code == EINTR) [[unlikely]] {
    interrupted_ = limit.count() > 0;
    return 0;
  }
  return count;
}

void epoll_reactor::take(const sys::ready_event& event) noexcept {
  const std::uint64_t key = event.key;
  if (key == wake_key) return;
  metrics_.events++;
  source_block* block = find(key);
  if (!block) {
    metrics_.stale_events++;
    return;
  }
  const std::uint32_t events = event.events;
  if (events & last_edges) block->always_try = true;
  if (events & read_events) wake_side(block->read);
  if (events & write_events) wake_side(block->write);
}

void epoll_reactor::wake_side(source_side& side) noexcept {
  side.ready = true;
  operation* op = side.waiting;
  if (!op || op->current_state() != operation::state::started || (op->driver_flags & is_paused))
    return;
  waiting_--;
  signal(*op);
}

// ---- operations

bool epoll_reactor::start(operation& op) noexcept {
  source_block* block = op.target();
  if (!block) {
    op.finish(-EOPNOTSUPP);
    return true;
  }
  if (!block->side(side(op.code())).ready) return wait_for_edge(op);
  switch (op.code()) {
    case opcode::accept: return attempt_accept(op);
    case opcode::connect: return attempt_connect(op);
    default: return attempt(op);
  }
}

bool epoll_reactor::attempt(operation& op) noexcept {
  switch (internal::attempt(op, *buffers_)) {
    case internal::attempted::finished: return true;
    case internal::attempted::would_wait: return wait_for_edge(op);
    case internal::attempted::no_buffer: return wait_for_buffer(op);
  }
  ROUSE_UNREACHABLE();
}

bool epoll_reactor::wait_for_edge(operation& op) noexcept {
  source_block& block = *op.target();
  if (!block.registered) {
    auto ok = open();
    if (ok) ok = queue_.add(block.fd, block.key());
    if (!ok) {
      op.finish(-ok.error().code);
      return true;
    }
    block.registered = true;  // what came before the registration is reported by it
  }
  waiting_++;
  return false;
}

bool epoll_reactor::wait_for_buffer(operation& op) noexcept {
  metrics_.lease_waits++;
  op.set_state(operation::state::starving);
  starving_.push_back(op);
  waiting_++;
  return false;
}

void epoll_reactor::feed_starving() noexcept {
  for (std::size_t n = buffers_->available(); n != 0; n--) {
    operation* op = starving_.pop_front();
    if (!op) return;
    waiting_--;
    signal(*op);
  }
}

bool epoll_reactor::attempt_connect(operation& op) noexcept {
  const auto& to = *static_cast<const sys::socket_address*>(op.args().address);
  const int n = sys::nonblocking::connect(op.target()->fd, to);
  const bool begun = op.driver_flags & connect_begun;
  if (sys::nonblocking::is_connecting(n)) {
    op.driver_flags |= connect_begun;
    op.target()->write.ready = false;
    return wait_for_edge(op);
  }
  // EAGAIN, a full Unix backlog, is an answer: no edge would follow
  op.finish(begun && sys::nonblocking::is_connected(n) ? 0 : n);
  return true;
}

bool epoll_reactor::cancel(operation& op) noexcept {
  op.unlink();  // from starving_ or paused_
  if (op.is_in_reactor()) waiting_--;
  op.set_state(operation::state::spent);
  return true;
}

void epoll_reactor::detach(source_block& block) noexcept {
  if (block.registered && check_process()) queue_.remove(block.fd);
  block.registered = false;
}

// ---- accepting, also without descriptors (FAULTS R1)

bool epoll_reactor::attempt_accept(operation& op) noexcept {
  source_block& listener = *op.target();
  const int n = sys::nonblocking::accept(listener.fd);
  if (sys::nonblocking::would_block(n)) {
    listener.read.ready = false;
    return wait_for_edge(op);
  }
  if (n == -EMFILE || n == -ENFILE) {
    if (auto ok = open(); ok)
      metrics_.shed_connections +=
          static_cast<unsigned>(spare_->shed(listener.fd, target_->event.get()));
    return pause_accepting(op);
  }
  if (n == -ENOBUFS || n == -ENOMEM) return pause_accepting(op);
  if (n >= 0) pause_ = pause_min;
  op.finish(n);
  return true;
}

bool epoll_reactor::pause_accepting(operation& op) noexcept {
  op.driver_flags |= is_paused;
  paused_.push_back(op);
  waiting_++;
  if (resume_at_ == never) {
    resume_at_ = saturating_add(sys::monotonic_now(), pause_);
    pause_ = std::min(pause_ * 2, pause_max);
    metrics_.accept_back_offs++;
  }
  return false;
}

void epoll_reactor::resume_accepting() noexcept {
  resume_at_ = never;
  spare_->restore(target_->event.get());
  while (operation* op = paused_.pop_front()) {
    op->driver_flags &= static_cast<std::uint8_t>(~is_paused);
    waiting_--;
    signal(*op);
  }
}

}  // namespace rouse
