#include <rouse/time/wheel.hpp>

#include <rouse/base/random.hpp>

#include "wheel_comparison_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace rouse {
namespace {

using namespace std::chrono_literals;
using test::item;

instant at(nanoseconds::rep ns) { return instant(nanoseconds(ns)); }

/// A wheel whose entries have numbers; what is left is taken out at the end.
struct fixture {
  explicit fixture(instant start = instant()) : timers(start) {}
  ~fixture() {
    while (timers.pop_any()) {
    }
  }
  item& add(instant when) {
    item& i = items.emplace_back();
    i.id = static_cast<int>(items.size()) - 1;
    timers.insert(i, when);
    return i;
  }
  /// One round: the ids that fire.
  std::vector<int> fire(instant now) {
    std::vector<int> ids;
    while (wheel_entry* e = timers.pop_due(now))
      ids.push_back(static_cast<item*>(e)->id);
    return ids;
  }
  wheel timers;
  std::deque<item> items;
};

TEST(wheel, is_empty_at_first) {
  fixture f;
  EXPECT_TRUE(f.timers.is_empty());
  EXPECT_EQ(f.timers.next_deadline(), never);
  EXPECT_EQ(f.timers.pop_due(never), nullptr);
  EXPECT_EQ(f.timers.pop_any(), nullptr);
}

TEST(spec_row_21_wheel, fires_at_the_deadline_and_not_a_nanosecond_before) {
  fixture f;
  f.add(at(1000));
  EXPECT_EQ(f.fire(at(999)), std::vector<int>{});
  EXPECT_EQ(f.timers.next_deadline(), at(1000));
  EXPECT_EQ(f.fire(at(1000)), std::vector<int>{0});
  EXPECT_TRUE(f.timers.is_empty());
}

TEST(spec_row_14_wheel, a_thousand_of_one_instant_fire_in_order_of_insertion) {
  for (const nanoseconds wait : {nanoseconds(1), nanoseconds(1ms), nanoseconds(1h)}) {
    fixture f(at(12'345));
    std::vector<int> expected;
    for (int i = 0; i < 1000; ++i) {
      f.add(at(12'345) + wait);
      expected.push_back(i);
    }
    EXPECT_EQ(f.fire(at(12'344) + wait), std::vector<int>{});
    EXPECT_EQ(f.fire(at(12'345) + wait), expected);
  }
}

TEST(spec_row_15_wheel, order_is_ascending_and_stable_the_past_included) {
  fixture f(at(1'000'000));
  random_source random(15);
  std::vector<std::pair<instant, int>> expected;
  for (int i = 0; i < 2000; ++i) {
    const instant when = at(static_cast<std::int64_t>(random.below(300)) * 10'000 - 500'000);
    expected.emplace_back(when, f.add(when).id);
  }
  std::sort(expected.begin(), expected.end());  // ids tell the order of insertion
  const std::vector<int> fired = f.fire(at(3'000'000));
  ASSERT_EQ(fired.size(), expected.size());
  for (std::size_t i = 0; i < fired.size(); ++i)
    ASSERT_EQ(fired[i], expected[i].second) << i;
}

TEST(spec_row_17_wheel, cancel_half_re_arm_a_quarter_and_exactly_the_rest_fires) {
  fixture f;
  constexpr int n = 10'000;
  random_source random(17);
  for (int i = 0; i < n; ++i)
    f.add(at(1 + static_cast<std::int64_t>(random.below(1'000'000'000))));
  std::vector<bool> expected(n, true);
  for (int i = 0; i < n; ++i) {
    item& entry = f.items[static_cast<std::size_t>(i)];
    if (i % 2 == 0) {
      f.timers.remove(entry);
      expected[static_cast<std::size_t>(i)] = false;
      EXPECT_FALSE(entry.is_pending());
    } else if (i % 4 == 1) {
      f.timers.remove(entry);
      f.timers.insert(entry, at(2'000'000'000 + i));
    }
  }
  std::vector<bool> fired(n, false);
  for (int id : f.fire(at(3'000'000'000))) {
    EXPECT_FALSE(fired[static_cast<std::size_t>(id)]);
    fired[static_cast<std::size_t>(id)] = true;
  }
  EXPECT_EQ(fired, expected);
  EXPECT_TRUE(f.timers.is_empty());
}

TEST(spec_row_61_wheel, every_range_from_a_nanosecond_to_five_years_is_exact) {
  std::vector<nanoseconds> waits;
  for (nanoseconds d(1); d < 5 * 365 * 24h; d = d * 3 + nanoseconds(1))
    waits.push_back(d);
  waits.push_back(5 * 365 * 24h);
  for (const instant start :
       {at(0), at(1), at((std::int64_t{1} << 36) - 1), at(987'654'321'012'345)}) {
    fixture f(start);
    for (std::size_t i = waits.size(); i-- > 0;)
      f.add(start + waits[i]);
    for (std::size_t i = 0; i < waits.size(); ++i) {
      const int id = static_cast<int>(waits.size() - 1 - i);
      EXPECT_EQ(f.timers.next_deadline(), start + waits[i]);
      EXPECT_EQ(f.fire(start + waits[i] - 1ns), std::vector<int>{});
      EXPECT_EQ(f.fire(start + waits[i]), std::vector<int>{id});
    }
  }
}

TEST(fault_T4_wheel, never_is_pending_and_never_fires) {
  fixture f;
  item& forever = f.add(never);
  f.add(never - 1ns);
  EXPECT_EQ(f.timers.next_deadline(), never - 1ns);
  EXPECT_EQ(f.fire(never), std::vector<int>{1});
  EXPECT_EQ(f.timers.next_deadline(), never);
  EXPECT_TRUE(forever.is_pending());
  EXPECT_EQ(f.timers.size(), 1U);
  f.add(never);  // now the base lies one before it
  EXPECT_EQ(f.fire(never), std::vector<int>{});
  f.timers.remove(forever);
  EXPECT_FALSE(forever.is_pending());
}

TEST(fault_T4_wheel, the_ends_of_the_range_do_not_wrap) {
  fixture f(at(std::numeric_limits<std::int64_t>::max() - 1000));
  f.add(at(std::numeric_limits<std::int64_t>::max() - 1));
  f.add(instant::min());
  f.add(at(-1));
  f.add(at(0));
  f.add(at(std::numeric_limits<std::int64_t>::max() - 999));
  EXPECT_EQ(f.timers.next_deadline(), instant::min());
  EXPECT_EQ(f.fire(at(std::numeric_limits<std::int64_t>::max() - 1000)),
            (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(f.fire(at(std::numeric_limits<std::int64_t>::max() - 2)), std::vector<int>{4});
  EXPECT_EQ(f.fire(at(std::numeric_limits<std::int64_t>::max() - 1)), std::vector<int>{0});
}

TEST(fault_T3_wheel, entries_re_armed_in_the_past_wait_for_the_next_round) {
  fixture f(at(100));
  item& greedy = f.add(at(50));
  f.add(at(110));
  EXPECT_EQ(f.timers.pop_due(at(120)), &greedy);
  f.timers.insert(greedy, at(50));
  EXPECT_EQ(f.timers.next_deadline(), at(50));
  EXPECT_EQ(f.fire(at(130)), std::vector<int>{1});  // the round goes on, and ends
  EXPECT_EQ(f.fire(at(130)), std::vector<int>{0});
}

TEST(fault_T3_wheel, what_comes_due_between_two_batches_is_served_in_turn) {
  // 3 greedy entries, batches of 2: the later deadline must not starve.
  fixture f(at(100));
  for (int i = 0; i < 3; ++i)
    f.add(at(10));
  item& late = f.add(at(105));
  bool served = false;
  for (int turn = 0; turn < 4 && !served; ++turn) {
    for (int batch = 0; batch < 2; ++batch) {
      wheel_entry* e = f.timers.pop_due(at(200));
      if (!e) break;
      served = served || e == &late;
      if (e != &late) f.timers.insert(*e, at(10));
    }
  }
  EXPECT_TRUE(served);
}

TEST(fault_T9_wheel, a_clock_that_steps_back_counts_as_its_last_value) {
  fixture f;
  f.add(at(100));
  EXPECT_EQ(f.fire(at(99)), std::vector<int>{});
  f.add(at(500));
  EXPECT_EQ(f.fire(at(200)), std::vector<int>{0});
  f.add(at(150));  // past at once, though the clock now says 120
  EXPECT_EQ(f.fire(at(120)), std::vector<int>{2});
  EXPECT_EQ(f.fire(at(499)), std::vector<int>{});
  EXPECT_EQ(f.fire(at(500)), std::vector<int>{1});
}

TEST(fault_T7_wheel, removing_oneself_and_others_between_two_pops) {
  fixture f;
  for (int i = 0; i < 6; ++i)
    f.add(at(10));
  wheel_entry* first = f.timers.pop_due(at(10));
  ASSERT_EQ(first, &f.items[0]);
  f.timers.remove(f.items[1]);      // due, and next
  f.timers.insert(*first, at(10));  // itself, again: next round
  f.timers.insert(f.items[1], at(2'000));
  f.timers.remove(f.items[3]);
  EXPECT_EQ(f.fire(at(10)), (std::vector<int>{2, 4, 5}));
  EXPECT_EQ(f.fire(at(10)), std::vector<int>{0});
  EXPECT_EQ(f.fire(at(2'000)), std::vector<int>{1});
}

TEST(fault_T8_wheel, each_level_border_and_its_neighbours) {
  for (int bit = 1; bit < 62; ++bit) {
    const std::int64_t border = std::int64_t{1} << bit;
    for (const std::int64_t start : {std::int64_t{0}, border - 1, border, border + 1}) {
      fixture f(at(start));
      for (const std::int64_t d : {2, 1, 3, 63, 64, 65, 4095, 4096, 4097})
        f.add(at(start + d));
      f.add(at(border + border));
      f.add(at(border + border - 1));
      EXPECT_EQ(f.fire(at(start)).size(), static_cast<std::size_t>(std::count_if(
                                              f.items.begin(), f.items.end(),
                                              [&](item& i) { return i.deadline() <= at(start); })));
      instant last = at(start);
      while (!f.timers.is_empty()) {
        const instant next = f.timers.next_deadline();
        EXPECT_GE(next, last);
        if (next > last) {
          EXPECT_EQ(f.timers.pop_due(next - 1ns), nullptr);
        }
        item* e = static_cast<item*>(f.timers.pop_due(next));
        ASSERT_NE(e, nullptr);
        EXPECT_EQ(e->deadline(), next);
        last = next;
      }
    }
  }
}

TEST(wheel, the_next_deadline_stays_exact_when_the_nearest_is_cancelled_again_and_again) {
  // Idle time-outs of a busy server: mixed lengths, the oldest is always the one that is re-armed.
  fixture f;
  constexpr int n = 2000;
  const std::int64_t lengths[] = {30'000'000'000, 10'000'000'000, 60'000'000'000, 30'000'000'000};
  std::multimap<instant, int> model;
  for (int i = 0; i < n; ++i) {
    const instant when = at(i * 1000 + lengths[i % 4]);
    f.add(when);
    model.emplace(when, i);
  }
  std::int64_t now = n * 1000;
  for (int op = 0; op < 20'000; ++op, now += 1000) {
    const auto nearest = model.begin();
    item& i = f.items[static_cast<std::size_t>(nearest->second)];
    model.erase(nearest);
    f.timers.remove(i);
    ASSERT_EQ(f.timers.next_deadline(), model.begin()->first);
    const instant when = at(now + lengths[i.id % 4]);
    f.timers.insert(i, when);
    model.emplace(when, i.id);
    ASSERT_EQ(f.timers.next_deadline(), model.begin()->first);
    if (op % 7 == 0) {  // and a short one that fires
      item& s = f.add(at(now + 10));
      ASSERT_EQ(f.timers.next_deadline(), s.deadline());
      ASSERT_EQ(f.fire(at(now + 10)), std::vector<int>{s.id});
      ASSERT_EQ(f.timers.next_deadline(), model.begin()->first);
    }
  }
}

TEST(fault_R10_wheel, without_more_split_slots_order_and_next_deadline_are_still_exact) {
  // Ever earlier long slots out of order, each looked at: more splits than there may be at a time.
  fixture f;
  std::multimap<instant, int> model;
  for (int region = 200; region > 0; --region) {
    item* nearest = nullptr;
    for (int i = 40; i-- > 0;) {
      item& e = f.add(at((std::int64_t{region} << 30) + (i * 7919 % 40) * 20'000'000));
      model.emplace(e.deadline(), e.id);
      if (!nearest || e.deadline() < nearest->deadline()) nearest = &e;
    }
    f.timers.remove(*nearest);
    std::erase_if(model, [&](auto& m) { return m.second == nearest->id; });
    ASSERT_EQ(f.timers.next_deadline(), model.begin()->first);
  }
  std::vector<int> expected;
  for (const auto& [when, id] : model)
    expected.push_back(id);
  EXPECT_EQ(f.fire(at(std::int64_t{1} << 40)), expected);
}

TEST(wheel, split_slots_whose_entries_were_cancelled_are_reused) {
  fixture f;
  for (int round = 1; round <= 500; ++round) {
    std::vector<item*> added;
    const std::int64_t start = std::int64_t{round} << 32;
    for (int i = 40; i-- > 0;)
      added.push_back(&f.add(at(start + i * 50'000'000)));
    f.timers.remove(*added.back());
    ASSERT_EQ(f.timers.next_deadline(), at(start + 50'000'000));
    added.pop_back();
    for (item* i : added)
      f.timers.remove(*i);
    ASSERT_EQ(f.timers.next_deadline(), never);
    ASSERT_EQ(f.timers.pop_due(at(start + (std::int64_t{1} << 31))), nullptr);
  }
}

std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("ROUSE_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

TEST(fault_T8_wheel, equals_a_reference_over_a_million_random_operations) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE("ROUSE_SEED=" + std::to_string(seed));
  std::printf("ROUSE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  constexpr int operations = 1'000'000;
  const auto compare = [](std::uint64_t from, instant start, int count) {
    random_source choices(from);
    test::wheel_comparison(choices, start).run(count);
  };
  compare(seed, instant(1h), operations * 8 / 10);
  compare(seed + 1, instant::min() + 1h, operations / 10);
  compare(seed + 2, never - 24h, operations / 10);
}

TEST(fault_T6_wheel, a_million_of_one_instant_are_taken_out_in_batches_without_being_moved) {
  fixture f;
  constexpr int n = 1'000'000;
  for (int i = 0; i < n; ++i)
    f.add(at(70'000'000'000));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(f.timers.pop_due(at(80'000'000'000)), nullptr);
  const auto first = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(first, 1ms);  // a cascade of so many takes tens
  EXPECT_EQ(f.fire(at(80'000'000'000)).size(), static_cast<std::size_t>(n - 1));
}

TEST(fault_C9_wheel, a_long_slot_out_of_order_is_split_in_bounded_steps) {
  fixture f;
  constexpr int n = 100'000;
  random_source random(9);
  for (int i = 0; i < n; ++i)
    f.add(at(70'000'000'000 + random.between(0, 60'000'000'000)));
  const instant nearest = f.timers.next_deadline();
  for (item& i : f.items) {
    if (i.deadline() != nearest) continue;
    f.timers.remove(i);  // now the next one is not known
    break;
  }
  int steps = 0;
  while (!f.timers.settle(1000))
    ++steps;
  EXPECT_GT(steps, 10);
  int pops = 0;
  for (instant last, now = at(200'000'000'000); !f.timers.is_empty();) {
    wheel_entry* e = f.timers.pop_due(now, 1000);
    if (!e) {
      ASSERT_TRUE(f.timers.is_unfinished());
      continue;
    }
    ASSERT_GE(e->deadline(), last);
    last = e->deadline();
    ++pops;
  }
  EXPECT_EQ(pops, n - 1);
}

TEST(wheel, an_entry_is_24_bytes) { EXPECT_EQ(sizeof(wheel_entry), 24U); }

}  // namespace
}  // namespace rouse
