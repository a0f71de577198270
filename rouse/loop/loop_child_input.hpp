// What a child reads, from the side that writes it.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace rouse {

namespace internal {
class child_state;
}

/// `child.input()`. A handle, as loop_child is.
/// @threads  The loop's.
class loop_child_input {
 public:
  /// Bytes that wait above which `write` answers false.
  static constexpr std::size_t high_water_mark = 16 * 1024;

  loop_child_input() noexcept = default;  ///< of no child: closed, and only to be assigned to
  loop_child_input(const loop_child_input& other) noexcept;
  loop_child_input(loop_child_input&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  loop_child_input& operator=(loop_child_input other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_child_input();

  /// All that waited is in the pipe, after `write` had answered false.
  const loop_child_input& on_drain(callback<void()> f) const;
  /// Nothing more can be written: EPIPE when the child reads no more. Without it EPIPE is no error,
  /// since a child may read no more than it needs; others go where exceptions of callbacks go.
  const loop_child_input& on_error(callback<void(const error&)> f) const;

  /// Writes a copy of `bytes`, in order, as soon as the child runs and its pipe takes them. False:
  /// more than the high-water mark waits now, go on at on_drain; or it is closed, and they are
  /// dropped: after `end`, an error or the child's exit, or since it is not `piped`.
  bool write(std::span<const std::byte> bytes) const;
  bool write(std::string_view text) const;
  /// The child reads the end, when all is written.
  void end() const noexcept;
  /// The same after one last write.
  void end(std::string_view text) const;
  /// The child reads the end now; what waits is dropped.
  void destroy() const noexcept;

  /// Bytes that wait.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;
  /// Nothing more can be written.
  [[nodiscard]] bool is_closed() const noexcept;

 private:
  friend internal::child_state;
  explicit loop_child_input(internal::child_state& counted) noexcept : state_(&counted) {}
  [[nodiscard]] internal::child_state& state() const noexcept;
  internal::child_state* state_ = nullptr;
};

}  // namespace rouse
