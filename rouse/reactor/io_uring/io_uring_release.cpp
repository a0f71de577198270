#include <rouse/base/fork.hpp>
#include <rouse/base/log.hpp>
#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/reactor/internal/spare_descriptor.hpp>
#include <rouse/reactor/io_uring/internal/parts.hpp>
#include <rouse/sys/clock.hpp>

#include <utility>
#include <vector>

namespace rouse {

using namespace internal::uring;

namespace {

// What could not be let go: kept reachable, never touched again.
struct graveyard {
  mutex lock;
  std::vector<internal::ring*> rings;
  list<operation> operations;
  std::uint64_t count = 0;
};
graveyard& the_graveyard() noexcept {
  static auto* const instance = new graveyard;  // outlives every thread
  return *instance;
}

fork_mutex& thread_links_lock() noexcept {
  static auto* const lock = new fork_mutex(fork_mutex::rank::outermost);  // outlives every thread
  return *lock;
}
[[maybe_unused]] const fork_mutex& made_before_main = thread_links_lock();  // see fork_mutex

constinit thread_local char this_thread = 0;  // its address names the thread

}  // namespace

// ---- threads

/// The rings of one thread; its destructor runs when the thread ends.
struct io_uring_reactor::thread_link::rings_of_thread {
  list<thread_link> links;
  ~rings_of_thread() {
    // Under the lock, so that nobody destroys a reactor while it is being released. No user code
    // runs in there.
    lock_guard lock(thread_links_lock());
    while (thread_link* l = links.pop_front()) {
      if (!l->is_forked()) l->reactor_.let_go(phase::releasing);
      l->owner_ = nullptr;
    }
  }
};

void io_uring_reactor::thread_link::tie() noexcept {
  static thread_local rings_of_thread here;
  lock_guard lock(thread_links_lock());
  here.links.push_back(*this);
  owner_ = &this_thread;
  forks_ = fork_count();
}

void io_uring_reactor::thread_link::untie() noexcept {
  lock_guard lock(thread_links_lock());
  unlink();
  owner_ = nullptr;
}

bool io_uring_reactor::thread_link::is_this_thread() const noexcept {
  return owner_ == &this_thread && !is_forked();
}

// ---- letting go of all

result<void> io_uring_reactor::release_thread() {
  if (!ring_) return {};
  if (auto mine = check_thread(); !mine) return mine;
  let_go(phase::releasing);
  thread_->untie();
  return {};
}

/// On the owner's thread: takes everything back from the kernel and closes the ring.
void io_uring_reactor::let_go(phase why) noexcept {
  if (!ring_) return;
  phase_ = why;
  cancel_everything();
  const auto only_abandoned = [this] {
    for (operation* op = in_kernel_.front(); op; op = in_kernel_.next(*op))
      if (!op->is_abandoned()) return false;
    return true;
  };
  const instant deadline = saturating_add(sys::monotonic_now(), teardown_limit_);
  if (!drive_until([this] { return in_flight_ == 0; }, deadline)) {
    // Memory of others is never left to the kernel, whatever the deadline; what is abandoned is
    // ours to keep for ever.
    (void)drive_until(only_abandoned, never);
  }
  if (in_kernel_.is_empty()) {
    ring_->close();
    delete std::exchange(ring_, nullptr);
  } else {
    leak_ring();
  }
  in_flight_ = 0;
  wake_armed_ = false;
  for (listener* l : listeners_)
    if (l) l->armed = l->cancelling = false;
  for_each_source([this](source_block& b) {
    end_doubt(b);
    b.driver_flags = 0;
    for (source_side* half : {&b.read, &b.write}) {
      half->ready = true;  // edges from now on are lost
      operation* op = half->waiting;
      if (!op || op->current_state() != operation::state::started || op->is_linked()) continue;
      waiting_--;
      signal(*op);
    }
  });
}

void io_uring_reactor::cancel_everything() noexcept {
  list<operation> todo;
  todo.splice_back(in_kernel_);
  while (operation* op = todo.pop_front()) {
    in_kernel_.push_back(*op);
    if (retract(*op)) {
      take_operation(*op, -ECANCELED);
    } else if (!(op->driver_flags & cancel_sent)) {
      insist_on_cancel(user_data_of(op, to_operation));
    }
  }
  for_each_source([this](source_block& b) {
    for (const side_of which : {side_of::read, side_of::write})
      if (b.driver_flags & armed_bit(which)) insist_on_cancel(user_data_of(b, which));
  });
  for (listener* l : listeners_)
    if (l && l->armed) insist_on_cancel(user_data_of(l, to_listener));
  if (wake_armed_) insist_on_cancel(user_data_of(target_, to_wake_target));
  (void)ring_->submit();
}

void io_uring_reactor::leak_ring() noexcept {
  graveyard& grave = the_graveyard();
  lock_guard lock(grave.lock);
  std::uint64_t count = 0;
  while (operation* op = in_kernel_.pop_front()) {
    grave.operations.push_back(*op);
    waiting_--;
    count++;
  }
  grave.count += count;
  metrics_.leaked_operations += count;
  try {
    grave.rings.push_back(ring_);
  } catch (...) {  // then it is unreachable as well
  }
  ring_ = nullptr;
  ROUSE_LOG(error, "io_uring: %llu abandoned operations did not end in time and are kept for ever",
            static_cast<unsigned long long>(count));
}

std::uint64_t io_uring_reactor::leaked_operations() noexcept {
  graveyard& grave = the_graveyard();
  lock_guard lock(grave.lock);
  return grave.count;
}

io_uring_reactor::~io_uring_reactor() {
  const bool is_mine = thread_->is_this_thread();
  thread_->untie();  // from here on the end of the owner's thread does not concern us
  if (ring_ && is_mine) {
    let_go(phase::ending);
  } else if (ring_ && thread_->is_forked()) {
    ring_->forget();  // the parent's requests do not touch this process's memory
    delete ring_;
    in_kernel_.clear();
  } else if (ring_) {
    for (operation* op = in_kernel_.front(); op; op = in_kernel_.next(*op))
      ROUSE_ASSERT(op->is_abandoned());  // wrong thread, and the kernel still has memory that is
                                         // not ours to keep
    if (in_kernel_.is_empty()) {
      ring_->close_elsewhere();
      delete ring_;
    } else {
      leak_ring();
    }
  }
  ring_ = nullptr;
  while (operation* op = deferred_.pop_front())
    if (!op->target()) complete(*op, -static_cast<std::int32_t>(errc::runtime_shut_down));
  starving_.clear();
  paused_.clear();
  untended_.clear();
  for (listener* l : listeners_)
    delete l;
  shut_down();
  buffers_->orphan();
  target_->release();
  delete thread_;
  delete spare_;
}

}  // namespace rouse
