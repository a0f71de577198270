// What the sources of io_uring_reactor share: how a completion finds its owner, the driver's flags,
// and the parts of the reactor that its header only names.
#pragma once

#include <rouse/base/fork.hpp>
#include <rouse/reactor/io_uring/internal/ring.hpp>
#include <rouse/reactor/io_uring/io_uring_reactor.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/table.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>

namespace rouse {
namespace internal::uring {

// What a completion belongs to: the low bits of its user_data, above them a pointer. All zero:
// nobody waits for it.
enum tag : std::uint64_t { to_operation, to_read_side, to_write_side, to_listener, to_wake_target };
constexpr std::uint64_t tag_mask = 7;
static_assert(alignof(operation) > tag_mask && alignof(source_block) > tag_mask);

inline std::uint64_t user_data_of(const void* p, tag t) noexcept {
  return reinterpret_cast<std::uintptr_t>(p) | t;
}
inline std::uint64_t user_data_of(const source_block& b, side_of which) noexcept {
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
constexpr std::uint8_t doubted = 16;  // a short read said "empty", and no edge came since
constexpr std::uint8_t quiet = 32;    // doubted at the last check already

constexpr std::uint8_t armed_bit(side_of which) noexcept {
  return which == side_of::write ? write_armed : read_armed;
}
constexpr std::uint8_t arm_wanted_bit(side_of which) noexcept {
  return which == side_of::write ? write_arm_wanted : read_arm_wanted;
}
inline void clear(std::uint8_t& flags, std::uint8_t bits) noexcept {
  flags &= static_cast<std::uint8_t>(~bits);
}

/// The first pause of accepting without descriptors; each next one is twice as long.
constexpr nanoseconds pause_min = std::chrono::milliseconds(10);

/// What the kernel said, after the fault seam has had its word. A descriptor that came is closed
/// when it is made to fail.
inline int answer_of(opcode code, int said) noexcept {
  const auto seam = sys::calls().ring_completion;
  if (!seam) [[likely]]
    return said;
  const int n = seam(static_cast<unsigned char>(code), said);
  if (n < 0 && said >= 0 && (code == opcode::accept || code == opcode::open))
    sys::descriptor(said).reset();
  return n;
}

/// Of the request as such, on a kernel that lacks it or forbids it.
inline bool means_unsupported(int answer) noexcept {
  return answer == -EINVAL || answer == -EOPNOTSUPP;
}

}  // namespace internal::uring

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

  void tie() noexcept;
  void untie() noexcept;
  [[nodiscard]] bool is_this_thread() const noexcept;
  [[nodiscard]] bool is_forked() const noexcept { return forks_ != fork_count(); }

 private:
  struct rings_of_thread;

  io_uring_reactor& reactor_;
  const char* owner_ = nullptr;
  unsigned forks_ = 0;
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
  bool by_call = false;    // the ring would not accept here
  bool call_next = false;  // the ring had an error, so the next accept asks by a call
  unsigned failures = 0;   // of the ring, since the last connection
  std::unique_ptr<int[]> ahead;
};

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
    failures = n < 0 && n != -EINTR && n != -ETIME ? failures + 1 : 0;
    ROUSE_ASSERT(failures <
                 failures_max);  // memory is lent to a kernel that does not answer any more
    reap();
  }
  return true;
}

}  // namespace rouse
