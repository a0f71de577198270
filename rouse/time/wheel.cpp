#include <rouse/time/wheel.hpp>

#include <new>
#include <utility>

namespace rouse {
namespace {

/// A slot of up to this many entries is sorted where it is; a longer one is split.
constexpr unsigned short_slot = 16;

}  // namespace

wheel::wheel(instant start) : base_(key_of(start)), limit_(base_) {
  clear(due_);
  clear(late_);
  for (node*& n : path_)
    n = nullptr;
  try {
    for (unsigned l = 0; l < levels; ++l) {
      path_[l] = new node;
      path_[l]->level = l;
    }
  } catch (...) {
    for (node* n : path_)
      delete n;
    throw;
  }
}

wheel::~wheel() {
  ROUSE_ASSERT(size_ == 0);
  for (node* n : path_) {
    forget_marks(*n);
    delete n;
  }
  while (spare_)
    delete std::exchange(spare_, spare_->spare);
}

wheel_entry* wheel::pop_due(instant now) noexcept {
  if (is_empty(due_) && !refill(key_of(now))) return nullptr;
  wheel_entry& e = entry_of(due_.next);
  remove(e);
  return &e;
}

wheel_entry* wheel::pop_any() noexcept {
  link* head = !is_empty(due_) ? &due_ : !is_empty(late_) ? &late_ : front_slot();
  if (!head) return nullptr;
  wheel_entry& e = entry_of(head->next);
  remove(e);
  return &e;
}

void wheel::insert_late(wheel_entry& e) noexcept {
  if (is_empty(late_))
    late_in_order_ = true;
  else if (entry_of(late_.prev).key_ > e.key_)
    late_in_order_ = false;
  push_back(late_, e);
}

/// Puts into due_ what comes next in this round, or in a new one; false ends the round.
bool wheel::refill(key now) noexcept {
  if (now == never_key) --now;  // `never` is not due at the end of time either
  if (!in_round_) {
    if (next_ != unknown && next_ > now && next_ > limit_) {
      // Nothing is due. The base follows by coarse steps, so that near deadlines get fine slots.
      if (now > base_ && (now ^ base_) >> 20) {
        limit_ = now > limit_ ? now : limit_;
        move_base(limit_);
      }
      return false;
    }
    in_round_ = true;
    if (now > limit_) limit_ = now;
    if (!is_empty(late_)) {
      if (!late_in_order_) sort(late_);
      late_in_order_ = true;
      splice_back(due_, late_);
      return true;
    }
  }
  link* front = front_slot();
  const key first = front ? entry_of(front->next).key_ : never_key;
  if (first > limit_) {
    in_round_ = false;
    if (is_empty(late_)) next_ = first;
    move_base(limit_);
    return false;
  }
  if (entry_of(front->prev).key_ <= limit_) {
    splice_back(due_, *front);
    return true;
  }
  // A bounded part of a slot that time has not passed yet.
  for (unsigned n = 0; n < short_slot && entry_of(front->next).key_ <= limit_; ++n) {
    link* l = front->next;
    front->next = l->next;
    l->next->prev = front;
    push_back(due_, *l);
  }
  return true;
}

wheel::key wheel::find_next() noexcept {
  key best = never_key;
  const auto consider = [&best](const link& head) {
    if (is_empty(head)) return;
    const key k = entry_of(head.next).key_;
    if (k < best) best = k;
  };
  consider(due_);
  if (!late_in_order_) sort(late_);
  late_in_order_ = true;
  consider(late_);
  if (const link* front = front_slot()) consider(*front);
  return best;
}

/// The slot that holds the smallest key, in order; null when all are empty.
wheel::link* wheel::front_slot() noexcept {
  for (unsigned l = floor_; l < levels; ++l) {
    if (link* head = front_slot_of(*path_[l])) return head;
  }
  return nullptr;
}

wheel::link* wheel::front_slot_of(node& n) noexcept {
  while (n.occupied) {
    const auto d = static_cast<unsigned>(__builtin_ctzll(n.occupied));
    const std::uint64_t bit = std::uint64_t{1} << d;
    link& head = n.slots[d];
    if (n.split & bit) {
      node& finer = *reinterpret_cast<node*>(head.next);
      if (link* found = front_slot_of(finer)) return found;
      n.occupied &= ~bit;
      n.split &= ~bit;
      release(finer);
      continue;
    }
    if (is_empty(head)) {
      if (is_base_slot(n, d)) floor_ = 0;
      n.occupied &= ~bit;
      n.unordered &= ~bit;
      continue;
    }
    if (!(n.unordered & bit)) return &head;
    if (sort_if_short(head)) {
      n.unordered &= ~bit;
      return &head;
    }
    const bool on_path = is_base_slot(n, d);
    if (!divide(n, d)) {
      sort(head);
      n.unordered &= ~bit;
      return &head;
    }
    if (on_path) return front_slot();  // its entries are now on the finer part of the path
  }
  return nullptr;
}

bool wheel::is_base_slot(const node& n, unsigned digit) const noexcept {
  return floor_ != 0 && &n == path_[floor_] && digit == digit_of(base_, floor_);
}

/// Moves the entries of a long slot to finer ones; false when there is no memory for that.
bool wheel::divide(node& n, unsigned digit) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << digit;
  link& head = n.slots[digit];
  node* finer = nullptr;
  if (is_base_slot(n, digit)) {
    floor_ = 0;
  } else {
    finer = acquire(n.level - 1);
    if (!finer) return false;
  }
  for (link* l = head.next; l != &head;) {
    wheel_entry& e = entry_of(l);
    l = l->next;
    __builtin_prefetch(l->next);
    place(finer ? *finer : *path_[level_of(e.key_ ^ base_)], e);
  }
  n.unordered &= ~bit;
  if (finer) {
    n.split |= bit;
    head.next = reinterpret_cast<link*>(finer);
  } else {
    n.occupied &= ~bit;
  }
  return true;
}

