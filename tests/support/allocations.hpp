// Counts calls of the allocator on this thread, and fails one of them on demand. Include it in ONE
// source of a test program: it defines malloc for all of it. Under a sanitizer, which owns malloc,
// nothing is counted: check `can_count`.
#pragma once

#include <tests/support/sanitized.hpp>

#include <cstddef>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t);  // NOLINT: glibc's own names
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
}

namespace support {

inline constexpr bool can_count = !is_sanitized;

inline constinit thread_local unsigned long allocations = 0;
inline constinit thread_local unsigned long fail_at =
    0;  ///< the n-th allocation from now fails; 0: none

/// Counts those of a block.
class allocation_count {
 public:
  [[nodiscard]] unsigned long made() const { return allocations - before_; }

 private:
  unsigned long before_ = allocations;
};

/// Fails the n-th allocation of a block.
class failing_allocation {
 public:
  explicit failing_allocation(unsigned long n) { fail_at = n; }
  failing_allocation(const failing_allocation&) = delete;
  failing_allocation& operator=(const failing_allocation&) = delete;
  ~failing_allocation() { fail_at = 0; }
  /// True when it has come to that.
  [[nodiscard]] bool has_failed() const { return fail_at == 0; }
};

inline bool refuse_allocation() {
  ++allocations;
  return fail_at != 0 && --fail_at == 0;
}

}  // namespace support

#if !SUPPORT_SANITIZED
extern "C" void* malloc(std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr : __libc_malloc(bytes);
}
extern "C" void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr : __libc_calloc(count, bytes);
}
extern "C" void* realloc(void* block, std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr : __libc_realloc(block, bytes);
}
#endif
