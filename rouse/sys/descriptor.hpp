// The only owner of a file descriptor.
#pragma once

#include <utility>

namespace rouse::sys {

/// Owns one descriptor and closes it once. Everything in `sys` that makes a descriptor sets
/// close-on-exec.
class descriptor {
 public:
  constexpr descriptor() noexcept = default;
  /// Takes over `fd`; a negative number is "none".
  explicit constexpr descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~descriptor() { reset(); }

  [[nodiscard]] constexpr int get() const noexcept { return fd_; }
  explicit constexpr operator bool() const noexcept { return fd_ >= 0; }
  /// Gives up ownership.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what is held and takes over `fd`. An error of close() is not reported: the number is
  /// gone all the same.
  void reset(int fd = -1) noexcept {
    if (const int old = std::exchange(fd_, fd); old >= 0) close(old);
  }

 private:
  static void close(int fd) noexcept;
  int fd_ = -1;
};

}  // namespace rouse::sys
