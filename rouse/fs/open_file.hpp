// A descriptor that operations under way keep open, so that its number is not given to another file
// beneath them.
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/atomic.hpp>
#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/file.hpp>

#include <string>
#include <utility>

namespace rouse::fs::internal {

class open_file {
 public:
  open_file(sys::descriptor d, std::string path) noexcept
      : path_(std::move(path)), descriptor_(std::move(d)) {}
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
  /// For error texts.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// True for the holder of the only reference, and then it stays so.
  [[nodiscard]] bool is_unshared() const noexcept {
    return references_.load(order::acquire) == 1;  // pairs with release()
  }
  result<void> close() { return sys::close(std::move(descriptor_)); }
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

 private:
  const std::string path_;
  sys::descriptor descriptor_;
  atomic<long> references_{1};
};

/// One counted reference, or none.
class open_file_ref {
 public:
  open_file_ref() noexcept = default;
  /// Takes over the first reference.
  explicit open_file_ref(open_file* fresh) noexcept : file_(fresh) {}
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
  /// Lets go, and tells what closing says. @errors EBUSY: another reference is left, and closes
  /// later.
  result<void> close() && {
    const open_file_ref last = std::move(*this);
    if (!last.file_->is_unshared()) return std::unexpected(error("close", EBUSY));
    return last.file_->close();
  }
  [[nodiscard]] int fd() const noexcept {
    ROUSE_ASSERT(file_ != nullptr);  // not moved from
    return file_->fd();
  }
  [[nodiscard]] const std::string& path() const noexcept {
    ROUSE_ASSERT(file_ != nullptr);
    return file_->path();
  }

 private:
  open_file* file_ = nullptr;
};

/// Where a path starts: an open directory, kept open meanwhile, or the working directory.
class start {
 public:
  start() noexcept = default;
  explicit start(open_file_ref directory) noexcept : directory_(std::move(directory)) {}
  [[nodiscard]] int fd() const noexcept {
    return directory_ ? directory_.fd() : sys::current_directory;
  }

 private:
  open_file_ref directory_;
};

}  // namespace rouse::fs::internal
