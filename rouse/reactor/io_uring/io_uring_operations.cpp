#include <rouse/reactor/internal/attempt.hpp>
#include <rouse/reactor/io_uring/internal/parts.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/epoll.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/nonblocking.hpp>

namespace rouse {

using namespace internal::uring;

namespace {

// Not urgent data: a poll that asks for it is told so with every arrival (Linux 6.18 passes on the
// wake's key instead of the socket's state). See check_quiet_sources().
constexpr unsigned read_events = sys::event_in | sys::event_peer_closed;
constexpr int last_edges = sys::event_peer_closed | sys::event_hang_up | sys::event_error;
constexpr int both_sides = sys::event_hang_up | sys::event_error;

std::uint32_t bit_of(opcode code) noexcept {
  return std::uint32_t{1} << static_cast<unsigned>(code);
}
static_assert(opcode_count <= 32);

unsigned kernel_operation(opcode code) noexcept {
  switch (code) {
    case opcode::connect: return IORING_OP_CONNECT;
    case opcode::read_at: return IORING_OP_READ;
    case opcode::write_at: return IORING_OP_WRITE;
    case opcode::open: return IORING_OP_OPENAT2;
    case opcode::status: return IORING_OP_STATX;
    case opcode::sync: return IORING_OP_FSYNC;
    case opcode::close: return IORING_OP_CLOSE;
    case opcode::unlink: return IORING_OP_UNLINKAT;
    case opcode::rename: return IORING_OP_RENAMEAT;
    case opcode::make_directory: return IORING_OP_MKDIRAT;
    default: return IORING_OP_LAST;
  }
}

void fill(io_uring_sqe& entry, operation& op) noexcept {
  const auto& a = op.args();
  const auto* path = static_cast<const char*>(a.address);
  const auto length = static_cast<unsigned>(a.length);
  const auto flags = static_cast<int>(a.flags);
  switch (op.code()) {
    case opcode::connect: {
      const auto& to = *static_cast<const sys::socket_address*>(a.address);
      return io_uring_prep_connect(&entry, a.fd, static_cast<const sockaddr*>(to.data()),
                                   to.size());
    }
    case opcode::read_at: return io_uring_prep_read(&entry, a.fd, a.address, length, a.offset);
    case opcode::write_at: return io_uring_prep_write(&entry, a.fd, a.address, length, a.offset);
    case opcode::open:
      return io_uring_prep_openat2(&entry, a.fd, path, static_cast<::open_how*>(a.extra));
    case opcode::status:
      return io_uring_prep_statx(&entry, a.fd, path, flags, length,
                                 static_cast<struct ::statx*>(a.extra));
    case opcode::sync:
      return io_uring_prep_fsync(&entry, a.fd, a.flags ? IORING_FSYNC_DATASYNC : 0);
    case opcode::close: return io_uring_prep_close(&entry, a.fd);
    case opcode::unlink: return io_uring_prep_unlinkat(&entry, a.fd, path, flags);
    case opcode::rename:
      return io_uring_prep_renameat(&entry, a.fd, path, static_cast<int>(length),
                                    static_cast<const char*>(a.extra), a.flags);
    case opcode::make_directory: return io_uring_prep_mkdirat(&entry, a.fd, path, a.flags);
    default: ROUSE_UNREACHABLE();
  }
}

internal::ring::ticket ticket_of(const operation& op) noexcept {
  return {std::uint64_t{op.driver_word[1]} << 32 | op.driver_word[0]};
}
void set_ticket(operation& op, internal::ring::ticket t) noexcept {
  op.driver_word[0] = static_cast<std::uint32_t>(t.epoch_and_index);
  op.driver_word[1] = static_cast<std::uint32_t>(t.epoch_and_index >> 32);
}

/// An interrupted open in a kernel thread answers with a number that no program should see.
int without_kernel_errno(int answer) noexcept {
  constexpr int restart_first = 512;  // ERESTARTSYS, ERESTARTNOINTR, ...
  constexpr int restart_last = 516;
  return answer <= -restart_first && answer >= -restart_last ? -EINTR : answer;
}

}  // namespace

bool io_uring_reactor::supports(opcode code) const noexcept {
  if (side(code) != side_of::none) return true;
  const unsigned operation = kernel_operation(code);
  return operation != IORING_OP_LAST && (refused_ & bit_of(code)) == 0 &&
         internal::kernel_has_operation(operation);
}

bool io_uring_reactor::start(operation& op) noexcept {
  switch (side(op.code())) {
    case side_of::none:
      if (supports(op.code())) return submit(op);
      op.finish(-EOPNOTSUPP);
      return true;
    case side_of::read: return op.code() == opcode::accept ? start_accept(op) : attempt(op);
    case side_of::write: break;
  }
  if (op.code() != opcode::connect) return attempt(op);
  // A Unix connect is done at once or not at all (EAGAIN). The ring would keep it while the backlog
  // is full, and on a DEFER_TASKRUN ring not even a cancel finds it (Linux 6.18).
  const auto& to = *static_cast<const sys::socket_address*>(op.args().address);
  const bool in_ring = connect_in_ring_ && !(op.driver_flags & by_call) &&
                       to.family() != sys::address_family::unix_path;
  return in_ring ? submit(op) : attempt_connect(op);
}

bool io_uring_reactor::submit(operation& op) noexcept {
  if (ring_)
    if (auto mine = check_thread(); !mine) [[unlikely]] {
      op.finish(-mine.error().code);
      return true;
    }
  bool& retracted =
      op.target() ? op.target()->side(side(op.code())).retracted : has_retracted_file_operation_;
  const bool goes_now =
      std::exchange(retracted, false);  // or a select loop would starve it (decision 10)
  waiting_++;
  if (!push(op))
    deferred_.push_back(op);
  else if (goes_now)
    (void)ring_->submit();
  return false;
}

bool io_uring_reactor::push(operation& op) noexcept {
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return false;
  fill(*entry, op);
  entry->user_data = user_data_of(&op, to_operation);
  set_ticket(op, ring_->ticket_of(entry));
  op.driver_flags |= is_in_kernel;
  in_kernel_.push_back(op);
  in_flight_++;
  return true;
}

/// True when the kernel never saw it: the entry does nothing now.
bool io_uring_reactor::retract(operation& op) noexcept {
  if (!ring_->retract(ticket_of(op))) return false;
  op.unlink();
  clear(op.driver_flags, is_in_kernel | cancel_wanted);
  in_flight_--;
  return true;
}

void io_uring_reactor::take_operation(operation& op, int answer) noexcept {
  const bool asked = op.is_cancel_asked() || (op.driver_flags & cancel_sent);
  op.unlink();
  clear(op.driver_flags, is_in_kernel | cancel_wanted | cancel_sent);
  waiting_--;
  if (phase_ != phase::working && answer == -ECANCELED && !op.is_cancel_asked()) {
    // The ring goes, not the operation: it starts again on the next one, or ends with its reactor.
    if (phase_ == phase::releasing || op.target()) return signal(op);
    return complete(op, -static_cast<std::int32_t>(errc::runtime_shut_down));
  }
  const int n = answer_of(op.code(), without_kernel_errno(answer));
  if (asked) return complete(op, n);
  if (op.code() != opcode::connect) return take_file_answer(op, n);
  if (n == -EINTR || n == -EINPROGRESS || n == -EALREADY || means_unsupported(n)) {
    // On its way, or nothing that the ring can do: the call tells, and waits for writability.
    op.driver_flags |= by_call;
    if (means_unsupported(n)) op.driver_flags |= refused;
    return signal(op);
  }
  complete(op, n);
}

void io_uring_reactor::take_file_answer(operation& op, int answer) noexcept {
  const std::uint32_t bit = bit_of(op.code());
  if (means_unsupported(answer) && (proven_ & bit) == 0) {
    refused_ |= bit;
    return complete(op, -EOPNOTSUPP);
  }
  proven_ |= bit;
  // A second fsync could report success for bytes that the first one lost, and a second close could
  // hit somebody else.
  const bool may_repeat = op.code() != opcode::sync && op.code() != opcode::close;
  if (answer == -EINTR && may_repeat) return signal(op);
  complete(op, answer);
}

// ---- calls

bool io_uring_reactor::attempt(operation& op) noexcept {
  source_side& half = op.target()->side(side(op.code()));
  if (op.code() == opcode::readable) {
    const listener* l = known_listener(*op.target());
    if (l && l->count != 0) {
      op.finish(0);
      return true;
    }
  }
  if (!half.ready) return wait_for_readiness(op);
  switch (internal::attempt(op, *buffers_)) {
    case internal::attempted::finished: return true;
    case internal::attempted::would_wait: return wait_for_readiness(op);
    case internal::attempted::no_buffer: break;
  }
  metrics_.lease_waits++;
  op.set_state(operation::state::starving);
  starving_.push_back(op);
  waiting_++;
  return false;
}

void io_uring_reactor::feed_starving() noexcept {
  for (std::size_t n = buffers_->available(); n != 0; n--) {
    operation* op = starving_.pop_front();
    if (!op) return;
    waiting_--;
    signal(*op);
  }
}

bool io_uring_reactor::attempt_connect(operation& op) noexcept {
  source_side& half = op.target()->write;
  const auto& to = *static_cast<const sys::socket_address*>(op.args().address);
  const bool begun = op.driver_flags & by_call;
  op.driver_flags |= by_call;
  const int n = sys::nonblocking::connect(op.target()->fd, to);
  if ((op.driver_flags & refused) && !means_unsupported(n)) connect_in_ring_ = false;
  if (sys::nonblocking::is_connecting(n)) {
    half.ready = false;
    return wait_for_readiness(op);
  }
  op.finish(begun && sys::nonblocking::is_connected(n) ? 0 : n);
  return true;
}

/// Remembers that a read waits where perhaps only a short one was taken for "empty", and that no
/// edge has confirmed it since.
void io_uring_reactor::doubt(source_block& block) noexcept {
  // A poll that is armed later looks at the socket itself.
  if (block.kind != source_kind::tcp || block.always_try || !(block.driver_flags & read_armed) ||
      (block.driver_flags & doubted))
    return;
  block.driver_flags |= doubted;
  doubted_++;
}

void io_uring_reactor::end_doubt(source_block& block) noexcept {
  if (!(block.driver_flags & doubted)) return;
  clear(block.driver_flags, doubted | quiet);
  doubted_--;
}

/// A read from a TCP socket also stops short at urgent data, and what follows it may have come
/// before: then no edge announces it. So whoever stays quiet after a short read, from one check to
/// the next, is asked once.
void io_uring_reactor::check_quiet_sources() noexcept {
  for_each_source([this](source_block& b) {
    if (!(b.driver_flags & doubted)) return;
    if (!(b.driver_flags & quiet)) {
      b.driver_flags |= quiet;
      return;
    }
    end_doubt(b);
    if (sys::nonblocking::is_readable(b.fd) == 0) return;
    b.always_try = true;
    wake_side(b.read);
  });
}

bool io_uring_reactor::wait_for_readiness(operation& op) noexcept {
  if (ring_)
    if (auto mine = check_thread(); !mine) [[unlikely]] {
      op.finish(-mine.error().code);
      return true;
    }
  if (side(op.code()) == side_of::read) doubt(*op.target());
  arm(*op.target(), side(op.code()));
  waiting_++;
  return false;
}

/// What came before the poll is entered is reported by it, so no edge is lost.
void io_uring_reactor::arm(source_block& block, side_of which) noexcept {
  if (block.driver_flags & armed_bit(which)) return;
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) {
    block.driver_flags |= arm_wanted_bit(which);
    arms_deferred_ = true;
    return;
  }
  // Writability is asked for only when a call would have waited, and once: a peer that reads would
  // else complete a poll with every read.
  const unsigned events = which == side_of::write ? sys::event_out : read_events;
  which == side_of::read&& multishot_poll_ ? io_uring_prep_poll_multishot(entry, block.fd, events)
                                           : io_uring_prep_poll_add(entry, block.fd, events);
  entry->user_data = user_data_of(block, which);
  clear(block.driver_flags, arm_wanted_bit(which));
  block.driver_flags |= armed_bit(which);
  in_flight_++;
}

