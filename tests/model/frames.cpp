// Instead of rouse/core/frame_memory.cpp in models: frames are blocks of the scenario's heap, where
// their end is noticed. Built with ROUSE_FRAME_CACHE=0.
#include <rouse/core/frame_memory.hpp>

#include <new>

namespace rouse::internal {

void* allocate_frame_slow(std::size_t bytes, frame_class*) { return ::operator new(bytes); }
void free_frame_slow(void* block, frame_class*) noexcept { ::operator delete(block); }
bool trim_frame_cache(unsigned, unsigned) noexcept { return false; }

}  // namespace rouse::internal
