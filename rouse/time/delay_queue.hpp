// Values that come out when their time has come.
#pragma once

#include <rouse/core/stream.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/wheel.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace rouse {

/// The untyped half: what waits where. One timer for the whole queue.
class delay_queue_base {
 public:
  /// Names a value in the queue; a stale one is recognised, also when its place is in use again.
  class key {
   public:
    friend bool operator==(key, key) noexcept = default;

   private:
    friend class delay_queue_base;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
  };

  [[nodiscard]] bool is_empty() const noexcept { return wheel_.is_empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return wheel_.size(); }
  /// Values that fit without an allocation.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// The earliest deadline; `never` when the queue is empty.
  [[nodiscard]] instant next_deadline() noexcept { return wheel_.next_deadline(); }
  void disown() noexcept { timer_.disown(); }
  /// Forgets the waker; the values stay.
  poll_result<void> poll_cancel(context&) noexcept { return disown(), ready; }

 protected:
  struct slot : wheel_entry {
    std::uint32_t index = 0;
    std::uint32_t generation = 1;
    slot* next_free = nullptr;
  };

  delay_queue_base() : wheel_(sleep_operation::now()), timer_(never) {}
  ~delay_queue_base() = default;

  key insert(slot& s, instant at) noexcept;
  /// Null when `k` is stale.
  [[nodiscard]] static slot* checked(slot& s, key k) noexcept {
    return s.generation == k.generation ? &s : nullptr;
  }
  [[nodiscard]] static std::uint32_t index_of(key k) noexcept { return k.index; }
  [[nodiscard]] static key key_of(const slot& s) noexcept;
  void move(slot& s, instant at) noexcept;
  void take_out(slot& s) noexcept;
  void recycle(slot& s) noexcept;
  slot* pop_any() noexcept { return static_cast<slot*>(wheel_.pop_any()); }
  void all_gone() noexcept;
  /// The next one due; null with a ready answer: the queue is empty; an error: of the timer.
  poll_result<result<slot*>> poll_due(context& cx) noexcept;

  slot* free_ = nullptr;
  std::size_t capacity_ = 0;

 private:
  void deadline_changed() noexcept;

  wheel wheel_;
  sleep_operation timer_;
  bool waits_ = false;  // the timer is set to the earliest deadline, for somebody
};

/// A value whose time has come.
template <class T>
struct expired {
  T value;
  delay_queue_base::key key;  ///< already stale: for book-keeping
  instant deadline;
};

/// A stream of values by deadline, in order of insertion within an instant. It ends when the queue
/// is empty, and goes on when something is inserted again. Inserting, moving and removing while a
/// task waits moves its wait along.
///
/// One thread. Values are constructed once and never moved inside; may not move itself.
/// @errors  as `sleep`; nothing is lost by one.
/// @cancel  Safe: values stay.
/// @cost    insert, remove, reset: O(1); an allocation for every few values when over the capacity,
/// none after that.
template <class T>
class delay_queue : public delay_queue_base {
 public:
  delay_queue() = default;
  delay_queue(const delay_queue&) = delete;
  delay_queue& operator=(const delay_queue&) = delete;
  ~delay_queue() { clear(); }

  key insert(T value, nanoseconds d) {
    return insert_at(std::move(value), saturating_add(sleep_operation::now(), d));
  }
  /// A deadline that has passed: it comes out at the next poll.
  key insert_at(T value, instant at) {
    place& p = vacant();
    p.value.emplace(std::move(value));
    free_ = p.next_free;
    return delay_queue_base::insert(p, at);
  }
  /// Takes a value out; `k` must name one in the queue.
  T remove(key k) {
    auto value = try_remove(k);
    ROUSE_ASSERT(value.has_value());
    return std::move(*value);
  }
  /// The same; nullopt when `k` is stale.
  std::optional<T> try_remove(key k) {
    place* p = find(k);
    if (!p) return std::nullopt;
    take_out(*p);
    return take(*p);
  }
  /// Moves a value to another deadline; `k` must name one in the queue.
  void reset(key k, nanoseconds d) { reset_at(k, saturating_add(sleep_operation::now(), d)); }
  void reset_at(key k, instant at) {
    place* p = find(k);
    ROUSE_ASSERT(p != nullptr);
    move(*p, at);
  }
  [[nodiscard]] bool contains(key k) noexcept { return find(k) != nullptr; }
  /// The value that `k` names; null when it is stale.
  [[nodiscard]] T* get(key k) noexcept {
    place* p = find(k);
    return p ? &*p->value : nullptr;
  }

  /// Destroys all values; a task that waits sees the end.
  void clear() noexcept {
    while (slot* s = pop_any())
      (void)take(static_cast<place&>(*s));
    all_gone();
  }
  /// Makes room for `n` values in all.
  void reserve(std::size_t n) {
    while (capacity_ < n)
      grow();
  }

  poll_result<std::optional<result<expired<T>>>> poll_next(context& cx) {
    auto answer = poll_due(cx);
    if (!answer.is_ready()) return pending;
    auto due = answer.take();
    using item = std::optional<result<expired<T>>>;
    if (!due) return item(std::unexpected(due.error()));
    if (!*due) return item();
    auto& p = static_cast<place&>(**due);
    const key k = key_of(p);
    const instant deadline = p.deadline();
    return item(expired<T>{take(p), k, deadline});
  }

 private:
  struct place : slot {
    std::optional<T> value;
  };

  place* find(key k) noexcept {
    const std::uint32_t index = index_of(k);
    if (index >= places_.size()) return nullptr;
    place& p = places_[index];
    return checked(p, k) && p.value ? &p : nullptr;
  }
  T take(place& p) {
    T value = std::move(*p.value);
    p.value.reset();
    recycle(p);
    return value;
  }
  place& vacant() {
    if (!free_) grow();
    return static_cast<place&>(*free_);
  }
  void grow() {
    place& p = places_.emplace_back();
    p.index = static_cast<std::uint32_t>(places_.size() - 1);
    p.next_free = free_;
    free_ = &p;
    ++capacity_;
  }

  std::deque<place> places_;
};

}  // namespace rouse
