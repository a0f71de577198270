// A queue whose items keep a sequence number for life, in a ring that gives its memory back after a
// burst.
#pragma once

#include <rouse/base/assert.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace rouse::internal {

/// T moves without throwing. One thread. Pushing throws std::bad_alloc and changes nothing then.
template <class T>
class ring {
 public:
  /// As many places are kept when the ring runs empty.
  static constexpr std::size_t kept_capacity = 1024;
  static constexpr std::size_t least_capacity = 16;

  ring() noexcept = default;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring() { clear(); }

  [[nodiscard]] bool is_empty() const noexcept { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// The numbers of the first item and of the next one to be pushed.
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t tail() const noexcept { return tail_; }

  /// No memory is needed from here on while at most so many are there.
  void reserve(std::size_t count) {
    if (count > capacity_) [[unlikely]]
      resize(std::max(least_capacity, std::bit_ceil(count)));
  }
  /// Gives the new item's number.
  template <class... Args>
  std::uint64_t emplace(Args&&... args) {
    if (size() == capacity_) [[unlikely]]
      reserve(capacity_ + 1);
    ::new (static_cast<void*>(items_ + place_of(tail_))) T(std::forward<Args>(args)...);
    return tail_++;
  }
  /// The item of this number, or null when it has gone.
  [[nodiscard]] T* find(std::uint64_t number) noexcept {
    return number >= head_ && number < tail_ ? items_ + place_of(number) : nullptr;
  }
  [[nodiscard]] T pop() noexcept {
    T& first = front();
    T taken(std::move(first));
    first.~T();
    advance();
    return taken;
  }
  /// The first item, which has left the queue. For the owner, who moves out of it before anything
  /// else happens to the queue, and then forgets it: its destructor is not called.
  [[nodiscard]] T& leave_front() noexcept {
    T& first = front();
    advance();
    return first;
  }
  /// Calls the first item, a callback, which has left the queue by then.
  void call_front()
    requires requires(T& t) { t.call_once(); }
  {
    leave_front().call_once();  // empties its place before the callable runs, and never looks back
  }
  /// Of the items from this number on the last becomes the first.
  void reverse_from(std::uint64_t number) noexcept {
    for (std::uint64_t i = number > head_ ? number : head_, j = tail_; i + 1 < j; ++i)
      std::swap(items_[place_of(i)], items_[place_of(--j)]);
  }
  void swap(ring& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
  }
  /// Destroys what is there, first to last, also what those destructors push.
  void clear() noexcept {
    while (!is_empty())
      (void)pop();
    ::operator delete(static_cast<void*>(items_));
    items_ = nullptr;
    capacity_ = 0;
  }
  /// For the owner, between two rounds: gives back what a burst has taken, but for what is
  /// reserved.
  void trim(std::size_t reserved = 0) noexcept {
    if (capacity_ <= kept_capacity || reserved > capacity_ / 4 || !is_empty()) return;
    const std::size_t less = reserved == 0 ? 0 : std::max(least_capacity, std::bit_ceil(reserved));
    void* fresh = less == 0 ? nullptr : ::operator new(less * sizeof(T), std::nothrow);
    if (less != 0 && !fresh) return;
    ::operator delete(static_cast<void*>(items_));
    items_ = static_cast<T*>(fresh);
    capacity_ = less;
  }

 private:
  static_assert(alignof(T) <= alignof(std::max_align_t));
  [[nodiscard]] std::size_t place_of(std::uint64_t number) const noexcept {
    return number & (capacity_ - 1);
  }
  [[nodiscard]] T& front() noexcept {
    ROUSE_DEBUG_ASSERT(!is_empty());
    return items_[place_of(head_)];
  }
  void advance() noexcept { ++head_; }
  void resize(std::size_t capacity) {
    auto* fresh = static_cast<T*>(::operator new(capacity * sizeof(T)));
    for (std::uint64_t n = head_; n != tail_; ++n) {
      T& item = items_[place_of(n)];
      ::new (static_cast<void*>(fresh + (n & (capacity - 1)))) T(std::move(item));
      item.~T();
    }
    ::operator delete(static_cast<void*>(items_));
    items_ = fresh;
    capacity_ = capacity;
  }

  T* items_ = nullptr;
  std::size_t capacity_ = 0;  // a power of two, or 0
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace rouse::internal
