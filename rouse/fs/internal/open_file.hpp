// A descriptor that operations under way keep open, so that its number is not given to another file
// beneath them.
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/atomic.hpp>
#include <rouse/sys/descriptor.hpp>

#include <utility>

namespace rouse::fs::internal {

class open_file {
 public:
  explicit open_file(sys::descriptor d) noexcept : descriptor_(std::move(d)) {}
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

 private:
  sys::descriptor descriptor_;
  atomic<long> references_{1};
};

/// One counted reference, or none.
class open_file_ref {
 public:
  open_file_ref() noexcept = default;
  explicit open_file_ref(open_file* f) noexcept : file_(f) {
    ROUSE_ASSERT(f != nullptr);  // the file was moved from
    file_->retain();
  }
  open_file_ref(const open_file_ref& other) noexcept : file_(other.file_) {
    if (file_) file_->retain();
  }
  open_file_ref(open_file_ref&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
  open_file_ref& operator=(open_file_ref other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~open_file_ref() {
    if (file_) file_->release();
  }
  explicit operator bool() const noexcept { return file_ != nullptr; }
  [[nodiscard]] int fd() const noexcept { return file_->fd(); }

 private:
  open_file* file_ = nullptr;
};

}  // namespace rouse::fs::internal
