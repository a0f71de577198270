// A table of system calls in which one entry misbehaves as a plan says; for the ring, the gate and
// the completions of one opcode.
#pragma once

#include <rouse/reactor/operation.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/table.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <type_traits>

namespace faults {

/// What the entry under test does. One for the process; pool threads ask it too.
struct fault_plan {
  int answer = 0;                  ///< the errno
  std::atomic<long> calls_left{};  ///< the call that brings it to 0 fails
  std::atomic<long> calls_made{};

  void fail(int code, long occurrence) noexcept {
    answer = code;
    calls_left = occurrence;
    calls_made = 0;
  }
  [[nodiscard]] bool has_failed() const noexcept { return calls_left <= 0; }
  bool is_due() noexcept {
    ++calls_made;
    return --calls_left == 0;
  }
};
inline fault_plan plan;

/// What works beneath the fault.
inline rouse::sys::table beneath = rouse::sys::real_table;

template <auto Entry, class = decltype(Entry)>
struct injected;
template <auto Entry, class R, class... A>
struct injected<Entry, R (*rouse::sys::table::*)(A...)> {
  static R call(A... a) noexcept {
    return plan.is_due() ? static_cast<R>(-plan.answer) : (beneath.*Entry)(a...);
  }
};

template <auto Entry>
void inject(rouse::sys::table& t) noexcept {
  t.*Entry = injected<Entry>::call;
}

/// Linux has freed the number also when it answers with an error.
inline void inject_close(rouse::sys::table& t) noexcept {
  t.close = [](int fd) {
    const int n = beneath.close(fd);
    return plan.is_due() ? -plan.answer : n;
  };
}

template <rouse::sys::ring_step Step>
void inject_step(rouse::sys::table& t) noexcept {
  t.ring_gate = [](rouse::sys::ring_step step) {
    return step == Step && plan.is_due() ? -plan.answer : 0;
  };
}

template <rouse::opcode Code>
void inject_completion(rouse::sys::table& t) noexcept {
  t.ring_completion = [](unsigned char code, int result) {
    return code == static_cast<unsigned char>(Code) && plan.is_due() ? -plan.answer : result;
  };
}

// ---- not one fault, but a way of life

/// Interrupted three times, then done.
template <auto Entry, class = decltype(Entry)>
struct stormy;
template <auto Entry, class R, class... A>
struct stormy<Entry, R (*rouse::sys::table::*)(A...)> {
  static R call(A... a) noexcept {
    return calls++ % 4 != 3 ? static_cast<R>(-EINTR) : (beneath.*Entry)(a...);
  }
  static inline std::atomic<unsigned> calls{};
};

/// Every call that a signal can interrupt is interrupted three times, on the ring as well. Not its
/// accepts: they would lose the connection, which no kernel does. Nor syncs, which are never
/// repeated (FAULTS R11).
inline rouse::sys::table stormy_table() noexcept {
  using rouse::sys::table;
  table t = beneath;
  t.read = stormy<&table::read>::call;
  t.write = stormy<&table::write>::call;
  t.accept = stormy<&table::accept>::call;
  t.connect = stormy<&table::connect>::call;
  t.recv = stormy<&table::recv>::call;
  t.send = stormy<&table::send>::call;
  t.sendmsg = stormy<&table::sendmsg>::call;
  t.sendfile = stormy<&table::sendfile>::call;
  t.pages_cached = stormy<&table::pages_cached>::call;
  t.epoll_wait = stormy<&table::epoll_wait>::call;
  t.epoll_pwait2 = stormy<&table::epoll_pwait2>::call;
  t.openat2 = stormy<&table::openat2>::call;
  t.statx = stormy<&table::statx>::call;
  t.pread = stormy<&table::pread>::call;
  t.pread_cached = stormy<&table::pread_cached>::call;
  t.pwrite = stormy<&table::pwrite>::call;
  t.preadv = stormy<&table::preadv>::call;
  t.pwritev = stormy<&table::pwritev>::call;
  t.copy_range = stormy<&table::copy_range>::call;
  t.ftruncate = stormy<&table::ftruncate>::call;
  t.ring_gate = [](rouse::sys::ring_step step) {
    static std::atomic<unsigned> calls{};
    return step == rouse::sys::ring_step::enter && calls++ % 4 != 3 ? -EINTR : 0;
  };
  t.ring_completion = [](unsigned char code, int result) {
    static std::atomic<unsigned> calls{};
    const bool is_spared = code == static_cast<unsigned char>(rouse::opcode::accept) ||
                           code == static_cast<unsigned char>(rouse::opcode::sync);
    return !is_spared && calls++ % 4 != 3 ? -EINTR : result;
  };
  return t;
}

/// A byte at a time, in both directions, for sockets and files.
inline rouse::sys::table one_byte_table() noexcept {
  rouse::sys::table t = beneath;
  t.short_read_means_empty = false;
  t.recv = [](int fd, void* into, std::size_t bytes, int flags) {
    return beneath.recv(fd, into, std::min<std::size_t>(bytes, 1), flags);
  };
  t.send = [](int fd, const void* from, std::size_t bytes, int flags) {
    return beneath.send(fd, from, std::min<std::size_t>(bytes, 1), flags);
  };
  t.pread = [](int fd, void* into, std::size_t bytes, std::uint64_t offset) {
    return beneath.pread(fd, into, std::min<std::size_t>(bytes, 1), offset);
  };
  t.pread_cached = [](int fd, void* into, std::size_t bytes, std::uint64_t offset) {
    return beneath.pread_cached(fd, into, std::min<std::size_t>(bytes, 1), offset);
  };
  t.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t offset) {
    return beneath.pwrite(fd, from, std::min<std::size_t>(bytes, 1), offset);
  };
  t.preadv = [](int fd, const void* pieces, int, std::uint64_t offset) {
    return beneath.pread(fd, const_cast<void*>(static_cast<const rouse::slice*>(pieces)->data), 1,
                         offset);
  };
  t.pwritev = [](int fd, const void* pieces, int, std::uint64_t offset) {
    return beneath.pwrite(fd, static_cast<const rouse::slice*>(pieces)->data, 1, offset);
  };
  t.copy_range = [](int from, std::uint64_t* from_offset, int to, std::uint64_t* to_offset,
                    std::size_t bytes) {
    return beneath.copy_range(from, from_offset, to, to_offset, std::min<std::size_t>(bytes, 1));
  };
  t.ring_completion = [](unsigned char code, int result) {
    const bool moves_bytes = code == static_cast<unsigned char>(rouse::opcode::read_at) ||
                             code == static_cast<unsigned char>(rouse::opcode::write_at);
    return moves_bytes ? std::min(result, 1) : result;
  };
  return t;
}

/// Nothing is in the file system's caches, so what only looks there finds nothing; and the kernel
/// is too old for epoll_pwait2.
inline rouse::sys::table cold_table() noexcept {
  rouse::sys::table t = rouse::sys::real_table;
  t.openat2 = [](int directory, const char* path, const rouse::sys::open_how* how) {
    constexpr unsigned long cached_only = 0x20;  // RESOLVE_CACHED
    return (how->resolve & cached_only) != 0 ? -EAGAIN
                                             : rouse::sys::real_table.openat2(directory, path, how);
  };
  t.epoll_pwait2 = [](int, void*, int, const void*) { return -ENOSYS; };
  t.pread_cached = [](int, void*, std::size_t, std::uint64_t) -> long { return -EAGAIN; };
  t.pages_cached = [](int, std::uint64_t, std::uint64_t) -> long { return 0; };
  return t;
}

}  // namespace faults
