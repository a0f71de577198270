#include <rouse/reactor/io_uring/io_uring_reactor.hpp>

#include <rouse/base/log.hpp>
#include <rouse/base/mutex.hpp>
#include <rouse/reactor/internal/attempt.hpp>
#include <rouse/reactor/internal/spare_descriptor.hpp>
#include <rouse/reactor/io_uring/internal/ring.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/epoll.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/table.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>

namespace rouse {
namespace {

constexpr unsigned read_events = sys::event_in | sys::event_urgent | sys::event_peer_closed;
constexpr int last_edges =
    sys::event_urgent | sys::event_peer_closed | sys::event_hang_up | sys::event_error;
constexpr int both_sides = sys::event_hang_up | sys::event_error;

constexpr nanoseconds pause_min = std::chrono::milliseconds(10);
constexpr nanoseconds pause_max = std::chrono::seconds(1);

// What a completion belongs to: the low bits of its user_data, above them a pointer. All zero:
// nobody waits for it.
enum tag : std::uint64_t { to_operation, to_read_side, to_write_side, to_listener, to_wake_target };
constexpr std::uint64_t tag_mask = 7;
static_assert(alignof(operation) > tag_mask && alignof(source_block) > tag_mask);

std::uint64_t user_data_of(const void* p, tag t) noexcept {
  return reinterpret_cast<std::uintptr_t>(p) | t;
}
std::uint64_t user_data_of(const source_block& b, side_of which) noexcept {
  return user_data_of(&b, which == side_of::write ? to_write_side : to_read_side);
}

// operation::driver_flags
constexpr std::uint8_t is_in_kernel = 1;   // entered into the ring
constexpr std::uint8_t cancel_wanted = 2;  // once there is room for the entry
constexpr std::uint8_t cancel_sent = 4;
constexpr std::uint8_t by_call = 8;   // connect: the ring gave no answer of its own
constexpr std::uint8_t refused = 16;  // connect: but an error that may mean that it never will

// source_block::driver_flags
constexpr std::uint8_t read_armed = 1;
constexpr std::uint8_t write_armed = 2;
constexpr std::uint8_t read_arm_wanted = 4;
constexpr std::uint8_t write_arm_wanted = 8;

constexpr std::uint8_t armed_bit(side_of which) noexcept {
  return which == side_of::write ? write_armed : read_armed;
}
constexpr std::uint8_t arm_wanted_bit(side_of which) noexcept {
  return which == side_of::write ? write_arm_wanted : read_arm_wanted;
}
void clear(std::uint8_t& flags, std::uint8_t bits) noexcept {
  flags &= static_cast<std::uint8_t>(~bits);
}

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

/// What the kernel said, after the fault seam has had its word. A descriptor that came is closed
/// when it is made to fail.
int answer_of(opcode code, int said) noexcept {
  const auto seam = sys::calls().ring_completion;
  if (!seam) [[likely]]
    return said;
  const int n = seam(static_cast<unsigned char>(code), said);
  if (n < 0 && said >= 0 && (code == opcode::accept || code == opcode::open))
    sys::descriptor(said).reset();
  return n;
}

bool is_out_of_descriptors(int answer) noexcept {
  return answer == -EMFILE || answer == -ENFILE || answer == -ENOBUFS || answer == -ENOMEM;
}

/// An interrupted open in a kernel thread answers with a number that no program should see.
int without_kernel_errno(int answer) noexcept {
  constexpr int restart_first = 512;  // ERESTARTSYS, ERESTARTNOINTR, ...
  constexpr int restart_last = 516;
  return answer <= -restart_first && answer >= -restart_last ? -EINTR : answer;
}

/// Of the request as such, on a kernel that lacks it or forbids it.
bool means_unsupported(int answer) noexcept { return answer == -EINVAL || answer == -EOPNOTSUPP; }

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

mutex& thread_links_lock() noexcept {
  static auto* const lock = new mutex;  // outlives every thread
  return *lock;
}

constinit thread_local char this_thread = 0;  // its address names the thread

}  // namespace

/// The token, and an eventfd that ends a sleep in the kernel. Nobody reads the eventfd: each write
/// is an edge.
class io_uring_reactor::wake_target final : public unpark_target {
 public:
  sys::event_fd event;  // set before the owner first sleeps

 private:
  void interrupt() noexcept override { event.signal(); }
};

/// Ties a reactor to the thread that owns its ring, so that the end of the thread releases it.
class io_uring_reactor::thread_link final : public list_link {
 public:
  explicit thread_link(io_uring_reactor& of) noexcept : reactor_(of) {}
  ~thread_link() { untie(); }

