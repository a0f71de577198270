// Bytes in a buffer that the driver owns, lent for exactly as long as they are looked at (DESIGN
// decision 5). An idle connection therefore holds no buffer. The same type holds heap bytes: what a
// cancelled read had already received.
#pragma once

#include <rouse/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace rouse {

/// Where leased buffers come from and go back to. One thread. Outlives its reactor while leases are
/// out: the reactor calls `orphan()` instead of deleting it, and the last buffer that comes back
/// deletes it.
class lease_pool {
 public:
  lease_pool(const lease_pool&) = delete;
  lease_pool& operator=(const lease_pool&) = delete;

  /// A lease of `block` has ended. `block` is what the lease was made with.
  virtual void give_back(std::byte* block) noexcept = 0;

 protected:
  lease_pool() noexcept = default;
  virtual ~lease_pool() = default;
};

/// Move-only. False when it holds no bytes, which a read gives at the end of the stream.
///
/// @threads  Drop it on the thread of its reactor (a heap lease: anywhere).
/// @example  `while (lease bytes = ...) co_await stream.write_all(bytes);`
class [[nodiscard]] lease {
 public:
  /// The same, trivially copyable: for storage inside an operation. Owns nothing by itself.
  struct parts {
    lease_pool* pool;  ///< null: `block` came from heap_copy(), or nothing is held
    std::byte* block;  ///< the whole buffer
    std::byte* data;   ///< what is left of the bytes in it
    std::uint32_t size;
  };

  lease() noexcept = default;
  /// `size` bytes at `block`, which `pool` takes back.
  lease(lease_pool& pool, std::byte* block, std::size_t size) noexcept
      : parts_{&pool, block, block, static_cast<std::uint32_t>(size)} {}
  /// A copy on the heap: push-back of bytes that had landed in the caller's memory. Empty when
  /// `bytes` is.
  static lease heap_copy(std::span<const std::byte> bytes);
  static lease from_parts(const parts& p) noexcept {
    lease l;
    l.parts_ = p;
    return l;
  }
  /// Gives up ownership; from_parts() takes it over again.
  [[nodiscard]] parts release() noexcept { return std::exchange(parts_, parts{}); }

  lease(lease&& other) noexcept : parts_(other.release()) {}
  lease& operator=(lease&& other) noexcept {
    if (this != &other) {
      reset();
      parts_ = other.release();
    }
    return *this;
  }
  ~lease() { reset(); }

  /// Gives the buffer back now.
  void reset() noexcept {
    if (parts_.block) give_back(release());
  }
  explicit operator bool() const noexcept { return parts_.size != 0; }
  [[nodiscard]] std::size_t size() const noexcept { return parts_.size; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {parts_.data, parts_.size};
  }
  operator std::span<const std::byte>() const noexcept { return bytes(); }
  /// The bytes may be changed in place while they are leased.
  [[nodiscard]] std::span<std::byte> writable_bytes() noexcept {
    return {parts_.data, parts_.size};
  }
  /// Forgets the first `n` bytes, n <= size().
  void skip(std::size_t n) noexcept {
    ROUSE_ASSERT(n <= parts_.size);
    parts_.data += n;
    parts_.size -= static_cast<std::uint32_t>(n);
  }
  /// Copies what fits into `out` and skips it; gives the count.
  std::size_t copy_to(std::span<std::byte> out) noexcept {
    const std::size_t n = out.size() < size() ? out.size() : size();
    if (n != 0) std::memcpy(out.data(), parts_.data, n);
    skip(n);
    return n;
  }

 private:
  static void give_back(const parts& p) noexcept;
  parts parts_{};
};

}  // namespace rouse
