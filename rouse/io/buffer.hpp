// A queue of bytes in one piece of memory: parsers look at its front, writers gather at its back,
// and one write sends all.
#pragma once

#include <rouse/io/bytes.hpp>

namespace rouse::io {

/// Grows at the back, is consumed at the front, stays contiguous. Costs no memory while empty after
/// `release()`, and gives a burst's memory back as soon as it is empty: what it keeps is at most
/// `kept_bytes_max`.
/// @threads  One at a time. Movable; spans into it end with the next change.
class buffer {
 public:
  static constexpr std::size_t kept_bytes_max = 64 * 1024;

  buffer() noexcept = default;
  /// An empty one whose first byte lies at a multiple of `alignment`, a power of two, until it has
  /// held more than `bytes` or is consumed. For files that are read and written past the page
  /// cache.
  [[nodiscard]] static buffer aligned(std::size_t bytes, std::size_t alignment);
  buffer(buffer&& other) noexcept;
  buffer& operator=(buffer&& other) noexcept;
  ~buffer();

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {memory_ + begin_, size()};
  }
  [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes()); }

  /// Copies to the back. @errors std::bad_alloc; then nothing has changed.
  void append(std::span<const std::byte> more);
  void append(std::string_view more) { append(as_bytes(more)); }
  /// At least `bytes` of writable memory behind the last byte, to be filled and then committed.
  /// @errors std::bad_alloc.
  [[nodiscard]] std::span<std::byte> prepare(std::size_t bytes);
  /// The first `bytes` of what prepare gave now belong to the content.
  void commit(std::size_t bytes) noexcept;
  /// Drops `bytes` at the front, `bytes <= size()`.
  void consume(std::size_t bytes) noexcept;
  void clear() noexcept { consume(size()); }
  /// Drops content and memory.
  void release() noexcept;

 private:
  std::byte* memory_ = nullptr;
  std::size_t begin_ = 0;  // begin_ <= end_ <= capacity_; both 0 when empty
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace rouse::io
