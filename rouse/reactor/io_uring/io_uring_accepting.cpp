#include <rouse/reactor/internal/spare_descriptor.hpp>
#include <rouse/reactor/io_uring/internal/parts.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/nonblocking.hpp>

#include <algorithm>
#include <chrono>
#include <new>

namespace rouse {

using namespace internal::uring;

namespace {

constexpr nanoseconds pause_max = std::chrono::seconds(1);

bool is_out_of_descriptors(int answer) noexcept {
  return answer == -EMFILE || answer == -ENFILE || answer == -ENOBUFS || answer == -ENOMEM;
}

}  // namespace

io_uring_reactor::listener* io_uring_reactor::known_listener(
    const source_block& block) const noexcept {
  return block.index < listeners_.size() ? listeners_[block.index] : nullptr;
}

io_uring_reactor::listener* io_uring_reactor::make_listener(source_block& block) noexcept {
  if (listener* l = known_listener(block)) return l;
  try {
    if (listeners_.size() <= block.index) listeners_.resize(block.index + 1);
    // One turn can bring as many connections as the completion queue holds, after the turn in which
    // the mark was reached.
    const unsigned entries = std::max(options().ring_entries, internal::ring::entries_min);
    const std::uint32_t room =
        2 * entries * internal::ring::completions_per_entry + accepted_ahead_max;
    return listeners_[block.index] = new listener(block, room);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

bool io_uring_reactor::start_accept(operation& op) noexcept {
  listener* l = make_listener(*op.target());
  if (!l || (ring_ && !check_thread())) {
    op.finish(l ? -check_thread().error().code : -ENOMEM);
    return true;
  }
  if (l->count != 0) {
    op.finish(l->pop());
    return true;
  }
  if (l->by_call || !multishot_accept_) return accept_by_call(op, *l);
  if (std::exchange(l->call_next, false)) {
    const int n = sys::nonblocking::accept(op.target()->fd);
    if (!sys::nonblocking::would_block(n) && !is_out_of_descriptors(n)) {
      op.finish(n);
      return true;
    }
  }
  waiting_++;
  tend(*l);
  return false;
}

bool io_uring_reactor::accept_by_call(operation& op, listener& from) noexcept {
  source_side& half = op.target()->read;
  if (from.paused) {
    waiting_++;
    return false;
  }
  if (!half.ready) return wait_for_readiness(op);
  const int n = sys::nonblocking::accept(op.target()->fd);
  if (is_out_of_descriptors(n)) {
    waiting_++;
    pause_accepting(from);
    return false;
  }
  if (n >= 0 || sys::nonblocking::would_block(n))
    multishot_accept_ = false;  // so it was the ring that refused
  if (sys::nonblocking::would_block(n)) {
    half.ready = false;
    return wait_for_readiness(op);
  }
  if (n >= 0) pause_ = pause_min;
  op.finish(n);
  return true;
}

void io_uring_reactor::tend_later(listener& of) noexcept {
  if (!of.is_linked()) untended_.push_back(of);
}

/// Has the ring accept while somebody waits, and stops it when too much has been accepted ahead.
void io_uring_reactor::tend(listener& of) noexcept {
  if (of.armed) {
    const bool is_wanted = of.count < accepted_ahead_max && !of.by_call;
    if (is_wanted || of.cancelling) return;
    of.cancelling = send_cancel(user_data_of(&of, to_listener));
    if (of.cancelling)
      (void)ring_->submit();  // nobody waits, so the next turn may be far away
    else
      tend_later(of);
    return;
  }
  if (of.paused || !of.waiting()) return;
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return tend_later(of);
  io_uring_prep_multishot_accept(entry, of.block.fd, nullptr, nullptr,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
  entry->user_data = user_data_of(&of, to_listener);
  of.armed = true;
  in_flight_++;
}

void io_uring_reactor::take_connection(listener& from, int answer, bool is_last) noexcept {
  if (is_last) from.armed = from.cancelling = false;
  const int n = answer == -ECANCELED ? answer : answer_of(opcode::accept, answer);
  operation* op = from.waiting();
  if (n >= 0) {
    pause_ = pause_min;
    from.failures = 0;
    if (op) {
      waiting_--;
      complete(*op, n);
    } else if (from.count < from.capacity) {
      from.push(n);
      wake_side(from.block.read);  // somebody may wait for readability
    } else {
      sys::descriptor(n).reset();
      metrics_.shed_connections++;
    }
  } else if (is_out_of_descriptors(n)) {
    // The multishot ends with this, silently as far as the socket is concerned (FAULTS R2).
    pause_accepting(from);
  } else if (n != -ECANCELED) {
    // Of one connection, or of this kernel: the call skips the first and tells about the second.
    constexpr unsigned failures_max = 8;  // without a connection in between
    from.by_call =
        means_unsupported(n) || sys::nonblocking::would_block(n) || ++from.failures == failures_max;
    from.call_next = true;
    if (op) {
      waiting_--;
      signal(*op);
    }
  }
  tend_later(from);
}

void io_uring_reactor::pause_accepting(listener& at) noexcept {
  if (at.paused) return;
  metrics_.shed_connections +=
      static_cast<unsigned>(spare_->shed(at.block.fd, target_->event.get()));
  at.unlink();  // from untended_
  at.paused = true;
  paused_.push_back(at);
  if (resume_at_ != never) return;
  resume_at_ = saturating_add(sys::monotonic_now(), pause_);
  pause_ = std::min(pause_ * 2, pause_max);
  metrics_.accept_back_offs++;
}

void io_uring_reactor::resume_accepting() noexcept {
  resume_at_ = never;
  spare_->restore(target_->event.get());
  while (listener* l = paused_.pop_front()) {
    l->paused = false;
    if (l->by_call || !multishot_accept_)
      wake_side(l->block.read);
    else
      tend(*l);
  }
}

}  // namespace rouse
