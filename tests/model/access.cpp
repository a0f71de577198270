// The marks that -fsanitize=thread leaves at every plain access, led to the checker. Linked without
// the sanitizer's own library.
#include <tests/model/checker.hpp>

#include <cstring>

namespace {

using rouse::model::on_access;

void on_range(const void* begin, std::size_t bytes, bool is_write, const void* code) noexcept {
  const char* p = static_cast<const char*>(begin);
  for (const char* end = p + bytes; p < end; p += 8 - reinterpret_cast<std::uintptr_t>(p) % 8)
    on_access(p, is_write, code);
}

}  // namespace

// An access of any size is one to its first byte: that is how a member is always named.
#define MARK(size)                                                                                \
  void __tsan_read##size(void* p) { on_access(p, false, __builtin_return_address(0)); }           \
  void __tsan_write##size(void* p) { on_access(p, true, __builtin_return_address(0)); }           \
  void __tsan_unaligned_read##size(void* p) { on_access(p, false, __builtin_return_address(0)); } \
  void __tsan_unaligned_write##size(void* p) { on_access(p, true, __builtin_return_address(0)); }

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
MARK(1)
MARK(2)
MARK(4)
MARK(8)
MARK(16)
void __tsan_read_range(void* p, std::size_t n) {
  on_range(p, n, false, __builtin_return_address(0));
}
void __tsan_write_range(void* p, std::size_t n) {
  on_range(p, n, true, __builtin_return_address(0));
}
// A destructor first stores the class's own table again, which nobody can notice.
void __tsan_vptr_update(void** p, void* table) {
  if (*p != table) on_access(p, true, __builtin_return_address(0));
}
void __tsan_vptr_read(void** p) { on_access(p, false, __builtin_return_address(0)); }
void* __tsan_memcpy(void* to, const void* from, std::size_t n) {
  on_range(from, n, false, __builtin_return_address(0));
  on_range(to, n, true, __builtin_return_address(0));
  return std::memcpy(to, from, n);
}
void* __tsan_memmove(void* to, const void* from, std::size_t n) {
  on_range(from, n, false, __builtin_return_address(0));
  on_range(to, n, true, __builtin_return_address(0));
  return std::memmove(to, from, n);
}
void* __tsan_memset(void* to, int c, std::size_t n) {
  on_range(to, n, true, __builtin_return_address(0));
  return std::memset(to, c, n);
}

// Atomics that are not ours: the standard library's counts and guards, each of one thread here.
unsigned char __tsan_atomic8_load(const volatile unsigned char* p, int) { return *p; }
int __tsan_atomic32_load(const volatile int* p, int) { return *p; }
long __tsan_atomic64_load(const volatile long* p, int) { return *p; }
void __tsan_atomic8_store(volatile unsigned char* p, unsigned char v, int) { *p = v; }
void __tsan_atomic32_store(volatile int* p, int v, int) { *p = v; }
int __tsan_atomic32_fetch_add(volatile int* p, int by, int) {
  const int former = *p;
  *p = former + by;
  return former;
}
}
