// One thing asked of the kernel, whatever the back-end (DESIGN decision 9): what to do, a result
// slot, and whom to wake. Completion reactors submit it; readiness reactors try it, wait for an
// edge, and try again in the next poll. It is a part of the leaf pollable (net, fs), so an
// operation costs no allocation, and starting one is a single virtual call.
//
//            poll()              complete()            poll() == true
//   idle ------------> started ------------> done ------------------> spent --reset()--> idle
//     \                 ^    | signal()       ^
//      \                |    v                | poll(), at once when the kernel had the answer
//       \               +- retry -------------+
//        +--- poll_cancel(): spent, or done when a result beat the cancel; then poll() starts
//        nothing
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/base/list.hpp>
#include <rouse/core/context.hpp>
#include <rouse/core/poll_result.hpp>
#include <rouse/reactor/lease.hpp>
#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/slice.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rouse::sys {
class socket_address;
struct open_how;
struct raw_status;
}  // namespace rouse::sys

namespace rouse {

class reactor;
class source;
class source_block;

enum class opcode : unsigned char {
  none,
  // On a source. The result is a count of bytes unless said otherwise; 0 from a receive is the end
  // of the stream.
  accept,          ///< result: a descriptor, see take_descriptor()
  connect,         ///< address: socket_address; result 0
  receive,         ///< address, length: memory
  receive_leased,  ///< no argument; take_lease() gives the bytes
  send,            ///< address, length: memory; never raises SIGPIPE
  send_vectored,   ///< address: slice[], length: how many
  send_file,       ///< flags: descriptor of an open file; offset, length; see
                   ///< sys::nonblocking::send_file
  read,      ///< read(2) on a source that is no socket (pipe, eventfd, signalfd), which must be
             ///< non-blocking
  write,     ///< write(2), likewise
  readable,  ///< result 0 as soon as a read would not block (data, end of stream, error, hang-up)
  writable,  ///< the same for a write
  // On a plain descriptor or path, where supports() says so; the memory must outlive the operation
  // (see owned_operation).
  read_at,   ///< fd, address, length, offset
  write_at,  ///< fd, address, length, offset
  open,      ///< fd: directory, address: path, extra: open_how; result: a descriptor
  status,    ///< fd: directory, address: path, flags: AT_*, length: STATX_* mask, extra: raw_status
  sync,      ///< fd, flags: 1 for data only
  close,     ///< fd
  unlink,    ///< fd: directory, address: path, flags: AT_REMOVEDIR or 0
  rename,    ///< fd, address: old directory and path; length, extra: new directory and path; flags
  make_directory,  ///< fd: directory, address: path, flags: mode
};
inline constexpr unsigned opcode_count = static_cast<unsigned>(opcode::make_directory) + 1;
/// "receive", "connect", ...: the word in error messages.
[[nodiscard]] const char* name_of(opcode code) noexcept;

/// Which half of a source an operation waits on.
enum class side_of : unsigned char { none, read, write };
[[nodiscard]] constexpr side_of side(opcode code) noexcept {
  switch (code) {
    case opcode::accept:
    case opcode::receive:
    case opcode::receive_leased:
    case opcode::read:
    case opcode::readable: return side_of::read;
    case opcode::connect:
    case opcode::send:
    case opcode::send_vectored:
    case opcode::send_file:
    case opcode::write:
    case opcode::writable: return side_of::write;
    default: return side_of::none;
  }
}

/// A member of a leaf pollable. Owner's thread only. Movable while idle; address-stable from the
/// first poll on.
///
/// A leaf's poll:
/// @code
///   if (operation_.is_idle()) operation_.receive(source_, buffer_);
///   if (!operation_.poll(cx)) return pending;
///   if (operation_.result() < 0) return std::unexpected(operation_.failure());
///   return static_cast<std::size_t>(operation_.result());
/// @endcode
///
/// @cancel  Nothing is lost. Destroying it in any state is safe: what had arrived goes back to the
/// source (bytes, a
///          connection), and a descriptor that nobody can want any more is closed. In a started
///          completion operation the destructor waits for the kernel to let go of the memory (0.6
///          us on a socket; as long as the disk takes on a file).
class operation : public list_link {
 public:
  enum class state : unsigned char {
    idle,      ///< nothing asked yet
    started,   ///< the reactor refers to it
    starving,  ///< started, but waiting for a lease buffer
    retry,     ///< the next poll starts it again: an edge came, or a buffer came back
    done,      ///< a result is there that no poll has taken
    spent,     ///< result taken, or cancelled without one
  };
  /// What a reactor reads. The meaning by opcode is listed above.
  struct arguments {
    void* address = nullptr;
    union {
      void* extra = nullptr;
      std::uint64_t offset;
    };
    std::uint64_t length = 0;
    std::uint32_t flags = 0;
    std::int32_t fd = -1;
  };

