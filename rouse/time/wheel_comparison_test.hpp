// A wheel beside sorted maps: for the test with random operations and for the fuzzer, which differ
// in who chooses.
#pragma once

#include <rouse/time/wheel.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rouse::test {

using namespace std::chrono_literals;

struct item : wheel_entry {
  int id = 0;
};

/// The reference: sorted maps with the same rounds.
class reference_timers {
 public:
  explicit reference_timers(instant start) : limit_(start) {}

  void insert(item& i, instant when) {
    const place p{when, ++order_};
    auto& into = when <= limit_ ? late_ : future_;
    into.emplace(p, &i);
    where_[&i] = {&into, p};
  }
  void remove(item& i) {
    const auto [in, p] = where_.at(&i);
    if (!in->erase(p)) round_.erase(p);  // its round has begun since
    where_.erase(&i);
  }
  void begin_round(instant now) {
    if (in_round_) return;
    limit_ = std::max(limit_, std::min(now, never - 1ns));
    in_round_ = true;
    round_ = std::exchange(late_, {});
  }
  item* pop_due(instant now) {
    begin_round(now);
    auto& from = round_.empty() ? future_ : round_;
    if (from.empty() || from.begin()->first.first > limit_) {
      in_round_ = false;
      return nullptr;
    }
    item* i = from.begin()->second;
    from.erase(from.begin());
    where_.erase(i);
    return i;
  }
  instant next_deadline() const {
    instant best = never;
    for (const auto* m : {&future_, &late_, &round_})
      if (!m->empty()) best = std::min(best, m->begin()->first.first);
    return best;
  }
  std::size_t size() const { return where_.size(); }

 private:
  using place = std::pair<instant, std::uint64_t>;
  using map = std::map<place, item*>;
  map future_, late_, round_;
  std::map<item*, std::pair<map*, place>> where_;
  instant limit_;
  std::uint64_t order_ = 0;
  bool in_round_ = false;
};

/// The same operations on a wheel and on the reference; every answer must be the same, else it
/// throws. `Choices` says what happens: a random_source, or the bytes of a fuzzer.
template <class Choices>
class wheel_comparison {
 public:
  wheel_comparison(Choices& choices, instant start)
      : random_(choices), wheel_(start), reference_(start), now_(start) {}
  ~wheel_comparison() {
    while (wheel_.pop_any()) {
    }
  }
  void run(int operations) {
    for (int i = 0; i < operations; ++i) {
      if (i % 5000 == 0) population_ = std::size_t{1} << random_.below(13);
      step();
    }
  }

 private:
  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2:
        if (pending_.size() < population_) return add();
        return cancel();
      case 3: return pending_.size() > population_ / 2 ? cancel() : add();
      case 4: return re_arm();
      case 5: return cancel_nearest();
      case 6: return pop(1 + random_.below(40));
      default: return advance();
    }
  }
  static void same(bool is, const char* what) {
    if (!is) throw std::logic_error(std::string("the wheel and its reference differ: ") + what);
  }
  instant deadline() {
    const std::uint64_t range = std::uint64_t{1} << random_.below(50);
    const auto offset = static_cast<std::int64_t>(random_.below(range));
    switch (random_.below(12)) {
      case 0: return now_ - nanoseconds(std::min<std::int64_t>(offset, 1'000'000));  // the past
      case 1: return now_;
      case 2: return last_;  // the same instant again
      case 3: return random_.below(50) ? saturating_add(now_, nanoseconds(offset)) : never;
      case 4: {  // at a border of some level, or beside it
        const std::int64_t width = std::int64_t{1} << (6 * random_.below(9));
        const std::int64_t n = now_.time_since_epoch().count();
        std::int64_t border = 0;
        if (__builtin_add_overflow(n / width * width, width, &border)) return never;
        return instant(nanoseconds(border)) + nanoseconds(random_.between(-1, 1));
      }
      case 5:
      case 6:
      case 7: return saturating_add(now_, 30ms);  // equal time-outs
      default: return saturating_add(now_, nanoseconds(offset));
    }
  }
  void add() {
    item* i = nullptr;
    if (free_.empty()) {
      i = &items_.emplace_back();
    } else {
      i = free_.back();
      free_.pop_back();
    }
    last_ = deadline();
    wheel_.insert(*i, last_);
    reference_.insert(*i, last_);
    i->id = static_cast<int>(pending_.size());
    pending_.push_back(i);
  }
  void forget(item& i) {
    pending_[static_cast<std::size_t>(i.id)] = pending_.back();
    pending_.back()->id = i.id;
    pending_.pop_back();
    free_.push_back(&i);
  }
  void cancel() {
    if (pending_.empty()) return;
    item& i = *pending_[random_.below(pending_.size())];
    wheel_.remove(i);
    reference_.remove(i);
    forget(i);
  }
  void cancel_nearest() {
    const instant nearest = reference_.next_deadline();
    same(wheel_.next_deadline() == nearest, "the next deadline");
    for (item* i : pending_) {
      if (i->deadline() != nearest) continue;
      wheel_.remove(*i);
      reference_.remove(*i);
      forget(*i);
      break;
    }
    same(wheel_.next_deadline() == reference_.next_deadline(),
         "the next deadline after the nearest was cancelled");
  }
  void re_arm() {
    if (pending_.empty()) return;
    item& i = *pending_[random_.below(pending_.size())];
    wheel_.remove(i);
    reference_.remove(i);
    last_ = deadline();
    wheel_.insert(i, last_);
    reference_.insert(i, last_);
  }
  void pop(std::uint64_t most) {
    for (std::uint64_t n = 0; n < most; ++n) {
      wheel_entry* e = pop_one();
      item* expected = reference_.pop_due(now_);
      same(static_cast<item*>(e) == expected, "what is due");
      if (!e) return;
      same(expected->deadline() <= std::max(now_, latest_), "nothing is early");
      forget(*expected);
      if (random_.below(4) == 0) add();  // insert while firing
      if (random_.below(4) == 0) cancel();
    }
  }
  /// In small steps now and then, with other operations in between.
  wheel_entry* pop_one() {
    if (random_.below(2)) return wheel_.pop_due(now_);
    reference_.begin_round(now_);
    for (;;) {
      wheel_entry* e = wheel_.pop_due(now_, static_cast<unsigned>(random_.below(30)));
      if (e || !wheel_.is_unfinished()) return e;
      if (random_.below(3) == 0) add();
      if (random_.below(3) == 0) cancel();
      if (random_.below(9) == 0) (void)wheel_.settle(static_cast<unsigned>(random_.below(30)));
    }
  }
  void advance() {
    same(wheel_.size() == reference_.size(), "the size");
    const instant next = reference_.next_deadline();
    switch (random_.below(4)) {
      case 0: now_ = std::max(now_, next == never ? now_ : next); break;
      case 1: now_ = std::max(now_, next == never ? now_ : next - 1ns); break;
      case 2:
        now_ = saturating_add(now_, nanoseconds(static_cast<std::int64_t>(
                                        random_.below(std::uint64_t{1} << random_.below(40)))));
        break;
      default: break;
    }
    latest_ = std::max(latest_, now_);
    same(wheel_.next_deadline() == next, "the next deadline");
    pop(random_.below(2) ? 5000 : 3);
  }

  Choices& random_;
  wheel wheel_;
  reference_timers reference_;
  instant now_;
  instant latest_ = instant::min();
  instant last_;
  std::deque<item> items_;
  std::vector<item*> free_, pending_;
  std::size_t population_ = 100;
};

}  // namespace rouse::test
