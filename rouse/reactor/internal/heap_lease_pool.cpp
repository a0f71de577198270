#include <rouse/reactor/internal/heap_lease_pool.hpp>

#include <algorithm>
#include <new>

namespace rouse::internal {

std::byte* heap_lease_pool::take() noexcept {
  void* block = nullptr;
  if (free_) {
    block = free_;
    free_ = free_->next;
    kept_--;
  } else if (available() != 0) {
    block = ::operator new(std::max(limits_.bytes, sizeof(free_block)), std::nothrow);
  }
  if (block) out_++;
  return static_cast<std::byte*>(block);
}

void heap_lease_pool::give_back(std::byte* block) noexcept {
  ROUSE_DEBUG_ASSERT(out_ > 0);
  out_--;
  if (orphaned_ || kept_ == limits_.count) {
    ::operator delete(block);
  } else {
    free_ = ::new (static_cast<void*>(block)) free_block{free_};
    kept_++;
  }
  if (orphaned_ && out_ == 0) delete this;
}

void heap_lease_pool::orphan() noexcept {
  orphaned_ = true;
  if (out_ == 0) delete this;
}

heap_lease_pool::~heap_lease_pool() {
  while (free_block* b = free_) {
    free_ = b->next;
    ::operator delete(b);
  }
}

}  // namespace rouse::internal
