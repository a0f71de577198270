#include <rouse/base/atomic.hpp>
#include <rouse/core/frame_memory.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace rouse::internal {
namespace {

// The balance of threads that have ended, or have no cache.
constinit atomic<long> balance_elsewhere{0};

constexpr unsigned not_trimmed = ~0u;

void count_blocks(long more) noexcept {
  if (this_frame_cache.is_open)
    this_frame_cache.balance += more;
  else
    balance_elsewhere.fetch_add(more, order::relaxed);
}

// Opens this thread's cache at its first miss and empties it at its end. The cache itself is
// trivial, so that the fast path needs no guard; blocks freed by later thread-local destructors
// find no room and go straight to the allocator.
struct cache_lifetime {
  cache_lifetime() noexcept {
    for (frame_class& c : this_frame_cache.classes)
      c.room = c.limit = frame_class_limit;
    this_frame_cache.trimmed_to = not_trimmed;
    this_frame_cache.is_open = true;
  }
  cache_lifetime(const cache_lifetime&) = delete;
  cache_lifetime& operator=(const cache_lifetime&) = delete;
  ~cache_lifetime() {
    trim_frame_cache(0);
    for (frame_class& c : this_frame_cache.classes)
      c.room = c.limit = 0;
    this_frame_cache.is_open = false;
    count_blocks(std::exchange(this_frame_cache.balance, 0));
  }
};

}  // namespace

void* allocate_frame_slow(std::size_t bytes, [[maybe_unused]] frame_class* missed) {
#if ROUSE_FRAME_CACHE
  thread_local cache_lifetime lifetime;
  (void)lifetime;
  if (missed) ++missed->taken;
#endif
  if (void* block = std::malloc(bytes)) return count_blocks(1), block;
  throw std::bad_alloc();
}

void free_frame_slow(void* block, frame_class* full) noexcept {
  if (full && full->limit != 0 && full->limit < std::max(full->taken, frame_class_limit)) {
    const unsigned grown =
        full->limit < frame_class_limit ? frame_class_limit : full->limit + frame_class_limit;
    full->room = grown - full->limit - 1;
    full->limit = grown;
    this_frame_cache.trimmed_to = not_trimmed;
    *static_cast<void**>(block) = full->head;
    full->head = block;
    return;
  }
  count_blocks(-1);
  std::free(block);
}

bool trim_frame_cache(unsigned blocks, unsigned at_once) noexcept {
  if (this_frame_cache.trimmed_to <= blocks) return false;
  const unsigned limit = std::max(blocks, 1u);  // 0 would close a class
  for (frame_class& c : this_frame_cache.classes) {
    for (; c.kept() > blocks; --at_once) {
      if (at_once == 0) return true;
      void* block = c.head;
      c.head = *static_cast<void**>(block);
      ++c.room;
      free_frame_slow(block, nullptr);
    }
    c.taken = 0;
    if (c.limit == 0) continue;  // this thread has no cache
    const unsigned left = c.kept();
    c.limit = limit;
    c.room = limit - left;
  }
  this_frame_cache.trimmed_to = limit;
  return false;
}

long frames_in_use() noexcept {
  long kept = 0;
  for (const frame_class& c : this_frame_cache.classes)
    kept += c.kept();
  return balance_elsewhere.load(order::relaxed) + this_frame_cache.balance - kept;
}

}  // namespace rouse::internal
