// A hierarchical timer wheel in nanoseconds: 11 levels of 64 slots span all 64 bits, so no deadline
// is too far or too near.
//
// An entry goes to the level of the highest digit (6 bits) in which its deadline differs from
// `base`, the instant up to which everything has fired (Varghese & Lauck, SOSP 1987; as a radix
// heap: Ahuja et al., JACM 1990). What is different here: a slot is *not* cascaded when time
// reaches it, but only when somebody needs its smallest deadline and the slot is long and out of
// order. A slot knows whether it is in order (one comparison per insert, on a line that the insert
// writes anyway), so equal time-outs and a million timers of one instant are never moved at all; a
// short slot is sorted in place; a long one is split into 64 finer ones, once, and every entry is
// moved at most ten times in its life whatever the order of operations. That makes the next
// deadline exact without ever waking at a slot border.
//
// Refused: seastar's buckets of one bit (up to 63 moves, and a scan of the nearest bucket for the
// next deadline); ticks of 1 ms (late by one, and early when rounded down); heaps (O(log n) and a
// cache miss per level).
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/duration.hpp>

#include <cstddef>
#include <cstdint>

namespace rouse {

namespace internal {
struct wheel_link {
  wheel_link* prev = nullptr;
  wheel_link* next = nullptr;
};
struct wheel_node;
}  // namespace internal

/// What stands in a wheel; derive from it. Address-stable while pending, and not to be destroyed
/// then. 24 bytes.
class wheel_entry : private internal::wheel_link {
 public:
  wheel_entry() noexcept = default;
  wheel_entry(const wheel_entry&) = delete;
  wheel_entry& operator=(const wheel_entry&) = delete;
  ~wheel_entry() { ROUSE_DEBUG_ASSERT(!is_pending()); }

  [[nodiscard]] bool is_pending() const noexcept { return next != nullptr; }
  /// As given at the last insert, or set before it.
  [[nodiscard]] instant deadline() const noexcept;

 protected:
  /// For what knows its deadline before it is inserted. Not while pending.
  void set_deadline(instant at) noexcept;

 private:
  friend class wheel;
  std::uint64_t key_ = 0;
};

/// Entries by deadline. One thread, or one lock. Neither owns nor calls them: `pop_due` hands out
/// one at a time, so callers may insert, remove and destroy anything in between, the wheel
/// included.
class wheel {
 public:
  /// `start`: about now; deadlines before it are allowed. Throws std::bad_alloc: 12 KiB, untouched
  /// until used.
  explicit wheel(instant start = instant());
  wheel(const wheel&) = delete;
  wheel& operator=(const wheel&) = delete;
  /// Nothing may be pending.
  ~wheel();

  /// O(1), never allocates. `never` is pending like any other, and never due.
  void insert(wheel_entry& e, instant at) noexcept;
  /// O(1). `e` must be pending in this wheel; it will not be handed out after this.
  void remove(wheel_entry& e) noexcept;

  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// The earliest deadline, exactly; `never` when there is none. O(1), amortised over the entries'
  /// lives; the one call that splits a slot takes its time, some 15 ns an entry.
  [[nodiscard]] instant next_deadline() noexcept;
  /// Makes next_deadline() O(1), moving at most `moves` entries for that now; false: not yet, call
  /// again. So that a slot of a million holds nobody up.
  bool settle(unsigned moves) noexcept;

  /// Takes out the next entry due at `now`, null when the round is over.
  ///
  /// A round is what was due when it began, ascending, and in order of insertion within an instant.
  /// What is inserted during a round and due at once waits for the next round, so that entries
  /// re-armed in the past starve nobody; callers stop at null, or earlier: the next call goes on
  /// with the same round. A `now` before an earlier one counts as that one.
  ///
  /// At most `moves` entries are moved to find it; null comes then, too, and is_unfinished() tells.
  [[nodiscard]] wheel_entry* pop_due(instant now, unsigned moves = ~0U) noexcept;

  /// The last pop_due() or settle() ran out of moves.
  [[nodiscard]] bool is_unfinished() const noexcept { return unfinished_; }

  /// Takes out any entry, due or not; null when empty. For shutting down.
  [[nodiscard]] wheel_entry* pop_any() noexcept;

  /// Slots that were split to find a smallest deadline, at most this many at a time; then slots are
  /// sorted instead.
  static constexpr unsigned split_max = 64;

 private:
  using key = std::uint64_t;
  using link = internal::wheel_link;
  using node = internal::wheel_node;

  static constexpr unsigned levels = 11;
  static constexpr key unknown = 0;
  static constexpr key key_of(instant at) noexcept {
    return static_cast<key>(at.time_since_epoch().count()) ^
           (key{1} << 63);  // ascending, also below zero
  }
  static constexpr instant instant_of(key k) noexcept {
    return instant(nanoseconds(static_cast<nanoseconds::rep>(k ^ (key{1} << 63))));
  }
  static constexpr key never_key = ~key{0};
  friend class wheel_entry;

