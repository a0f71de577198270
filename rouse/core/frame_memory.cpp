#include <rouse/core/frame_memory.hpp>

#include <new>

namespace rouse::internal {
namespace {

// Opens this thread's cache at its first miss and empties it at its end. The cache itself is
// trivial, so that the fast path needs no guard; blocks freed by later thread-local destructors
// find no room and go straight to the allocator.
struct cache_lifetime {
  cache_lifetime() noexcept {
    for (frame_class& c : this_frame_cache.classes)
      c.room = frame_class_limit;
  }
  cache_lifetime(const cache_lifetime&) = delete;
  cache_lifetime& operator=(const cache_lifetime&) = delete;
  ~cache_lifetime() {
    trim_frame_cache(0);
    for (frame_class& c : this_frame_cache.classes)
      c.room = 0;
  }
};

}  // namespace

void* allocate_frame_slow(std::size_t bytes) {
#if ROUSE_FRAME_CACHE
  thread_local cache_lifetime lifetime;
  (void)lifetime;
#endif
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}

void free_frame_slow(void* block) noexcept { std::free(block); }

void trim_frame_cache(unsigned blocks) noexcept {
  for (frame_class& c : this_frame_cache.classes) {
    while (c.kept() > blocks) {
      void* block = c.head;
      c.head = *static_cast<void**>(block);
      ++c.room;
      std::free(block);
    }
  }
}

}  // namespace rouse::internal
