#include <rouse/reactor/mock/mock_reactor.hpp>

#include <rouse/base/condition.hpp>
#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/socket.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace rouse {
namespace {

constexpr std::uint8_t cancel_sent = 1;  // operation::driver_flags

}  // namespace

/// The token, and a condition to sleep on.
class mock_reactor::sleeper final : public unpark_target {
 public:
  /// The same to poll() on.
  result<int> descriptor() noexcept {
    lock_guard lock(mutex_);
    if (!event_) {
      auto fresh = sys::event_fd::open();
      if (!fresh) return std::unexpected(fresh.error());
      event_ = std::move(*fresh);
    }
    return event_.get();
  }
  void forget_interrupts() noexcept {
    lock_guard lock(mutex_);
    interrupted_ = false;
    if (event_) event_.drain();
  }
  /// Until interrupt() or `limit` has passed.
  void sleep(nanoseconds limit) noexcept {
    const instant until = saturating_add(sys::monotonic_now(), limit);
    lock_guard lock(mutex_);
    while (!interrupted_) {
      const nanoseconds left =
          limit == no_limit ? no_limit : time_left(sys::monotonic_now(), until);
      if (left.count() == 0) break;
      condition_.wait_for(mutex_, left);
    }
    interrupted_ = false;
  }

 private:
  void interrupt() noexcept override {
    lock_guard lock(mutex_);
    interrupted_ = true;
    condition_.notify_one();
    if (event_) event_.signal();
  }
  rouse::mutex mutex_;
  condition condition_;
  bool interrupted_ ROUSE_GUARDED_BY(mutex_) = false;
  sys::event_fd event_ ROUSE_GUARDED_BY(mutex_);  // for whoever sleeps outside
};

mock_reactor::mock_reactor(const reactor_options& options) : reactor(options) {
  auto target = std::make_unique<sleeper>();
  buffers_ = new internal::heap_lease_pool(
      {options.lease_bytes, options.lease_count, options.lease_heap_bytes_max});
  target_ = target.release();  // nothing throws any more
}

std::size_t mock_reactor::leases_out() const noexcept { return buffers_->out_count(); }

mock_reactor::~mock_reactor() {
  constexpr auto gone = -static_cast<std::int32_t>(errc::runtime_shut_down);
  while (operation* op = in_flight_.pop_front())
    if (!op->target()) complete(*op, gone);  // the others are found through their sources
  shut_down();
  for (auto& [fd, e] : endpoints_)
    for (const int waiting : e.backlog)
      sys::descriptor(waiting).reset();
  buffers_->orphan();
  target_->release();
}

rouse::unparker mock_reactor::unparker() { return rouse::unparker(*target_); }

// ---- the script

int mock_reactor::new_endpoint() {
  auto number = sys::event_fd::open();
  ROUSE_ASSERT(number);
  auto fd = sys::duplicate(number->get());
  ROUSE_ASSERT(fd);
  endpoints_[fd->get()] = endpoint{};
  return fd->release();
}

source mock_reactor::open_stream(source_kind kind) {
  auto s = attach(sys::descriptor(new_endpoint()), kind);
  ROUSE_ASSERT(s);
  return std::move(*s);
}

source mock_reactor::open_listener() { return open_stream(source_kind::listener); }

int mock_reactor::connect_peer(int listener) {
  const int fd = new_endpoint();
  endpoints_[listener].backlog.push_back(fd);
  return fd;
}

void mock_reactor::arrive(int fd, std::span<const std::byte> bytes) {
  auto& arrived = endpoints_[fd].arrived;
  arrived.insert(arrived.end(), bytes.begin(), bytes.end());
}
void mock_reactor::finish(int fd) { endpoints_[fd].finished = true; }
void mock_reactor::fail(int fd, int errno_value) { endpoints_[fd].failure = errno_value; }
void mock_reactor::set_room(int fd, std::size_t bytes) { endpoints_[fd].room = bytes; }

std::vector<std::byte> mock_reactor::take_sent(int fd) {
  endpoint& e = endpoints_[fd];
  e.room += e.sent.size();
  return std::exchange(e.sent, {});
}

void mock_reactor::answer(opcode code, std::int32_t result) { answers_[code].push_back(result); }

std::size_t mock_reactor::in_flight() noexcept {
  std::size_t n = 0;
  for (operation* op = in_flight_.front(); op; op = in_flight_.next(*op))
    n++;
  return n;
}

// ---- park

result<park_outcome> mock_reactor::park(nanoseconds limit) {
  metrics_.turns++;
  bool happened = drain_inbox();
  progress();
  bool token = false;
  if (limit.count() > 0 && !has_undelivered() && !happened) {
    if (target_->begin_sleep()) {
      target_->sleep(limit);
      token = target_->end_sleep();
    } else {
      token = true;
    }
    happened |= drain_inbox();
    progress();
  } else {
    token = target_->consume();
  }
  if (deliver() != 0 || happened) return park_outcome::events;
  return token ? park_outcome::woken : park_outcome::timed_out;
}

result<int> mock_reactor::wait_descriptor() { return target_->descriptor(); }

