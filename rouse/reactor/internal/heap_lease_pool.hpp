// Leased buffers of readiness reactors: plain memory, kept for reuse, last in first out so that the
// next one is warm.
#pragma once

#include <rouse/reactor/lease.hpp>

#include <cstddef>

namespace rouse::internal {

/// `count` buffers are kept for reuse; beyond them up to `heap_bytes_max` come from the heap and go
/// back to it.
class heap_lease_pool final : public lease_pool {
 public:
  struct limits {
    std::size_t bytes;  ///< of one buffer
    std::size_t count;
    std::size_t heap_bytes_max;
  };
  explicit heap_lease_pool(const limits& l) noexcept : limits_(l) {}

  /// Null when all are out, or there is no memory.
  [[nodiscard]] std::byte* take() noexcept;
  void give_back(std::byte* block) noexcept override;
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return limits_.bytes; }
  [[nodiscard]] std::size_t out_count() const noexcept { return out_; }
  /// How many take() would give now, memory permitting.
  [[nodiscard]] std::size_t available() const noexcept { return total_max() - out_; }
  /// The reactor goes: whoever gives back the last buffer deletes the pool.
  void orphan() noexcept;

 private:
  struct free_block {
    free_block* next;
  };
  ~heap_lease_pool() override;
  [[nodiscard]] std::size_t total_max() const noexcept {
    return limits_.count + limits_.heap_bytes_max / limits_.bytes;
  }

  limits limits_;
  bool orphaned_ = false;
  free_block* free_ = nullptr;
  std::size_t kept_ = 0;
  std::size_t out_ = 0;
};

}  // namespace rouse::internal