void io_uring_reactor::take_readiness(source_block& block, side_of which, int answer,
                                      bool is_last) noexcept {
  if (is_last) clear(block.driver_flags, armed_bit(which));
  if (which == side_of::read) end_doubt(block);
  if (answer == -ECANCELED) return;  // we let go of it
  const int n = answer_of(which == side_of::write ? opcode::writable : opcode::readable, answer);
  if (n == -EINVAL && which == side_of::read)
    multishot_poll_ = false;  // before Linux 5.13: the next one is not
  // An error is no news of the descriptor. The call will tell, or ask for the next poll.
  if (n >= 0 && (n & last_edges)) block.always_try = true;
  wake_side(block.side(which));
  if (n >= 0 && (n & both_sides)) wake_side(which == side_of::write ? block.read : block.write);
}

void io_uring_reactor::wake_side(source_side& side) noexcept {
  side.ready = true;
  operation* op = side.waiting;
  if (!op || op->current_state() != operation::state::started || op->is_linked())
    return;  // linked: not by a poll
  if (op->code() == opcode::accept && op->target()) {
    const listener* l = known_listener(*op->target());
    if (l && (l->paused || !(l->by_call || !multishot_accept_))) return;
  }
  waiting_--;
  signal(*op);
}

// ---- letting go of one

