// Counts calls of the allocator on this thread and the blocks that all threads hold, and fails one
// call on demand. Include it in ONE source of a test program: it defines malloc for all of it.
// Under a sanitizer, which owns malloc, nothing is counted: check `can_count`.
#pragma once

#include <tests/support/sanitized.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t);  // NOLINT: glibc's own names
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace support {

inline constexpr bool can_count = !is_sanitized;

inline constinit thread_local unsigned long allocations = 0;
inline constinit thread_local unsigned long fail_at =
    0;  ///< the n-th allocation from now fails; 0: none
inline constinit thread_local bool fail_for_good = false;  ///< and all that follow it
inline constinit thread_local unsigned long refused = 0;
inline constinit std::atomic<long> live_blocks = 0;

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
  if (fail_at == 0 || --fail_at != 0) return false;
  if (fail_for_good) fail_at = 1;
  ++refused;
  return true;
}

}  // namespace support

#if !SUPPORT_SANITIZED
namespace support {
inline void* counted_block(void* block) {
  if (block) live_blocks.fetch_add(1, std::memory_order_relaxed);
  return block;
}
}  // namespace support

extern "C" void* malloc(std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr : support::counted_block(__libc_malloc(bytes));
}
extern "C" void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr
                                      : support::counted_block(__libc_calloc(count, bytes));
}
extern "C" void* realloc(void* block, std::size_t bytes) noexcept {
  if (support::refuse_allocation()) return nullptr;
  return block ? __libc_realloc(block, bytes) : support::counted_block(__libc_malloc(bytes));
}
extern "C" void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return support::refuse_allocation() ? nullptr
                                      : support::counted_block(__libc_memalign(alignment, bytes));
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return memalign(alignment, bytes);
}
extern "C" int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  *block = memalign(alignment, bytes);
  return *block ? 0 : ENOMEM;
}
extern "C" void free(void* block) noexcept {
  if (block) support::live_blocks.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(block);
}
#endif
