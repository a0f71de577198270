#include <rouse/reactor/epoll/epoll_reactor.hpp>

#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/sys/table.hpp>

#include <algorithm>
#include <cerrno>

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
constexpr int shed_max = 64;  // connections closed per pause

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

epoll_reactor::epoll_reactor(const reactor_options& options)
    : reactor(options),
      target_(new wake_target),
      buffers_(new internal::heap_lease_pool(
          {options.lease_bytes, options.lease_count, options.lease_heap_bytes_max})),
      pause_(pause_min) {
  ROUSE_ASSERT(options.events_max > 0 && options.lease_bytes > 0);
}

epoll_reactor::~epoll_reactor() {
  starving_.clear();
  paused_.clear();
  shut_down();
  buffers_->orphan();
  target_->release();
}

rouse::unparker epoll_reactor::unparker() { return rouse::unparker(*target_); }

result<void> epoll_reactor::open() {
  if (queue_) return {};
  auto event = sys::event_fd::open();
  if (!event) return std::unexpected(event.error());
  auto queue = sys::epoll::open();
  if (!queue) return std::unexpected(queue.error());
  if (auto added = queue->add_readable(event->get(), wake_key); !added) return added;
  if (auto spare = sys::duplicate(event->get()))
    spare_ = std::move(*spare);  // without one accepting only pauses
  events_.resize(options().events_max);
  target_->event = std::move(*event);
  queue_ = std::move(*queue);
  return {};
}

// ---- park

result<park_outcome> epoll_reactor::park(nanoseconds limit) {
  if (!queue_) [[unlikely]]
    if (auto opened = open(); !opened) return std::unexpected(opened.error());
  bool happened = drain_inbox();
  if (!starving_.is_empty()) feed_starving();
  if (has_undelivered()) limit = nanoseconds(0);
  if (resume_at_ != never) limit = std::min(limit, time_left(sys::monotonic_now(), resume_at_));

  bool token = false;
  bool asleep = limit.count() > 0;
  if (asleep && !target_->begin_sleep()) {
    token = true;
    asleep = false;
  }
  const auto count = wait(asleep ? limit : nanoseconds(0));
  if (asleep)
    token = target_->end_sleep();
  else
    token = target_->consume() || token;
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
    end_back_off();
    spurious = true;
  }
  happened |= drain_inbox();
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
  namespace call = sys::nonblocking;
  source_block* block = op.target();
  if (!block) {
    op.finish(-EOPNOTSUPP);
    return true;
  }
  source_side& half = block->side(side(op.code()));
  if (!half.ready) return wait_for_edge(op);
  const auto& a = op.args();
  switch (op.code()) {
    case opcode::receive: return try_receive(op, half);
    case opcode::receive_leased: return try_receive_leased(op, half);
    case opcode::send: return answer(op, half, call::send(block->fd, a.address, a.length));
    case opcode::send_vectored:
      return answer(
          op, half,
          call::send_vectored(block->fd, static_cast<const sys::slice*>(a.address), a.length));
    case opcode::read: return answer(op, half, call::read(block->fd, a.address, a.length));
    case opcode::write: return answer(op, half, call::write(block->fd, a.address, a.length));
    case opcode::accept: return try_accept(op, half);
    case opcode::connect: return try_connect(op, half);
    case opcode::readable:
    case opcode::writable: return try_readiness(op, half);
    default: break;
  }
  op.finish(-EOPNOTSUPP);
  return true;
}