  void tie() noexcept {
    static thread_local rings_of_thread here;
    lock_guard lock(thread_links_lock());
    here.links.push_back(*this);
    owner_ = &this_thread;
    fork_count_ = sys::fork_count();
  }
  void untie() noexcept {
    lock_guard lock(thread_links_lock());
    unlink();
    owner_ = nullptr;
  }
  [[nodiscard]] bool is_this_thread() const noexcept {
    return owner_ == &this_thread && !is_forked();
  }
  [[nodiscard]] bool is_forked() const noexcept { return fork_count_ != sys::fork_count(); }

 private:
  struct rings_of_thread {
    list<thread_link> links;
    ~rings_of_thread() {
      // Under the lock, so that nobody destroys a reactor while it is being released. No user code
      // runs in there.
      lock_guard lock(thread_links_lock());
      while (thread_link* l = links.pop_front()) {
        l->reactor_.let_go(phase::releasing);
        l->owner_ = nullptr;
      }
    }
  };

  io_uring_reactor& reactor_;
  const char* owner_ = nullptr;
  unsigned fork_count_ = 0;
};

struct io_uring_reactor::completion {
  std::uint64_t user_data;
  int answer;
  bool is_last;
};

/// One listening socket: its multishot accept, and the connections that it has accepted ahead of
/// the program.
struct io_uring_reactor::listener final : list_link {
  listener(source_block& of, std::uint32_t room)
      : block(of), capacity(room), ahead(new int[room]) {}
  ~listener() {
    while (count != 0)
      sys::descriptor(pop()).reset();
  }
  void push(int fd) noexcept { ahead[(first + count++) % capacity] = fd; }
  int pop() noexcept {
    const int fd = ahead[first];
    first = (first + 1) % capacity;
    count--;
    return fd;
  }
  [[nodiscard]] operation* waiting() const noexcept {
    operation* op = block.read.waiting;
    return op && op->code() == opcode::accept && op->current_state() == operation::state::started
               ? op
               : nullptr;
  }

