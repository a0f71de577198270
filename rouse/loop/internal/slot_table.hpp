// Objects under a key that a stale holder can keep without harm: a place, and a serial number that
// no later object in that place has (but for one in 2^32).
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/list.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace rouse::internal {

/// T is address-stable. One thread. In pages, so that memory goes back after a burst: one
/// empty page is kept.
template <class T>
class slot_table {
 public:
  static constexpr std::uint32_t page_slots = 256;

  slot_table() noexcept = default;
  slot_table(const slot_table&) = delete;
  slot_table& operator=(const slot_table&) = delete;
  ~slot_table() {
    clear();
    for (page* p : pages_)
      delete p;
  }

  /// Throws std::bad_alloc.
  template <class... Args>
  T& emplace(Args&&... args) {
    page* p = with_room_.front();
    if (!p) [[unlikely]]
      p = add_page();
    const std::uint32_t place = p->first_free;
    slot& s = p->slots[place];
    T* made = ::new (static_cast<void*>(s.memory)) T(std::forward<Args>(args)...);
    p->first_free = s.index;
    s.index = p->number * page_slots + place;
    s.serial = ++last_serial_ == 0 ? ++last_serial_ : last_serial_;
    if (p->used == 0) --empty_pages_;
    if (++p->used == page_slots) p->unlink();
    ++size_;
    return *made;
  }
  [[nodiscard]] T* find(std::uint32_t index, std::uint32_t serial) noexcept {
    const std::uint32_t number = index / page_slots;
    if (number >= pages_.size() || !pages_[number] || serial == 0) return nullptr;
    slot& s = pages_[number]->slots[index % page_slots];
    return s.serial == serial ? object_in(s) : nullptr;
  }
  [[nodiscard]] static std::uint32_t index_of(T& object) noexcept { return slot_of(object).index; }
  [[nodiscard]] static std::uint32_t serial_of(T& object) noexcept {
    return slot_of(object).serial;
  }
  void erase(T& object) noexcept {
    slot& s = slot_of(object);
    ROUSE_DEBUG_ASSERT(s.serial != 0);
    s.serial = 0;
    object.~T();
    page& p = *pages_[s.index / page_slots];
    p.first_free = std::exchange(s.index, p.first_free) % page_slots;
    --size_;
    if (p.used-- == page_slots) with_room_.push_front(p);
    if (p.used == 0 && ++empty_pages_ > 1) drop(p);
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Pages that are there; for tests.
  [[nodiscard]] std::size_t page_count() const noexcept {
    return pages_.size() - free_numbers_.size();
  }
  void clear() noexcept {
    for (std::size_t n = 0; n < pages_.size(); ++n) {
      for (std::uint32_t place = 0; pages_[n] && place < page_slots; ++place)
        if (pages_[n]->slots[place].serial != 0) erase(*object_in(pages_[n]->slots[place]));
    }
  }

 private:
  struct slot {
    alignas(T) std::byte memory[sizeof(T)];
    std::uint32_t serial = 0;  // 0: free
    std::uint32_t index = 0;   // of a free one: the next free place in its page
  };
  struct page : list_link {
    std::uint32_t number = 0;
    std::uint32_t first_free = 0;
    std::uint32_t used = 0;
    slot slots[page_slots];
  };
  static T* object_in(slot& s) noexcept { return std::launder(reinterpret_cast<T*>(s.memory)); }
  static slot& slot_of(T& object) noexcept {
    static_assert(offsetof(slot, memory) == 0);
    return *reinterpret_cast<slot*>(&object);
  }
  page* add_page() {
    if (free_numbers_.empty()) {
      if (free_numbers_.capacity() <= pages_.size())
        free_numbers_.reserve(2 * pages_.size() + 8);  // so that drop() cannot fail
      pages_.push_back(nullptr);
      free_numbers_.push_back(static_cast<std::uint32_t>(pages_.size() - 1));
    }
    page* fresh = new page;
    fresh->number = free_numbers_.back();
    free_numbers_.pop_back();
    for (std::uint32_t place = 0; place < page_slots; ++place)
      fresh->slots[place].index = place + 1;
    pages_[fresh->number] = fresh;
    with_room_.push_back(*fresh);
    ++empty_pages_;
    return fresh;
  }
  void drop(page& p) noexcept {
    --empty_pages_;
    pages_[p.number] = nullptr;
    free_numbers_.push_back(p.number);
    delete &p;
  }

  std::vector<page*> pages_;  // by number; null where there is none
  std::vector<std::uint32_t> free_numbers_;
  list<page> with_room_;
  std::size_t size_ = 0;
  std::uint32_t empty_pages_ = 0;
  std::uint32_t last_serial_ = 0;
};

}  // namespace rouse::internal
