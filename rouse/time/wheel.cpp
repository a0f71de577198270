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
  finish_division();
  for (node* n : path_) {
    forget_marks(*n);
    delete n;
  }
  while (spare_)
    delete std::exchange(spare_, spare_->spare);
}

wheel_entry* wheel::pop_due(instant now, unsigned moves) noexcept {
  moves_ = moves;
  unfinished_ = false;
  if (is_empty(due_) && !refill(key_of(now))) return nullptr;
  wheel_entry& e = entry_of(due_.next);
  remove(e);
  return &e;
}

wheel_entry* wheel::pop_any() noexcept {
  moves_ = ~0U;
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
  if (unfinished_) return false;
  const key first = front ? entry_of(front->next).key_ : never_key;
  if (!front || first > limit_) {
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

bool wheel::settle(unsigned moves) noexcept {
  moves_ = moves;
  unfinished_ = false;
  if (next_ == unknown) find_next();
  return !unfinished_;
}

void wheel::find_next() noexcept {
  key best = never_key;
  const auto consider = [&best](const link& head) {
    if (is_empty(head)) return;
    const key k = entry_of(head.next).key_;
    if (k < best) best = k;
  };
  const link* front = front_slot();
  if (unfinished_) return;
  if (front) consider(*front);
  consider(due_);
  if (!late_in_order_) sort(late_);
  late_in_order_ = true;
  consider(late_);
  next_ = best;
}

/// The slot that holds the smallest key, in order; null when all are empty, or when unfinished_.
wheel::link* wheel::front_slot() noexcept {
  unfinished_ = false;
  for (unsigned l = floor_; l < levels; ++l) {
    link* const head = front_slot_of(*path_[l]);
    if (head || unfinished_) return head;
  }
  return nullptr;
}

wheel::link* wheel::front_slot_of(node& n) noexcept {
  while (n.occupied) {
    const auto d = static_cast<unsigned>(__builtin_ctzll(n.occupied));
    const std::uint64_t bit = std::uint64_t{1} << d;
    link& head = n.slots[d];
    if (division_.in == &n && division_.digit == d) [[unlikely]] {
      const bool to_path = !division_.finer;
      if (!divide_on()) {
        unfinished_ = true;
        return nullptr;
      }
      if (to_path) return front_slot();
      continue;
    }
    if (n.split & bit) {
      node& finer = *reinterpret_cast<node*>(head.next);
      link* const found = front_slot_of(finer);
      if (found || unfinished_) return found;
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
    if (!sort_if_short(head)) {
      if (start_division(n, d)) continue;
      sort(head);
    }
    n.unordered &= ~bit;
    return &head;
  }
  return nullptr;
}

bool wheel::is_base_slot(const node& n, unsigned digit) const noexcept {
  return floor_ != 0 && &n == path_[floor_] && digit == digit_of(base_, floor_);
}

/// Begins to move the entries of a long slot to finer ones; false when there is no memory for that.
bool wheel::start_division(node& n, unsigned digit) noexcept {
  finish_division();  // of another slot: a nearer one has become long meanwhile
  node* finer = nullptr;
  if (!is_base_slot(n, digit)) {
    finer = acquire(n.level - 1);
    if (!finer) return false;
  }
  division_ = {&n, digit, finer};
  return true;
}

/// From the front, so that what is inserted meanwhile stays behind those of its instant. True when
/// the slot is divided.
bool wheel::divide_on() noexcept {
  auto& [in, digit, finer] = division_;
  link& head = in->slots[digit];
  while (!is_empty(head)) {
    if (moves_ == 0) return false;
    --moves_;
    wheel_entry& e = entry_of(head.next);
    head.next = e.next;
    e.next->prev = &head;
    __builtin_prefetch(e.next->next);
    place(finer ? *finer : *path_[level_of(e.key_ ^ base_)], e);
  }
  const std::uint64_t bit = std::uint64_t{1} << digit;
  in->unordered &= ~bit;
  if (finer) {
    in->split |= bit;
    head.next = reinterpret_cast<link*>(finer);
  } else {
    in->occupied &= ~bit;
    floor_ = 0;
  }
  in = nullptr;
  return true;
}

void wheel::finish_division() noexcept {
  if (!division_.in) return;
  const unsigned left = moves_;
  moves_ = ~0U;
  (void)divide_on();
  moves_ = left;
}

/// `to` is before every key in the slots, and not before base_.
void wheel::move_base(key to) noexcept {
  const key difference = to ^ base_;
  if (difference == 0) return;
  finish_division();  // of a slot that is not the front one: rare
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
