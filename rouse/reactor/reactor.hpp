// The bottom park: waits on the kernel, on a script, or on a simulated world. A reactor is what all
// back-ends have in common; epoll_reactor, io_uring_reactor and mock_reactor derive from it. It
// models `park` (park.hpp), so timers and layers stack on it. Abstract rather than a template,
// because net and fs are compiled once for all back-ends: one virtual call per operation against a
// system call that is a hundred times dearer.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>
#include <rouse/base/list.hpp>
#include <rouse/park/park.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rouse {

class reactor_handle;
namespace internal {
class heap_lease_pool;
class inbox;
}  // namespace internal

enum class reactor_kind : unsigned char { automatic, epoll, io_uring, mock };
/// "epoll", "io_uring", "mock"
[[nodiscard]] const char* name_of(reactor_kind kind) noexcept;

struct reactor_options {
  reactor_kind kind = reactor_kind::automatic;  ///< ROUSE_REACTOR=epoll|io_uring goes before this
  unsigned events_max = 256;                    ///< events or completions taken per turn
  unsigned ring_entries = 256;  ///< submission queue; halved down to 64 when memory is denied
  /// Size of a leased buffer. More than a round number: a message of 16 KiB leaves room, and such a
  /// short read shows that the socket is empty, which else another call would have to find out.
  std::uint32_t lease_bytes = 16 * 1024 + 64;
  std::uint32_t lease_count = 256;  ///< shared buffers; for a ring a power of two
  std::size_t lease_heap_bytes_max = 16u
                                     << 20;  ///< beyond those, from the heap; above this reads wait
};

/// Counters since the start; the owner's thread writes them.
struct reactor_metrics {
  std::uint64_t turns = 0;              ///< looks at the kernel
  std::uint64_t events = 0;             ///< events or completions taken
  std::uint64_t stale_events = 0;       ///< dropped, their source was gone
  std::uint64_t shed_connections = 0;   ///< accepted and closed at once: no descriptors left
  std::uint64_t accept_back_offs = 0;   ///< pauses of accepting for the same reason
  std::uint64_t lease_waits = 0;        ///< reads that waited for a buffer
  std::uint64_t leaked_operations = 0;  ///< given up at teardown: the kernel did not let go in time
};

/// Owner's thread only, unless said. Neither copied nor moved.
///
/// Writing a back-end: implement the pure functions. operation::poll enters the operation as
/// `waiting` of its side and sets its state to started before it calls `start`, which either calls
/// op.finish(result) and answers true, or keeps it (state started or starving) and answers false.
/// Later, in park or in any other call from the owner, the back-end calls `complete` (the result is
/// there) or `signal` (worth another try: the reactor forgets the operation, which starts again at
/// its next poll), and once per park `deliver`, the only place that wakes. `start` may itself
/// complete or signal other operations, and complete `op` itself when it answers false. An
/// operation stays the `waiting` of its side until its result is taken. An owned operation that is
/// abandoned gets `cancel`; deliver() deletes it after its completion. The destructor of the most
/// derived class makes the kernel let go, completes operations that have no source, and calls
/// `shut_down()`.
class reactor {
 public:
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;
  virtual ~reactor();

  // ---- park
  /// One look at the kernel: waits up to `limit` (0: not at all; rounded up, never early) for
  /// events or the token, then wakes the tasks concerned. Errors: of making or waiting on the
  /// kernel's object.
  virtual result<park_outcome> park(nanoseconds limit) = 0;
  [[nodiscard]] virtual rouse::unparker unparker() = 0;
  /// park(limit) in two halves around a sleep in somebody else's poll(), see `outside_park`.
  /// Errors: as park(); EMFILE, ENOMEM of the descriptor; EOPNOTSUPP by default.
  virtual result<outside_wait> begin_wait(nanoseconds limit);
  virtual result<park_outcome> end_wait();
  /// The descriptor of begin_wait(), which stays the same until release_thread(). Opens the
  /// reactor.
  virtual result<int> wait_descriptor();
  /// False: no operation waits and nothing was posted, so a busy executor need not look.
  [[nodiscard]] virtual bool has_work() const noexcept = 0;

  // ---- what it is
  [[nodiscard]] virtual reactor_kind kind() const noexcept = 0;
  /// The same as text, for logs: "epoll", "io_uring", ...
  [[nodiscard]] const char* backend() const noexcept { return name_of(kind()); }
  [[nodiscard]] virtual bool supports(opcode code) const noexcept = 0;
  /// Takes what it needs from the kernel; done by the first park or operation otherwise.
  /// Idempotent. A ring belongs to the calling thread from then on. Errors: no descriptors, no
  /// memory, denied.
  virtual result<void> open() = 0;
  /// Before its thread ends: cancels what is in flight to its final completion and lets another
  /// thread take over.
  virtual result<void> release_thread() { return {}; }
  [[nodiscard]] const reactor_metrics& metrics() const noexcept { return metrics_; }
  [[nodiscard]] const reactor_options& options() const noexcept { return options_; }