  static unsigned level_of(key difference) noexcept {
    return static_cast<unsigned>(63 - __builtin_clzll(difference | 1)) / 6;
  }
  static unsigned digit_of(key k, unsigned level) noexcept {
    return static_cast<unsigned>(k >> (6 * level)) & 63;
  }
  static wheel_entry& entry_of(link* l) noexcept { return *static_cast<wheel_entry*>(l); }
  static bool is_empty(const link& head) noexcept { return head.next == &head; }
  static void clear(link& head) noexcept { head.prev = head.next = &head; }
  static void push_back(link& head, link& l) noexcept {
    link* last = head.prev;
    l.prev = last;
    l.next = &head;
    last->next = &l;
    head.prev = &l;
  }
  static void splice_back(link& to, link& from) noexcept;
  static void sort(link& head) noexcept;
  static bool sort_if_short(link& head) noexcept;

  void insert_late(wheel_entry& e) noexcept;
  void place(node& first, wheel_entry& e) noexcept;
  bool refill(key now) noexcept;
  link* front_slot() noexcept;
  link* front_slot_of(node& n) noexcept;
  bool start_division(node& n, unsigned digit) noexcept;
  bool divide_on() noexcept;
  void finish_division() noexcept;
  bool is_base_slot(const node& n, unsigned digit) const noexcept;
  void move_base(key to) noexcept;
  void find_next() noexcept;
  node* acquire(unsigned level) noexcept;
  void release(node& n) noexcept;
  void forget_marks(node& n) noexcept;

  key base_;              // every key in the slots is greater
  key limit_;             // keys up to here are late: they go to late_, for the next round
  key next_ = never_key;  // the smallest key, or `unknown`
  std::size_t size_ = 0;
  unsigned floor_ =
      0;  // the level at which base_ lies in an undivided slot; below it the path is empty
  unsigned nodes_ = 0;
  bool in_round_ = false;
  bool late_in_order_ = true;
  link due_;   // in order; what pop_due hands out next
  link late_;  // inserted when already due
  struct {
    node* in = nullptr;  // null: none
    unsigned digit = 0;
    node* finer = nullptr;  // null: its entries go to the finer part of the path
  } division_;  // a long slot on its way to finer ones; what is inserted meanwhile joins its end
  unsigned moves_ = 0;       // left in this call
  bool unfinished_ = false;  // this call ran out of them
  node* spare_ = nullptr;
  node* path_[levels];  // the nodes that base_ lies in, finest first
};

namespace internal {

/// 64 slots of one level. A slot is a ring of entries, or a finer node when it has been split.
struct wheel_node {
  std::uint64_t occupied = 0;   // the slot is in use, or was: marks are cleared when somebody looks
  std::uint64_t split = 0;      // slots[d].next is a wheel_node
  std::uint64_t unordered = 0;  // the ring is not ascending
  unsigned level = 0;
  wheel_node* spare = nullptr;
  wheel_link slots[64];  // valid where occupied
};

}  // namespace internal

inline instant wheel_entry::deadline() const noexcept { return wheel::instant_of(key_); }
inline void wheel_entry::set_deadline(instant at) noexcept {
  ROUSE_DEBUG_ASSERT(!is_pending());
  key_ = wheel::key_of(at);
}

inline void wheel::place(node& first, wheel_entry& e) noexcept {
  node* n = &first;
  for (;;) {
    const unsigned d = digit_of(e.key_, n->level);
    const std::uint64_t bit = std::uint64_t{1} << d;
    link& head = n->slots[d];
    if (!(n->occupied & bit)) {
      n->occupied |= bit;
      e.prev = e.next = &head;
      head.prev = head.next = &e;
      return;
    }
    if (n->split & bit) [[unlikely]] {
      n = reinterpret_cast<node*>(head.next);
      continue;
    }
    if (is_empty(head)) [[unlikely]]
      n->unordered &= ~bit;
    else  // without a branch: random deadlines would mispredict it every other time
      n->unordered |= std::uint64_t{entry_of(head.prev).key_ > e.key_} << d;
    push_back(head, e);
    return;
  }
}

inline void wheel::insert(wheel_entry& e, instant at) noexcept {
  ROUSE_DEBUG_ASSERT(!e.is_pending());
  const key k = key_of(at);
  e.key_ = k;
  ++size_;
  if (k < next_) next_ = k;
  if (k <= limit_) [[unlikely]]
    return insert_late(e);
  unsigned level = level_of(k ^ base_);
  if (level < floor_) level = floor_;
  place(*path_[level], e);
}

inline void wheel::remove(wheel_entry& e) noexcept {
  ROUSE_DEBUG_ASSERT(e.is_pending());
  e.prev->next = e.next;
  e.next->prev = e.prev;
  e.next = nullptr;
  if (e.key_ == next_) next_ = unknown;
  if (--size_ == 0) next_ = never_key;
}

inline instant wheel::next_deadline() noexcept {
  if (next_ == unknown) (void)settle(~0U);
  return instant_of(next_);
}

}  // namespace rouse