bool epoll_reactor::answer(operation& op, source_side& side, long n) noexcept {
  if (sys::nonblocking::would_block(n)) {
    side.ready = false;
    return wait_for_edge(op);
  }
  op.finish(static_cast<std::int32_t>(n));
  return true;
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

void epoll_reactor::note_length(operation& op, source_side& side, long n,
                                std::size_t asked) noexcept {
  const source_block& block = *op.target();
  if (n > 0 && static_cast<std::size_t>(n) < asked && block.kind == source_kind::tcp &&
      !block.always_try && sys::calls().short_read_means_empty)
    side.ready = false;
}

bool epoll_reactor::try_receive(operation& op, source_side& side) noexcept {
  const auto& a = op.args();
  const long n = sys::nonblocking::receive(op.target()->fd, a.address, a.length);
  note_length(op, side, n, a.length);
  return answer(op, side, n);
}

bool epoll_reactor::try_receive_leased(operation& op, source_side& side) noexcept {
  std::byte* buffer = buffers_->take();
  if (!buffer) {
    metrics_.lease_waits++;
    op.set_state(operation::state::starving);
    starving_.push_back(op);
    waiting_++;
    return false;
  }
  const std::size_t bytes = buffers_->buffer_bytes();
  const long n = sys::nonblocking::receive(op.target()->fd, buffer, bytes);
  if (n <= 0) {
    buffers_->give_back(buffer);
    return answer(op, side, n);
  }
  note_length(op, side, n, bytes);
  op.set_lease(lease(*buffers_, buffer, static_cast<std::size_t>(n)));
  op.finish(static_cast<std::int32_t>(n));
  return true;
}

void epoll_reactor::feed_starving() noexcept {
  for (std::size_t n = buffers_->available(); n != 0; n--) {
    operation* op = starving_.pop_front();
    if (!op) return;
    waiting_--;
    signal(*op);
  }
}

bool epoll_reactor::try_connect(operation& op, source_side& side) noexcept {
  const auto& to = *static_cast<const sys::socket_address*>(op.args().address);
  const int n = sys::nonblocking::connect(op.target()->fd, to);
  const bool begun = op.driver_flags & connect_begun;
  if (sys::nonblocking::is_connecting(n)) {
    op.driver_flags |= connect_begun;
    side.ready = false;
    return wait_for_edge(op);
  }
  op.finish(begun && sys::nonblocking::is_connected(n)
                ? 0
                : n);  // EAGAIN, a full Unix backlog, is an answer: no edge follows
  return true;
}

bool epoll_reactor::try_readiness(operation& op, source_side& side) noexcept {
  const int fd = op.target()->fd;
  const int n = op.code() == opcode::readable ? sys::nonblocking::is_readable(fd)
                                              : sys::nonblocking::is_writable(fd);
  if (n == 0) {
    side.ready = false;
    return wait_for_edge(op);
  }
  op.finish(std::min(n, 0));
  return true;
}

bool epoll_reactor::cancel(operation& op) noexcept {
  op.unlink();  // from starving_ or paused_
  if (op.is_in_reactor()) waiting_--;
  op.set_state(operation::state::spent);
  return true;
}

void epoll_reactor::detach(source_block& block) noexcept {
  if (block.registered) queue_.remove(block.fd);
  block.registered = false;
}

// ---- accepting without descriptors (FAULTS R1)

bool epoll_reactor::try_accept(operation& op, source_side& side) noexcept {
  const int n = sys::nonblocking::accept(op.target()->fd);
  switch (-n) {
    case EMFILE:
    case ENFILE: shed(op.target()->fd); [[fallthrough]];
    case ENOBUFS:
    case ENOMEM: return out_of_descriptors(op);
    default: break;
  }
  if (n >= 0) pause_ = pause_min;
  return answer(op, side, n);
}

/// Whoever connects now would wait in the backlog for ever: take connections with the spare number
/// and close them.
void epoll_reactor::shed(int listener) noexcept {
  for (int i = 0; i < shed_max && spare_; i++) {
    spare_.reset();
    const int n = sys::nonblocking::accept(listener);
    if (n >= 0) {
      sys::descriptor(n).reset();
      metrics_.shed_connections++;
    }
    if (auto again = sys::duplicate(target_->event.get())) spare_ = std::move(*again);
    if (n < 0) return;
  }
}

bool epoll_reactor::out_of_descriptors(operation& op) noexcept {
  if (auto ok = open(); !ok) {
    op.finish(-ok.error().code);
    return true;
  }
  back_off(op);
  return false;
}

void epoll_reactor::back_off(operation& op) noexcept {
  op.driver_flags |= is_paused;
  paused_.push_back(op);
  waiting_++;
  if (resume_at_ != never) return;
  resume_at_ = saturating_add(sys::monotonic_now(), pause_);
  pause_ = std::min(pause_ * 2, pause_max);
  metrics_.accept_back_offs++;
}

void epoll_reactor::end_back_off() noexcept {
  resume_at_ = never;
  if (!spare_)
    if (auto again = sys::duplicate(target_->event.get())) spare_ = std::move(*again);
  while (operation* op = paused_.pop_front()) {
    op->driver_flags &= static_cast<std::uint8_t>(~is_paused);
    waiting_--;
    signal(*op);
  }
}

}  // namespace rouse
