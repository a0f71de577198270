#include <rouse/io/buffer.hpp>

#include <rouse/base/assert.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace rouse::io {

buffer::buffer(buffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

buffer& buffer::operator=(buffer&& other) noexcept {
  if (this == &other) return *this;
  release();
  memory_ = std::exchange(other.memory_, nullptr);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

buffer buffer::aligned(std::size_t bytes, std::size_t alignment) {
  ROUSE_ASSERT(alignment >= sizeof(void*) && std::has_single_bit(alignment));
  if (bytes > static_cast<std::size_t>(-1) / 4) throw std::bad_alloc();
  // aligned_alloc wants a multiple
  const std::size_t wanted = (std::max(bytes, std::size_t{1}) + alignment - 1) & ~(alignment - 1);
  buffer fresh;
  fresh.memory_ = static_cast<std::byte*>(std::aligned_alloc(alignment, wanted));
  if (!fresh.memory_) throw std::bad_alloc();
  fresh.capacity_ = wanted;
  return fresh;
}

buffer::~buffer() { std::free(memory_); }

void buffer::append(std::span<const std::byte> more) {
  if (more.empty()) return;
  std::memcpy(prepare(more.size()).data(), more.data(), more.size());
  commit(more.size());
}

std::span<std::byte> buffer::prepare(std::size_t bytes) {
  if (capacity_ - end_ >= bytes) return {memory_ + end_, capacity_ - end_};
  if (begin_ >= size() &&
      capacity_ - size() >=
          bytes) {  // moving is cheap: each byte moves at most once per byte consumed
    std::memcpy(memory_, memory_ + begin_, size());
    end_ = size();
    begin_ = 0;
    return {memory_ + end_, capacity_ - end_};
  }
  if (bytes > static_cast<std::size_t>(-1) / 4 || size() > static_cast<std::size_t>(-1) / 4)
    throw std::bad_alloc();
  const std::size_t wanted =
      std::max({std::size_t{512}, size() + bytes, std::min(2 * capacity_, 2 * (size() + bytes))});
  auto* fresh = static_cast<std::byte*>(std::malloc(wanted));
  if (!fresh) throw std::bad_alloc();
  if (size()) std::memcpy(fresh, memory_ + begin_, size());
  std::free(memory_);
  memory_ = fresh;
  end_ = size();
  begin_ = 0;
  capacity_ = wanted;
  return {memory_ + end_, capacity_ - end_};
}

void buffer::commit(std::size_t bytes) noexcept {
  ROUSE_ASSERT(bytes <= capacity_ - end_);
  end_ += bytes;
}

void buffer::consume(std::size_t bytes) noexcept {
  ROUSE_ASSERT(bytes <= size());
  begin_ += bytes;
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (capacity_ > kept_bytes_max) release();
}

void buffer::release() noexcept {
  std::free(std::exchange(memory_, nullptr));
  begin_ = end_ = capacity_ = 0;
}

}  // namespace rouse::io
