#include <rouse/reactor/io_uring/internal/ring.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/sys/table.hpp>

#include <algorithm>
#include <bitset>
#include <chrono>
#include <cstring>
#include <initializer_list>

namespace rouse::internal {
namespace {

// Newer than liburing 2.3; probed by the feature bit of io_uring_setup(2).
constexpr unsigned feature_no_iowait = 1u << 17;  // Linux 6.15
constexpr unsigned enter_no_iowait = 1u
                                     << 7;  // do not count a waiting thread as "waiting for a disk"

constexpr std::size_t operation_count = 256;

int ask_gate(sys::ring_step step) noexcept {
  const auto gate = sys::calls().ring_gate;
  return gate ? gate(step) : 0;
}

}  // namespace

int ring::set_up(unsigned entries, waits how) noexcept {
  // What a kernel may not know, newest last; the base works since 5.11.
  constexpr unsigned newest_first[] = {
      IORING_SETUP_DEFER_TASKRUN,  // 6.1: work runs when we ask, not when it likes
      IORING_SETUP_SINGLE_ISSUER,  // 6.0
      IORING_SETUP_COOP_TASKRUN |
          IORING_SETUP_TASKRUN_FLAG,  // 5.19: no interrupts; a flag says that work waits
      IORING_SETUP_SUBMIT_ALL,        // 5.18: a bad entry does not hold up the next
      IORING_SETUP_R_DISABLED,        // 5.10
      IORING_SETUP_CLAMP,
  };
  unsigned flags = IORING_SETUP_CQSIZE;
  for (const unsigned f : newest_first)
    flags |= f;
  if (how == waits::in_poll) flags &= ~unsigned{IORING_SETUP_DEFER_TASKRUN};
  for (const unsigned* next = newest_first;;) {
    io_uring_params params{};
    params.flags = flags;
    // These two exclude each other: cooperation is for kernels without deferral.
    if ((flags & IORING_SETUP_DEFER_TASKRUN) != 0) params.flags &= ~IORING_SETUP_COOP_TASKRUN;
    params.cq_entries = entries * completions_per_entry;
    int n = ask_gate(sys::ring_step::setup);
    if (n == 0) n = io_uring_queue_init_params(entries, &raw_, &params);
    if (n == -EINVAL && next != std::end(newest_first)) {
      flags &= ~*next++;
      continue;
    }
    if (n < 0) {
      raw_ = closed();
      return n;
    }
    if ((params.features & IORING_FEAT_EXT_ARG) == 0 ||
        (params.features & IORING_FEAT_NODROP) == 0) {
      close();
      return -EOPNOTSUPP;
    }
    enter_flags_ = (params.features & feature_no_iowait) != 0 ? enter_no_iowait : 0;
    has_taskrun_flag_ = (params.flags & IORING_SETUP_TASKRUN_FLAG) != 0;
    return 0;
  }
}

result<void> ring::open(unsigned entries, waits how) {
  ROUSE_ASSERT(!is_open());
  entries = std::max(entries, entries_min);
  int n = set_up(entries, how);
  while (n == -ENOMEM && entries > entries_min)
    n = set_up(entries = std::max(entries / 2, entries_min), how);
  if (n < 0) return std::unexpected(error("io_uring_setup", -n));
  if ((raw_.flags & IORING_SETUP_R_DISABLED) != 0) {
    restrict_operations();
    if (n = ask_to_register(IORING_REGISTER_ENABLE_RINGS, nullptr, 0); n < 0) {
      close();
      return std::unexpected(error("io_uring_enable_rings", -n));
    }
  }
  // Both spare a little and are refused here and there; the ring works without.
  if (ask_gate(sys::ring_step::registration) == 0 && io_uring_register_ring_fd(&raw_) == 1)
    enter_flags_ |= IORING_ENTER_REGISTERED_RING;
  (void)io_uring_ring_dontfork(&raw_);
  return {};
}

void ring::restrict_operations() noexcept {
  constexpr unsigned operations[] = {
      IORING_OP_NOP,      IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_ACCEPT,
      IORING_OP_CONNECT,  IORING_OP_SEND,     IORING_OP_READ,         IORING_OP_WRITE,
      IORING_OP_FSYNC,    IORING_OP_OPENAT2,  IORING_OP_STATX,        IORING_OP_CLOSE,
      IORING_OP_UNLINKAT, IORING_OP_RENAMEAT, IORING_OP_MKDIRAT,
  };
  constexpr unsigned registrations[] = {IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS};
  io_uring_restriction rules[std::size(operations) + std::size(registrations)]{};
  unsigned count = 0;
  for (const unsigned o : operations) {
    if (!kernel_has_operation(o)) continue;
    rules[count].opcode = IORING_RESTRICTION_SQE_OP;
    rules[count++].sqe_op = static_cast<__u8>(o);
  }
  for (const unsigned r : registrations) {
    rules[count].opcode = IORING_RESTRICTION_REGISTER_OP;
    rules[count++].register_op = static_cast<__u8>(r);
  }
  // Refused: then the ring stays unrestricted.
  (void)ask_to_register(IORING_REGISTER_RESTRICTIONS, rules, count);
}

int ring::ask_to_register(unsigned what, const void* argument, unsigned count) const noexcept {
  const int refused = ask_gate(sys::ring_step::registration);
  // By number: liburing 2.3 declares functions for it that it does not export.
  return refused != 0
             ? refused
             : io_uring_register(static_cast<unsigned>(raw_.ring_fd), what, argument, count);
}

void ring::close() noexcept {
  if (!is_open()) return;
  io_uring_queue_exit(&raw_);
  raw_ = closed();
  epoch_++;
}

void ring::close_elsewhere() noexcept {
  // The number under which a ring is registered counts per thread: here it would name a ring of
  // ours.
  raw_.int_flags = 0;
  raw_.enter_ring_fd = raw_.ring_fd;
  close();
}

void ring::forget() noexcept {
  if (!is_open()) return;
  (void)sys::calls().close(raw_.ring_fd);
  raw_ = closed();
  epoch_++;
}

io_uring_sqe* ring::next_entry() noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&raw_);
  if (entry) std::memset(entry, 0, sizeof *entry);
  return entry;
}

