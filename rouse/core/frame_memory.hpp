// Memory for coroutine frames and task cells, recycled per thread by size class: at hundreds of
// bytes a frame, the allocator is the dearest part of a spawn. A block freed on another thread
// joins that thread's cache. Off under AddressSanitizer, so that a use after free is seen.
#pragma once

#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define ROUSE_FRAME_CACHE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROUSE_FRAME_CACHE 0
#endif
#endif
#ifndef ROUSE_FRAME_CACHE
#define ROUSE_FRAME_CACHE 1
#endif

namespace rouse::internal {

inline constexpr std::size_t frame_alignment = 16;  // what malloc promises
inline constexpr std::size_t frame_class_bytes = 16;
inline constexpr std::size_t frame_classes = 128;  // blocks of up to 2 KiB are recycled
// Blocks kept per class and thread; more only up to what the thread has itself taken of that class
// since it was last trimmed, so that a crowd that comes and goes is recycled, and blocks that come
// from other threads do not pile up. A trimmed class has room for no more than was left to it: the
// first block beyond opens it again, and tells the next trim that there is something to do.
inline constexpr unsigned frame_class_limit = 2048;

struct frame_class {
  void* head;      // free blocks, linked through their first word
  unsigned room;   // more that may be linked
  unsigned limit;  // blocks and room; 0 until the thread's first miss and after its end
  unsigned taken;  // from the allocator since the last trim
  /// Blocks linked.
  [[nodiscard]] unsigned kept() const noexcept { return limit - room; }
};
struct frame_cache {
  frame_class classes[frame_classes];
  long balance;         // blocks taken from the allocator minus given back, while the cache is open
  unsigned trimmed_to;  // no class keeps more, or has been opened since; ~0: not known
  bool is_open;         // from the thread's first miss to its end
};
inline constinit thread_local frame_cache this_frame_cache{};

/// `missed`: the class that has no block; null: of no class.
[[nodiscard]] void* allocate_frame_slow(std::size_t bytes, frame_class* missed);
/// `full`: the class that has no room for it; null: of no class.
void free_frame_slow(void* block, frame_class* full) noexcept;

/// Throws std::bad_alloc. 16-byte aligned.
[[nodiscard]] inline void* allocate_frame(std::size_t bytes) {
#if ROUSE_FRAME_CACHE
  const std::size_t index = (bytes + frame_class_bytes - 1) / frame_class_bytes;
  if (index < frame_classes) [[likely]] {
    frame_class& c = this_frame_cache.classes[index];
    if (void* block = c.head) [[likely]] {
      c.head = *static_cast<void**>(block);
      ++c.room;
      return block;
    }
    return allocate_frame_slow(index * frame_class_bytes, &c);
  }
#endif
  return allocate_frame_slow(bytes, nullptr);
}
#ifndef NDEBUG
/// What a freed frame is filled with in debug builds, so that whoever still refers into it is found
/// out soon.
inline constexpr unsigned char dead_frame_byte = 0xdd;
#endif

/// `bytes` as given to allocate_frame.
inline void free_frame(void* block, [[maybe_unused]] std::size_t bytes) noexcept {
#ifndef NDEBUG
  __builtin_memset(block, dead_frame_byte, bytes);
#endif
#if ROUSE_FRAME_CACHE
  const std::size_t index = (bytes + frame_class_bytes - 1) / frame_class_bytes;
  if (index < frame_classes) [[likely]] {
    frame_class& c = this_frame_cache.classes[index];
    if (c.room == 0) [[unlikely]]
      return free_frame_slow(block, &c);
    *static_cast<void**>(block) = c.head;
    c.head = block;
    --c.room;
    return;
  }
#endif
  free_frame_slow(block, nullptr);
}

/// Gives back to the allocator what this thread keeps beyond `blocks` per class, but no more than
/// `at_once` blocks; true when some are left. An executor calls it when it goes idle, and looks at
/// timers and events in between. Costs nothing when no class has been opened since the last time.
bool trim_frame_cache(unsigned blocks, unsigned at_once = ~0u) noexcept;

/// Blocks that are in use, whoever made them; for tests, which compare it before and after. What
/// threads that still live have taken from the allocator, or keep, is seen for the calling one
/// only. Counted where the allocator is asked, so that recycling pays nothing for it.
[[nodiscard]] long frames_in_use() noexcept;

}  // namespace rouse::internal
