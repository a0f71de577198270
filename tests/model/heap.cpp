// Memory of scenarios. It is handed out once per execution and never again, so that a block that
// was freed is known as such to the end, and every access to it is found.
#include <tests/model/checker.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace rouse::model {
namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t arena_bytes = 1 << 18;

alignas(64) unsigned char arena[arena_bytes];
memory_state states[arena_bytes / granule];
unsigned granules_at[arena_bytes / granule];  // by a block's first granule
std::size_t used = 0;                         // in bytes
std::size_t live = 0;                         // blocks

std::size_t index_of(const void* p) noexcept {
  return static_cast<std::size_t>(static_cast<const unsigned char*>(p) - arena) / granule;
}
bool is_ours(const void* p) noexcept { return p >= arena && p < arena + arena_bytes; }

void* take(std::size_t bytes, std::size_t alignment) noexcept {
  std::size_t begin = (used + alignment - 1) / alignment * alignment;
  const std::size_t count = bytes / granule + 1;
  if (begin + count * granule > arena_bytes) {
    std::fputs("a scenario wants more memory than heap.cpp has\n", stderr);
    std::abort();
  }
  used = begin + count * granule;
  std::memset(states + begin / granule, static_cast<int>(memory_state::live), count);
  granules_at[begin / granule] = static_cast<unsigned>(count);
  ++live;
  return arena + begin;
}

void give_back(void* p, const void* code) noexcept {
  const std::size_t first = index_of(p);
  if (states[first] != memory_state::live || granules_at[first] == 0) fail("freed twice");
  on_free(p, granules_at[first] * granule, code);
  std::memset(states + first, static_cast<int>(memory_state::freed), granules_at[first]);
  --live;
}

}  // namespace

void forget_heap() noexcept {
  std::memset(states, 0, used / granule);
  std::memset(granules_at, 0, used / granule * sizeof(unsigned));
  used = live = 0;
}
std::size_t live_blocks() noexcept { return live; }
memory_state state_of(const void* address) noexcept {
  return is_ours(address) ? states[index_of(address)] : memory_state::elsewhere;
}

}  // namespace rouse::model

namespace model = rouse::model;

void* operator new(std::size_t bytes) {
  if (model::is_inside) return model::take(bytes, model::granule);
  void* p = std::malloc(bytes);
  if (!p) throw std::bad_alloc();
  return p;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return model::is_inside ? model::take(bytes, model::granule) : std::malloc(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (model::is_inside) return model::take(bytes, static_cast<std::size_t>(alignment));
  void* p = std::aligned_alloc(static_cast<std::size_t>(alignment), bytes);
  if (!p) throw std::bad_alloc();
  return p;
}
void operator delete(void* p) noexcept {
  if (model::is_ours(p))
    model::give_back(p, __builtin_return_address(0));
  else
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { operator delete(p); }
void operator delete(void* p, std::align_val_t) noexcept { operator delete(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { operator delete(p); }
