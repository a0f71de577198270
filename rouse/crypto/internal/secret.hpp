// Bytes that are wiped when they die: a password on its way to a job.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace rouse::crypto::internal {

/// A copy of `text` that leaves nothing behind in memory. Move only.
class secret {
 public:
  explicit secret(std::string_view text);
  secret(secret&& other) noexcept
      : text_(std::exchange(other.text_, nullptr)), size_(other.size_) {}
  secret& operator=(secret&& other) noexcept {
    std::swap(text_, other.text_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~secret();
  [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char* text_;  // on the heap, so that a move leaves no copy
  std::size_t size_;
};

}  // namespace rouse::crypto::internal