bool ring::retract(ticket t) noexcept {
  if (t.epoch_and_index >> index_bits != epoch_) return false;
  io_uring_sqe& entry = raw_.sq.sqes[t.epoch_and_index & ((1u << index_bits) - 1)];
  std::memset(&entry, 0, sizeof entry);
  static_assert(IORING_OP_NOP == 0);
  return true;
}

int ring::call(unsigned count, unsigned completions, unsigned flags,
               const nanoseconds* limit) noexcept {
  if (const int n = ask_gate(sys::ring_step::enter); n < 0) return n;
  flags |= enter_flags_;
  if (!limit) {
    return io_uring_enter2(static_cast<unsigned>(raw_.enter_ring_fd), count, completions, flags,
                           nullptr, _NSIG / 8);
  }
  __kernel_timespec spec{};
  spec.tv_sec = limit->count() / 1'000'000'000;
  spec.tv_nsec = limit->count() % 1'000'000'000;
  io_uring_getevents_arg argument{};
  argument.sigmask_sz = _NSIG / 8;
  argument.ts = reinterpret_cast<std::uintptr_t>(&spec);
  return io_uring_enter2(static_cast<unsigned>(raw_.enter_ring_fd), count, completions,
                         flags | IORING_ENTER_EXT_ARG, reinterpret_cast<sigset_t*>(&argument),
                         sizeof argument);
}

unsigned ring::publish() noexcept {
  const unsigned count = unsubmitted();
  if (count == 0) return 0;
  // release: the kernel reads the entries after it has seen the tail
  __atomic_store_n(raw_.sq.ktail, raw_.sq.sqe_tail, __ATOMIC_RELEASE);
  raw_.sq.sqe_head = raw_.sq.sqe_tail;
  epoch_++;  // even if the kernel takes only some: from here on they are out of our hands
  return count;
}

int ring::submit() noexcept {
  const unsigned count = publish();
  return count == 0 ? 0 : std::min(call(count, 0, 0, nullptr), 0);
}

int ring::enter(unsigned completions, nanoseconds limit) noexcept {
  constexpr nanoseconds limit_max =
      std::chrono::hours(24 * 30);  // far from the kernel's overflow; parks may end early
  const nanoseconds wait = std::min(limit, limit_max);
  const bool is_timed = completions != 0 && limit != no_limit;
  return std::min(call(publish(), completions, IORING_ENTER_GETEVENTS, is_timed ? &wait : nullptr),
                  0);
}

bool kernel_has_operation(unsigned operation) noexcept {
  static const std::bitset<operation_count> known = [] {
    std::bitset<operation_count> set;
    if (io_uring_probe* probe = io_uring_get_probe()) {
      for (std::size_t i = 0; i < operation_count; i++) {
        if (io_uring_opcode_supported(probe, static_cast<int>(i))) set.set(i);
      }
      io_uring_free_probe(probe);
    }
    return set;
  }();
  return operation < operation_count && known[operation];
}

}  // namespace rouse::internal