/// `to` is before every key in the slots, and not before base_.
void wheel::move_base(key to) noexcept {
  const key difference = to ^ base_;
  if (difference == 0) return;
  const unsigned top = level_of(difference);
  base_ = to;
  if (top < floor_) return;  // still inside the undivided slot
  // What lay on the finer part of the path lay before `to`: only marks can be left there.
  for (unsigned l = 0; l < top; ++l)
    forget_marks(*path_[l]);
  floor_ = 0;
  for (unsigned l = top; l > 0; --l) {
    node& n = *path_[l];
    const unsigned d = digit_of(to, l);
    const std::uint64_t bit = std::uint64_t{1} << d;
    if (!(n.occupied & bit)) return;
    if (n.split & bit) {
      n.occupied &= ~bit;
      n.split &= ~bit;
      release(*std::exchange(path_[l - 1], reinterpret_cast<node*>(n.slots[d].next)));
      continue;
    }
    if (is_empty(n.slots[d])) {
      n.occupied &= ~bit;
      n.unordered &= ~bit;
    } else {
      floor_ = l;  // left as it is: perhaps it is in order, or short
    }
    return;
  }
}

wheel::node* wheel::acquire(unsigned level) noexcept {
  node* n = spare_;
  if (n) {
    spare_ = n->spare;
  } else {
    if (nodes_ == split_max) return nullptr;
    n = new (std::nothrow) node;
    if (!n) return nullptr;
    ++nodes_;
  }
  n->level = level;
  return n;
}

void wheel::release(node& n) noexcept {
  forget_marks(n);
  n.spare = std::exchange(spare_, &n);
}

void wheel::forget_marks(node& n) noexcept {
  for (std::uint64_t split = n.split; split != 0; split &= split - 1)
    release(*reinterpret_cast<node*>(n.slots[__builtin_ctzll(split)].next));
  n.occupied = n.split = n.unordered = 0;
}

void wheel::splice_back(link& to, link& from) noexcept {
  from.next->prev = to.prev;
  to.prev->next = from.next;
  from.prev->next = &to;
  to.prev = from.prev;
  clear(from);
}

/// Insertion sort of a ring that is short; false when it is not.
bool wheel::sort_if_short(link& head) noexcept {
  unsigned count = 0;
  for (link* l = head.next; l != &head; l = l->next)
    if (++count > short_slot) return false;
  for (link* l = head.next->next; l != &head;) {
    link* const following = l->next;
    const key k = entry_of(l).key_;
    link* after = l->prev;
    if (entry_of(after).key_ > k) {
      do
        after = after->prev;
      while (after != &head && entry_of(after).key_ > k);
      l->prev->next = following;
      following->prev = l->prev;
      l->prev = after;
      l->next = after->next;
      after->next->prev = l;
      after->next = l;
    }
    l = following;
  }
  return true;
}

/// Stable merge sort of a ring, bottom up: n log n, no memory, no recursion.
void wheel::sort(link& head) noexcept {
  if (sort_if_short(head)) return;
  link* runs[64] =
      {};  // runs[i]: null, or a chain of 2^i entries by `next`, older than those of smaller i
  const auto merge = [](link* older, link* newer) {
    link first;
    link* last = &first;
    while (older && newer) {
      link*& smaller = entry_of(newer).key_ < entry_of(older).key_ ? newer : older;
      last = last->next = smaller;
      smaller = smaller->next;
    }
    last->next = older ? older : newer;
    return first.next;
  };
  head.prev->next = nullptr;
  for (link* l = head.next; l;) {
    link* run = l;
    l = l->next;
    run->next = nullptr;
    unsigned i = 0;
    for (; runs[i]; ++i)
      run = merge(std::exchange(runs[i], nullptr), run);
    runs[i] = run;
  }
  link* all = nullptr;
  for (link* run : runs)
    if (run) all = all ? merge(run, all) : run;
  clear(head);
  while (all) {
    link* l = all;
    all = all->next;
    push_back(head, *l);
  }
}

}  // namespace rouse