  source_block& block;
  const std::uint32_t capacity;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool armed = false;
  bool cancelling = false;
  bool paused = false;
  bool by_call = false;  // the ring would not accept here
  unsigned failures = 0;
  bool call_next = false;  // the ring had an error, so the next accept asks by a call
  std::unique_ptr<int[]> ahead;
};

// ---- birth
// ------------------------------------------------------------------------------------------------------------

io_uring_reactor::io_uring_reactor(const reactor_options& options)
    : reactor(options),
      target_(new wake_target),
      buffers_(new internal::heap_lease_pool(
          {options.lease_bytes, options.lease_count, options.lease_heap_bytes_max})),
      thread_(new thread_link(*this)),
      spare_(new internal::spare_descriptor),
      pause_(pause_min),
      teardown_limit_(std::chrono::seconds(5)) {
  ROUSE_ASSERT(options.ring_entries > 0 && options.lease_bytes > 0);
}

rouse::unparker io_uring_reactor::unparker() { return rouse::unparker(*target_); }

result<void> io_uring_reactor::probe(const reactor_options& options) {
  internal::ring trial;
  return trial.open(options.ring_entries);
}

result<void> io_uring_reactor::check_thread() const noexcept {
  if (thread_->is_this_thread()) [[likely]]
    return {};
  return std::unexpected(
      error("io_uring", thread_->is_forked() ? errc::forked : errc::wrong_thread));
}

result<void> io_uring_reactor::open() {
  if (ring_) return check_thread();
  if (!target_->event) {
    auto event = sys::event_fd::open();
    if (!event) return std::unexpected(event.error());
    target_->event = std::move(*event);
  }
  spare_->restore(target_->event.get());  // without one accepting only pauses
  auto fresh = std::make_unique<internal::ring>();
  sys::watch_forks();
  if (auto opened = fresh->open(options().ring_entries); !opened) return opened;
  ring_ = fresh.release();
  thread_->tie();
  phase_ = phase::working;
  push_deferred();
  (void)ring_->submit();  // or the first sleep would not know how it ended, see park()
  return {};
}

bool io_uring_reactor::has_work() const noexcept {
  return waiting_ != 0 || has_undelivered() || has_posted();
}

bool io_uring_reactor::supports(opcode code) const noexcept {
  if (side(code) != side_of::none) return true;
  const unsigned operation = kernel_operation(code);
  return operation != IORING_OP_LAST && (refused_ & bit_of(code)) == 0 &&
         internal::kernel_has_operation(operation);
}

// ---- park
// -------------------------------------------------------------------------------------------------------------

result<park_outcome> io_uring_reactor::park(nanoseconds limit) {
  if (auto mine = open(); !mine) [[unlikely]]
    return std::unexpected(mine.error());
  bool happened = drain_inbox();
  if (!starving_.is_empty()) feed_starving();
  push_deferred();
  if (has_undelivered() || ring_->has_completions()) limit = nanoseconds(0);
  if (resume_at_ != never) limit = std::min(limit, time_left(sys::monotonic_now(), resume_at_));

  bool token = false;
  bool asleep = limit.count() > 0;
  if (asleep && !target_->begin_sleep()) {
    token = true;
    asleep = false;
  }
  int n = 0;
  bool says_why = true;  // a call that submits says how many it took, not why its wait ended
  if (asleep) {
    says_why = ring_->unsubmitted() == 0;
    n = enter(1, limit);
    token = target_->end_sleep();
  } else {
    token = target_->consume() || token;
    // The look costs 130-190 ns in the kernel, and nothing when it would bring nothing.
    if (ring_->unsubmitted() != 0 || (in_flight_ != 0 && ring_->wants_enter()))
      n = enter(0, nanoseconds(0));
  }
  if (n < 0 && n != -EINTR) [[unlikely]] {
    if (token) target_->unpark();  // not ours to lose
    return std::unexpected(error("io_uring_enter", -n));
  }
  metrics_.turns++;
  // Like an event that concerned nobody: callers look at their clocks and come back.
  bool spurious = n == -EINTR || !says_why;
  spurious |= reap();
  push_deferred();
  if (resume_at_ != never && sys::monotonic_now() >= resume_at_) {
    resume_accepting();
    spurious = true;
  }
  happened |= drain_inbox();
  if (deliver() != 0 || happened) return park_outcome::events;
  return token || spurious ? park_outcome::woken : park_outcome::timed_out;
}

/// Enters; what only says "not now" or "time is up" is no error.
int io_uring_reactor::enter(unsigned completions, nanoseconds limit) noexcept {
  const int n = ring_->enter(completions, limit);
  switch (-n) {
    case ETIME:
    case EBUSY:   // completions have overflowed: they are taken next, and the entries stay
    case EAGAIN:  // no memory for the entries just now: they stay
      return 0;
    default: return n;
  }
}

void* io_uring_reactor::next_entry() noexcept {
  if (!ring_) return nullptr;
  io_uring_sqe* entry = ring_->next_entry();
  if (!entry) {
    (void)
        ring_->submit();  // refused (EBUSY, EAGAIN): whoever asked is served after the next reaping
    entry = ring_->next_entry();
  }
  return entry;
}

/// Takes all completions; true when there were any.
bool io_uring_reactor::reap() noexcept {
  const auto take_one = [this](const io_uring_cqe& c) {
    take({c.user_data, c.res, (c.flags & IORING_CQE_F_MORE) == 0});
  };
  unsigned count = ring_->reap(take_one);
  // Completions that found the queue full wait in the kernel until somebody enters; nothing but a
  // flag tells.
  while (ring_->has_overflowed() && enter(0, nanoseconds(0)) == 0)
    count += ring_->reap(take_one);
  metrics_.events += count;
  return count != 0;
}

/// Takes one completion. Never enters anything into the ring: reap() is reading it.
void io_uring_reactor::take(const completion& c) noexcept {
  const std::uint64_t address = c.user_data & ~tag_mask;
  if (address == 0) return;  // a cancel, or what was retracted
  if (c.is_last) in_flight_--;
  switch (static_cast<tag>(c.user_data & tag_mask)) {
    case to_operation: return take_operation(*reinterpret_cast<operation*>(address), c.answer);
    case to_read_side:
      return take_readiness(*reinterpret_cast<source_block*>(address), side_of::read, c.answer,
                            c.is_last);
    case to_write_side:
      return take_readiness(*reinterpret_cast<source_block*>(address), side_of::write, c.answer,
                            c.is_last);
    case to_listener:
      return take_connection(*reinterpret_cast<listener*>(address), c.answer, c.is_last);
    case to_wake_target:
      if (c.is_last) wake_armed_ = false;
      return;
  }
}

void io_uring_reactor::arm_wake_target() noexcept {
  if (phase_ != phase::working) return;
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return;
  target_->event.drain();  // an unread count would complete the new poll at once
  multishot_poll_ ? io_uring_prep_poll_multishot(entry, target_->event.get(), sys::event_in)
                  : io_uring_prep_poll_add(entry, target_->event.get(), sys::event_in);
  entry->user_data = user_data_of(target_, to_wake_target);
  wake_armed_ = true;
  in_flight_++;
}

bool io_uring_reactor::send_cancel(std::uint64_t user_data) noexcept {
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return false;
  io_uring_prep_cancel64(entry, user_data, 0);
  entry->user_data = 0;
  return true;
}

void io_uring_reactor::insist_on_cancel(std::uint64_t user_data) noexcept {
  (void)drive_until([&] { return send_cancel(user_data); }, never);
}

/// Takes completions until `done()`, which is asked after each batch; false at the deadline.
template <class Done>
bool io_uring_reactor::drive_until(Done done, instant deadline) noexcept {
  constexpr int failures_max = 1000;
  int failures = 0;
  while (!done()) {
    const nanoseconds limit =
        deadline == never ? no_limit : time_left(sys::monotonic_now(), deadline);
    if (limit.count() == 0) return false;
    const int n = enter(1, limit);
    failures = n < 0 && n != -EINTR ? failures + 1 : 0;
    ROUSE_ASSERT(failures <
                 failures_max);  // memory is lent to a kernel that does not answer any more
    reap();
  }
  return true;
}

/// Enters what had to wait: for a ring, for room, or for the end of reap().
void io_uring_reactor::push_deferred() noexcept {
  if (phase_ != phase::working) return;
  if (!wake_armed_) arm_wake_target();
  while (operation* op = deferred_.pop_front()) {
    if (push(*op)) continue;
    deferred_.push_front(*op);
    break;
  }
  if (std::exchange(arms_deferred_, false)) {
    for_each_source([this](source_block& b) {
      if (b.driver_flags & read_arm_wanted) arm(b, side_of::read);
      if (b.driver_flags & write_arm_wanted) arm(b, side_of::write);
    });
  }
  if (std::exchange(cancels_deferred_, false)) {
    for (operation* op = in_kernel_.front(); op; op = in_kernel_.next(*op))
      if (op->driver_flags & cancel_wanted) (void)cancel(*op);
  }
  list<listener> batch;
  batch.splice_back(untended_);
  while (listener* l = batch.pop_front())
    tend(*l);
}

// ---- operations
// -------------------------------------------------------------------------------------------------------

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
// --------------------------------------------------------------------------------------------------------------

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

bool io_uring_reactor::wait_for_readiness(operation& op) noexcept {
  if (ring_)
    if (auto mine = check_thread(); !mine) [[unlikely]] {
      op.finish(-mine.error().code);
      return true;
    }
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
// --------------------------------------------------------------------------------------------------

bool io_uring_reactor::cancel(operation& op) noexcept {
  if (op.driver_flags & is_in_kernel) {
    ROUSE_ASSERT(thread_->is_this_thread());  // its memory is lent to the kernel, which only the
                                              // owner can ask for it
    if (retract(op)) {
      (op.target() ? op.target()->side(side(op.code())).retracted : has_retracted_file_operation_) =
          true;
    } else {
      if (op.driver_flags & cancel_sent) return false;
      if (send_cancel(user_data_of(&op, to_operation))) {
        op.driver_flags |= cancel_sent;
      } else {
        op.driver_flags |= cancel_wanted;
        cancels_deferred_ = true;
      }
      return false;
    }
  }
  op.unlink();  // from deferred_ or starving_
  waiting_--;
  op.set_state(operation::state::spent);
  return true;
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
  if (ring_ && (armed || (l && l->armed))) {
    ROUSE_ASSERT(
        thread_->is_this_thread());  // a poll holds on to the file, and only the owner can end it
    for (const side_of which : {side_of::read, side_of::write})
      if (armed & armed_bit(which)) insist_on_cancel(user_data_of(block, which));
    if (l && l->armed) insist_on_cancel(user_data_of(l, to_listener));
    (void)drive_until(
        [&] { return !(block.driver_flags & (read_armed | write_armed)) && !(l && l->armed); },
        never);
  }
  block.driver_flags = 0;
  if (!l) return;
  listeners_[block.index] = nullptr;
  delete l;  // closes what was accepted ahead
}

// ---- accepting
// ------------------------------------------------------------------------------------------------------------

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

// ---- letting go of all
// ----------------------------------------------------------------------------------------------------

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