result<outside_wait> mock_reactor::begin_wait(nanoseconds limit) {
  const auto descriptor = wait_descriptor();
  if (!descriptor) return std::unexpected(descriptor.error());
  target_->forget_interrupts();
  progress();
  sleeps_outside_ = false;
  if (limit.count() > 0 && !has_undelivered() && !has_posted()) {
    sleeps_outside_ = target_->begin_sleep();
    if (!sleeps_outside_) target_->unpark();  // end_wait() tells of the token
  }
  return outside_wait{*descriptor, sleeps_outside_ ? limit : nanoseconds(0)};
}

result<park_outcome> mock_reactor::end_wait() {
  if (std::exchange(sleeps_outside_, false) && target_->end_sleep()) target_->unpark();
  return park(nanoseconds(0));
}

void mock_reactor::progress() noexcept {
  for (operation* op = in_flight_.front(); op;) {
    operation* next = in_flight_.next(*op);
    std::int32_t n = try_now(*op);
    if (n == nothing_yet && (op->driver_flags & cancel_sent)) n = -ECANCELED;
    if (n != nothing_yet) {
      op->unlink();
      metrics_.events++;
      complete(*op, n);
    }
    op = next;
  }
}

// ---- operations

bool mock_reactor::start(operation& op) noexcept {
  started_.push_back(op.code());
  if (!supports(op.code())) {
    op.finish(-EOPNOTSUPP);
    return true;
  }
  in_flight_.push_back(op);
  return false;
}

bool mock_reactor::cancel(operation& op) noexcept {
  if (late_cancel) {
    op.driver_flags |= cancel_sent;
    return false;
  }
  op.unlink();
  op.set_state(operation::state::spent);
  return true;
}

void mock_reactor::settle(operation& op) noexcept {
  const std::int32_t late = late_cancel ? try_now(op) : nothing_yet;
  op.unlink();
  if (late == nothing_yet)
    op.set_state(operation::state::spent);
  else
    op.finish(late);
}

void mock_reactor::detach(source_block& block) noexcept {
  auto found = endpoints_.find(block.fd);
  if (found == endpoints_.end()) return;
  for (const int waiting : found->second.backlog)
    sys::descriptor(waiting).reset();
  found->second.backlog.clear();
}

std::int32_t mock_reactor::try_now(operation& op) {
  if (auto scripted = answers_.find(op.code());
      scripted != answers_.end() && !scripted->second.empty()) {
    const std::int32_t n = scripted->second.front();
    scripted->second.pop_front();
    return n;
  }
  if (!op.target()) return nothing_yet;
  endpoint& e = endpoints_[op.target()->fd];
  const bool has_end = e.finished || e.failure != 0;
  switch (op.code()) {
    case opcode::receive:
    case opcode::receive_leased:
    case opcode::read: return try_receive(op, e);
    case opcode::readable:
      return !e.arrived.empty() || !e.backlog.empty() || has_end ? 0 : nothing_yet;
    case opcode::writable: return e.room != 0 || e.failure != 0 ? 0 : nothing_yet;
    case opcode::accept: {
      if (e.backlog.empty()) return e.failure != 0 ? -e.failure : nothing_yet;
      const int fd = e.backlog.front();
      e.backlog.pop_front();
      return fd;
    }
    case opcode::send:
    case opcode::write: return try_send(op.args(), false, e);
    case opcode::send_vectored: return try_send(op.args(), true, e);
    case opcode::connect: return -e.failure;
    default: return nothing_yet;
  }
}

std::int32_t mock_reactor::try_receive(operation& op, endpoint& e) {
  if (e.arrived.empty()) return e.failure != 0 ? -e.failure : e.finished ? 0 : nothing_yet;
  const bool leased = op.code() == opcode::receive_leased;
  auto* into = static_cast<std::byte*>(op.args().address);
  std::size_t bytes = op.args().length;
  if (leased) {
    into = buffers_->take();
    bytes = buffers_->buffer_bytes();
    if (!into) {
      if (op.current_state() != operation::state::starving) metrics_.lease_waits++;
      op.set_state(operation::state::starving);
      return nothing_yet;
    }
  }
  const auto n = std::min(bytes, e.arrived.size());
  const auto end = e.arrived.begin() + static_cast<std::ptrdiff_t>(n);
  std::copy(e.arrived.begin(), end, into);
  e.arrived.erase(e.arrived.begin(), end);
  if (leased) op.set_lease(lease(*buffers_, into, n));
  return static_cast<std::int32_t>(n);
}

std::int32_t mock_reactor::try_send(const operation::arguments& a, bool vectored, endpoint& e) {
  if (e.failure != 0) return -e.failure;
  const sys::slice one(
      std::span(static_cast<const std::byte*>(a.address), vectored ? 0 : a.length));
  const std::span<const sys::slice> slices =
      vectored ? std::span(static_cast<const sys::slice*>(a.address), a.length)
               : std::span(&one, 1);
  std::size_t sent = 0;
  std::size_t wanted = 0;
  for (const sys::slice& s : slices) {
    const auto* from = static_cast<const std::byte*>(s.data);
    const std::size_t n = std::min(s.size, e.room - sent);
    e.sent.insert(e.sent.end(), from, from + n);
    sent += n;
    wanted += s.size;
  }
  e.room -= sent;
  return sent == 0 && wanted != 0 ? nothing_yet : static_cast<std::int32_t>(sent);
}

}  // namespace rouse
