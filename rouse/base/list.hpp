// Intrusive containers: what is queued carries its own link, so nothing is allocated and leaving
// costs O(1).
#pragma once

#include <rouse/base/assert.hpp>

namespace rouse {

/// Base of whatever stands in a `list`. Unlinks itself when destroyed; never copied.
class list_link {
 public:
  list_link() noexcept = default;
  list_link(const list_link&) = delete;
  list_link& operator=(const list_link&) = delete;
  ~list_link() { unlink(); }

  [[nodiscard]] bool is_linked() const noexcept { return next_ != nullptr; }
  /// Leaves its list; nothing happens when it stands in none.
  void unlink() noexcept {
    list_link* const next = next_;  // both read before the stores, which might alias
    list_link* const prev = prev_;
    if (!next) return;
    prev->next_ = next;
    next->prev_ = prev;
    prev_ = next_ = nullptr;
  }

 private:
  template <class T>
  friend class list;
  list_link* prev_ = nullptr;
  list_link* next_ = nullptr;
};

/// Doubly linked ring of T, which derives from list_link. One thread, or one lock.
template <class T>
class list {
 public:
  list() noexcept { head_.prev_ = head_.next_ = &head_; }
  list(const list&) = delete;
  list& operator=(const list&) = delete;
  ~list() {
    clear();
    head_.prev_ = head_.next_ = nullptr;
  }

  [[nodiscard]] bool is_empty() const noexcept { return head_.next_ == &head_; }
  [[nodiscard]] T* front() noexcept { return is_empty() ? nullptr : to_item(head_.next_); }
  [[nodiscard]] T* back() noexcept { return is_empty() ? nullptr : to_item(head_.prev_); }
  /// The item after `item`, or null.
  [[nodiscard]] T* next(T& item) noexcept {
    list_link* l = static_cast<list_link&>(item).next_;
    return l == &head_ ? nullptr : to_item(l);
  }
  /// The item before `item`, or null.
  [[nodiscard]] T* previous(T& item) noexcept {
    list_link* l = static_cast<list_link&>(item).prev_;
    return l == &head_ ? nullptr : to_item(l);
  }
  void push_back(T& item) noexcept { insert_before(head_, item); }
  void push_front(T& item) noexcept { insert_before(*head_.next_, item); }
  /// Places `item` in front of `at`, which stands in this list.
  void insert_before(list_link& at, T& item) noexcept {
    list_link& l = item;
    ROUSE_DEBUG_ASSERT(!l.is_linked());
    l.prev_ = at.prev_;
    l.next_ = &at;
    at.prev_->next_ = &l;
    at.prev_ = &l;
  }
  T* pop_front() noexcept {
    list_link* first = head_.next_;
    if (first == &head_) return nullptr;
    list_link* second =
        first->next_;  // read before the stores, which might alias: half the cost of unlink()
    head_.next_ = second;
    second->prev_ = &head_;
    first->prev_ = first->next_ = nullptr;
    return to_item(first);
  }
  /// Moves everything of `other` behind what is here, in O(1).
  void splice_back(list& other) noexcept {
    if (other.is_empty()) return;
    other.head_.next_->prev_ = head_.prev_;
    head_.prev_->next_ = other.head_.next_;
    other.head_.prev_->next_ = &head_;
    head_.prev_ = other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
  }
  /// Unlinks every item; the items live on.
  void clear() noexcept {
    while (pop_front()) {
    }
  }

 private:
  static T* to_item(list_link* l) noexcept { return static_cast<T*>(l); }
  list_link head_;
};

}  // namespace rouse