bool io_uring_reactor::cancel(operation& op) noexcept {
  // In a forked child the request is the parent's, on the parent's memory.
  if ((op.driver_flags & is_in_kernel) && !thread_->is_forked()) {
    ROUSE_ASSERT(thread_->is_this_thread());  // its memory is lent to the kernel, which only the
                                              // owner can ask for it
    if (retract(op)) {
      (op.target() ? op.target()->side(side(op.code())).retracted : has_retracted_file_operation_) =
          true;
    } else {
      request_cancel(op);
      return false;
    }
  }
  op.unlink();  // from deferred_ or starving_
  waiting_--;
  op.set_state(operation::state::spent);
  return true;
}

void io_uring_reactor::request_cancel(operation& op) noexcept {
  if (op.driver_flags & cancel_sent) return;
  if (send_cancel(user_data_of(&op, to_operation))) {
    op.driver_flags |= cancel_sent;
  } else {
    op.driver_flags |= cancel_wanted;
    cancels_deferred_ = true;
  }
}

void io_uring_reactor::settle(operation& op) noexcept {
  if (cancel(op)) return;
  if (!(op.driver_flags & cancel_sent)) {
    insist_on_cancel(user_data_of(&op, to_operation));
    op.driver_flags |= cancel_sent;
  }
  (void)drive_until([&] { return !op.is_in_reactor(); }, never);
}

void io_uring_reactor::detach(source_block& block) noexcept {
  listener* l = known_listener(block);
  const std::uint8_t armed = block.driver_flags & (read_armed | write_armed);
  if (ring_ && (armed || (l && l->armed)) && !thread_->is_forked()) {
    ROUSE_ASSERT(
        thread_->is_this_thread());  // a poll holds on to the file, and only the owner can end it
    for (const side_of which : {side_of::read, side_of::write})
      if (armed & armed_bit(which)) insist_on_cancel(user_data_of(block, which));
    if (l && l->armed) insist_on_cancel(user_data_of(l, to_listener));
    (void)drive_until(
        [&] { return !(block.driver_flags & (read_armed | write_armed)) && !(l && l->armed); },
        never);
  }
  end_doubt(block);
  block.driver_flags = 0;
  if (!l) return;
  listeners_[block.index] = nullptr;
  delete l;  // closes what was accepted ahead
}

}  // namespace rouse