  operation() noexcept : arguments_() {}
  /// @pre  `other` is idle.
  operation(operation&& other) noexcept;
  operation& operator=(operation&&) = delete;
  ~operation() {
    if (holds_ != holding::nothing || (state_ != state::idle && state_ != state::spent)) discard();
  }

  // ---- What to do. Each is called while idle, right before the poll that starts it. Memory is
  // lent until it completes.
  void accept(source& from) noexcept { prepare(opcode::accept, from); }
  /// @param to  must stay where it is until the operation completes.
  void connect(source& from, const sys::socket_address& to) noexcept;
  /// @param into  1 byte or more.
  void receive(source& from, std::span<std::byte> into) noexcept;
  void receive_leased(source& from) noexcept { prepare(opcode::receive_leased, from); }
  /// May send less than all.
  void send(source& to, std::span<const std::byte> bytes) noexcept;
  /// @param slices  1 to slices_max; the array itself is lent too.
  void send_vectored(source& to, std::span<const sys::slice> slices) noexcept;
  /// May send less than all; tried on the reactor's thread whatever the reactor.
  void send_file(source& to, int file, std::uint64_t offset, std::size_t bytes) noexcept;
  void read(source& from, std::span<std::byte> into) noexcept;
  void write(source& to, std::span<const std::byte> bytes) noexcept;
  void readable(source& from) noexcept { prepare(opcode::readable, from); }
  void writable(source& to) noexcept { prepare(opcode::writable, to); }
  // Without a source: `on` makes the call; result -EOPNOTSUPP where it cannot. Paths are
  // NUL-terminated.
  void read_at(reactor& on, int fd, std::span<std::byte> into, std::uint64_t offset) noexcept;
  void write_at(reactor& on, int fd, std::span<const std::byte> bytes,
                std::uint64_t offset) noexcept;
  void open(reactor& on, int directory, const char* path, const sys::open_how& how) noexcept;
  void status(reactor& on, int directory, const char* path, std::uint32_t flags, std::uint32_t mask,
              sys::raw_status& into) noexcept;
  void sync(reactor& on, int fd, bool data_only) noexcept;
  void close(reactor& on, int fd) noexcept;
  void unlink_at(reactor& on, int directory, const char* path, std::uint32_t flags) noexcept;
  void rename(reactor& on, int old_directory, const char* old_path, int new_directory,
              const char* new_path, std::uint32_t flags) noexcept;
  void make_directory(reactor& on, int directory, const char* path, std::uint32_t mode) noexcept;

  // ---- The poll protocol.
  /// True once: when the result is there. Starts the operation when idle; charges the budget one
  /// unit per result.
  [[nodiscard]] bool poll(context& cx) noexcept;
  /// Ready: the reactor refers to it no more. One more poll() is allowed, which is true when a
  /// result beat the cancel.
  [[nodiscard]] poll_result<void> poll_cancel(context& cx) noexcept;
  /// Forgets the waker; the operation stays started, and a later poll names a new one.
  void disown() noexcept { waker_ = nullptr; }
  /// Plain destruction's first half: afterwards nothing refers to the operation, and a result that
  /// came late can be read with has_result() and result(). The destructor does it too; leaves call
  /// it when they want a late result themselves.
  void settle() noexcept {
    if (state_ != state::idle && state_ != state::spent) settle_begun();
  }
  /// Idle again, after its leaf has had the result by a call of its own. @pre is_callable()
  void end_call() noexcept;
  /// Makes a spent operation idle again, for the next piece. After a cancel was asked for it stays
  /// spent, so that poll() starts nothing.
  void reset() noexcept {
    ROUSE_DEBUG_ASSERT(state_ == state::spent || state_ == state::idle);
    if (!cancel_asked_) state_ = state::idle;
  }

  // ---- The result.
  [[nodiscard]] bool is_idle() const noexcept { return state_ == state::idle; }
  /// The next poll would begin it: a leaf may make its call itself, and say end_call().
  [[nodiscard]] bool is_callable() const noexcept {
    return state_ == state::idle || state_ == state::retry;
  }
  /// True when a result came that no poll() has given out; after settle() or a cancel.
  [[nodiscard]] bool has_result() const noexcept { return state_ == state::done; }
  /// Result of the call, or a negative errno (or negative `errc`).
  [[nodiscard]] std::int32_t result() const noexcept { return result_; }
  /// The result as an error that names the operation. @pre result() < 0
  [[nodiscard]] error failure() const noexcept { return error(name_of(code_), -result_); }
  /// The bytes of a receive_leased, once; empty at the end of the stream.
  [[nodiscard]] lease take_lease() noexcept {
    if (holds_ != holding::lease) return {};
    holds_ = holding::nothing;
    return lease::from_parts(lease_);
  }
  /// The descriptor of an accept or open, once.
  [[nodiscard]] sys::descriptor take_descriptor() noexcept;

