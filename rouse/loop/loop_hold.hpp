// What keeps a loop alive that could not see otherwise that something will come.
#pragma once

#include <cstddef>
#include <utility>

namespace rouse {

namespace internal {

class loop_core;

/// What outlives a loop: counted by it, its holds and its handles. The loop's thread only.
struct alive_count {
  std::size_t refs = 0;       // registrations that keep the loop alive
  loop_core* core = nullptr;  // null: the loop has closed
  long holders = 1;
  void retain() noexcept { ++holders; }
  void release() noexcept {
    if (--holders == 0) delete this;
  }
};

}  // namespace internal

/// The loop's thread only; may outlive the loop.
class [[nodiscard]] loop_hold {
 public:
  loop_hold() noexcept = default;
  explicit loop_hold(internal::alive_count& of) noexcept : count_(&of) {
    count_->retain();
    ++count_->refs;
  }
  loop_hold(loop_hold&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  loop_hold& operator=(loop_hold other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~loop_hold() {
    if (!count_) return;
    --count_->refs;
    count_->release();
  }
  explicit operator bool() const noexcept { return count_ != nullptr; }

 private:
  internal::alive_count* count_ = nullptr;
};

}  // namespace rouse