  // ---- sources
  /// Takes over `fd`. One small allocation, recycled; no system call. Sockets may be blocking ones;
  /// other descriptors must be non-blocking. Errors: ENOMEM (`fd` is closed then).
  [[nodiscard]] result<source> attach(sys::descriptor fd, source_kind kind = source_kind::other);
  /// Leased buffers that have not come back.
  [[nodiscard]] virtual std::size_t leases_out() const noexcept = 0;
  /// Attached now.
  [[nodiscard]] std::size_t source_count() const noexcept { return blocks_.size() - free_.size(); }

  // ---- other threads
  /// A weak handle, any thread.
  [[nodiscard]] reactor_handle handle();
  /// Registrations that other threads hold.
  [[nodiscard]] std::size_t watch_count() const noexcept;

  // ---- called by operation and source
  /// Begins (state idle or retry). True: finished at once. False: taken; the owner is woken later.
  virtual bool start(operation& op) noexcept = 0;
  /// Takes back a started or starving operation. True: let go; its state is spent, or done. False:
  /// its completion will come and wake it.
  virtual bool cancel(operation& op) noexcept = 0;
  /// The same, but waits: state spent, or done. Wakes nobody; completions of others are delivered
  /// next turn.
  virtual void settle(operation& op) noexcept = 0;
  /// The source is about to be closed or released; no operation is in the reactor any more: leave
  /// the kernel's queue.
  virtual void detach(source_block& block) noexcept = 0;

 protected:
  explicit reactor(const reactor_options& options) noexcept : options_(options) {}

  /// This back-end moves bytes by plain calls when a side is `ready`, so leaves may make them
  /// themselves (source::try_send). Before the first attach().
  void allow_calls(internal::heap_lease_pool& into) noexcept { calls_into_ = &into; }
  /// Stores a result and queues the wake for deliver(). Allocates nothing; abandoned operations are
  /// deleted by deliver().
  void complete(operation& op, std::int32_t result) noexcept;
  /// Queues a wake after which the next poll starts the operation again.
  void signal(operation& op) noexcept;
  /// Wakes everybody queued so far, in order; gives how many. Wakes may run any code, also destroy
  /// operations and sources.
  std::size_t deliver() noexcept;
  [[nodiscard]] bool has_undelivered() const noexcept { return !undelivered_.is_empty(); }
  /// The block behind a key; null when it is stale.
  [[nodiscard]] source_block* find(std::uint64_t key) noexcept {
    const auto index = static_cast<std::uint32_t>(key);
    if (index >= blocks_.size()) return nullptr;
    source_block* b = blocks_[index];
    return b->fd >= 0 && b->generation == static_cast<std::uint32_t>(key >> 32) ? b : nullptr;
  }
  /// Attached sources, for teardown.
  template <class F>
  void for_each_source(F&& f) {
    for (source_block* b : blocks_)
      if (b->fd >= 0) f(*b);
  }
  /// Ends everything: waiting operations complete with -errc::runtime_shut_down and their tasks are
  /// woken, sources are orphaned, the inbox is closed. The derived destructor calls it when the
  /// kernel holds nothing any more.
  void shut_down() noexcept;
  /// Takes in what other threads posted; true when there was something. Call it in every park.
  bool drain_inbox() noexcept;
  /// Something was posted; any thread.
  [[nodiscard]] bool has_posted() const noexcept;

  reactor_metrics metrics_;
  /// Operations started or starving, where the back-end counts them for has_work().
  std::size_t waiting_ = 0;

 private:
  friend class operation;
  friend class source;
  friend class reactor_handle;
  void recycle(source_block& block) noexcept;
  void queue(operation& op) noexcept;
  static void end(operation& op) noexcept;  // its source closes: out of the kernel, then ECANCELED

  reactor_options options_;
  internal::heap_lease_pool* calls_into_ = nullptr;
  list<operation> undelivered_;
  std::vector<source_block*> blocks_;  // by index; a free one has fd -1
  std::vector<std::uint32_t> free_;
  internal::inbox* inbox_ = nullptr;  // made by the first handle()
};

/// Unique owner of a reactor of any kind.
class reactor_ptr {
 public:
  reactor_ptr() noexcept = default;
  explicit reactor_ptr(reactor* fresh) noexcept : reactor_(fresh) {}
  reactor_ptr(reactor_ptr&& other) noexcept : reactor_(std::exchange(other.reactor_, nullptr)) {}
  reactor_ptr& operator=(reactor_ptr&& other) noexcept {
    std::swap(reactor_, other.reactor_);
    return *this;
  }
  ~reactor_ptr() { delete reactor_; }
  explicit operator bool() const noexcept { return reactor_ != nullptr; }
  reactor* operator->() const noexcept { return reactor_; }
  reactor& operator*() const noexcept { return *reactor_; }
  [[nodiscard]] reactor* get() const noexcept { return reactor_; }

 private:
  reactor* reactor_ = nullptr;
};

/// The reactor that the environment, the options and a probe of this kernel choose: io_uring where
/// it is allowed, else epoll with one log line a process. Not opened yet, so it may be made on
/// another thread than the one that runs it. Errors: no back-end could be made, or ROUSE_REACTOR
/// names none.
[[nodiscard]] result<reactor_ptr> make_reactor(const reactor_options& options = {});

}  // namespace rouse