  // ---- For reactors.
  [[nodiscard]] opcode code() const noexcept { return code_; }
  [[nodiscard]] state current_state() const noexcept { return state_; }
  /// True while the reactor refers to it.
  [[nodiscard]] bool is_in_reactor() const noexcept {
    return state_ == state::started || state_ == state::starving;
  }
  void set_state(state s) noexcept { state_ = s; }
  [[nodiscard]] reactor* owner() const noexcept { return reactor_; }
  /// Null for operations without a source.
  [[nodiscard]] source_block* target() const noexcept { return target_; }
  [[nodiscard]] arguments& args() noexcept { return arguments_; }
  /// Completes a leased receive: `bytes` replaces the arguments. Call before finish() or
  /// reactor::complete().
  void set_lease(lease bytes) noexcept {
    lease_ = bytes.release();
    holds_ = holding::lease;
  }
  [[nodiscard]] bool is_cancel_asked() const noexcept { return cancel_asked_; }
  [[nodiscard]] bool is_abandoned() const noexcept { return abandoned_; }
  /// Stores the result; wakes nobody. For start(), which then answers true; reactor::complete()
  /// elsewhere. Once a cancel was asked for, ECANCELED, EINTR and EALREADY mean "cancelled": spent.
  void finish(std::int32_t result) noexcept;
  /// Wakes whoever polled last.
  void notify() noexcept {
    if (waker_) waker_->wake();
  }
  /// Scratch for the reactor (entry index, epoch, ...); zero when an idle operation starts, kept
  /// over retries.
  std::uint32_t driver_word[2] = {0, 0};
  std::uint8_t driver_flags = 0;

 protected:
  struct owned_tag {};
  explicit operation(owned_tag) noexcept : arguments_(), owned_(true) {}
  friend class owned_operation;
  friend class reactor;

 private:
  enum class holding : unsigned char { nothing, lease, descriptor };

  void prepare(opcode code, source& target) noexcept;
  void prepare(opcode code, reactor& on) noexcept;
  bool begin(context& cx) noexcept;
  bool serve_pushed_back() noexcept;  // a late result of a former operation comes first
  void leave_side() noexcept;
  void settle_begun() noexcept;
  void discard() noexcept;
  void give_back_result() noexcept;

  wakeable* waker_ = nullptr;
  reactor* reactor_ = nullptr;
  source_block* target_ = nullptr;
  union {
    arguments arguments_;
    lease::parts lease_;  // from set_lease() to take_lease()
  };
  std::int32_t result_ = 0;
  opcode code_ = opcode::none;
  state state_ = state::idle;
  holding holds_ = holding::nothing;
  bool cancel_asked_ = false;
  bool owned_ = false;
  bool abandoned_ = false;
};

/// An operation that owns its data and lies on the heap, so that it can be abandoned while the
/// kernel works on it: files. Derive, put the path, the buffer or the answer beside it, and hold it
/// in an `owned<T>`.
class owned_operation : public operation {
 public:
  /// @pre  the reactor does not refer to it; `owned` sees to that.
  virtual ~owned_operation() { ROUSE_ASSERT(!is_in_reactor()); }

  /// Lets go: deletes it now, or, while the kernel works on it, at its completion; a late
  /// descriptor is closed.
  void abandon() noexcept;

 protected:
  owned_operation() noexcept : operation(owned_tag{}) {}
};

/// Unique owner of an owned_operation; its destructor abandons.
template <class T>
class owned {
 public:
  owned() noexcept = default;
  explicit owned(T* fresh) noexcept : operation_(fresh) {}
  owned(owned&& other) noexcept : operation_(std::exchange(other.operation_, nullptr)) {}
  owned& operator=(owned&& other) noexcept {
    std::swap(operation_, other.operation_);
    return *this;
  }
  ~owned() {
    if (operation_) operation_->abandon();
  }
  explicit operator bool() const noexcept { return operation_ != nullptr; }
  T* operator->() const noexcept { return operation_; }
  T& operator*() const noexcept { return *operation_; }

 private:
  T* operation_ = nullptr;
};

}  // namespace rouse
