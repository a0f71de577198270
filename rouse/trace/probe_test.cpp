#include <rouse/trace/probe.hpp>
#include <rouse/trace/recorder.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace rouse::trace {
namespace {

const int alice = 1, bob = 2, executor = 3;

std::string word_for(const void* p) {
  if (p == &alice) return "alice";
  if (p == &bob) return "bob";
  if (p == &executor) return "executor";
  return p ? "?" : "-";
}

std::vector<std::string> lines(recorder& log) {
  std::vector<std::string> all;
  for (const record& r : log.take())
    all.push_back(std::string(name_of(r.what)) + " " + word_for(r.subject) + " " +
                  word_for(r.other));
  return all;
}

TEST(probe, is_off_by_default_and_after_the_last_sink) {
  EXPECT_FALSE(is_on());
  {
    recorder log;
    EXPECT_TRUE(is_on());
  }
  EXPECT_FALSE(is_on());
}

TEST(probe, reaches_the_sink_with_subject_and_other) {
  recorder log;
  probe_point(event::poll_begin, &alice, &executor);
  probe_point(event::complete, &alice, &executor);
  EXPECT_EQ(lines(log),
            (std::vector<std::string>{"poll_begin alice executor", "complete alice executor"}));
}

TEST(probe, names_who_woke_whom) {
  recorder log;
  probe_point(event::wake, &alice);  // from outside any poll
  probe_point(event::poll_begin, &bob);
  probe_point(event::wake, &alice);
  probe_point(event::poll_end, &bob);
  probe_point(event::wake, &alice);
  EXPECT_EQ(lines(log),
            (std::vector<std::string>{"wake alice -", "poll_begin bob -", "wake alice bob",
                                      "poll_end bob -", "wake alice -"}));
}

TEST(probe, remembers_the_outer_poll_across_a_nested_one) {
  recorder log;
  probe_point(event::poll_begin, &alice);
  probe_point(event::poll_begin, &bob);
  probe_point(event::complete, &bob);
  probe_point(event::wake, &bob);
  EXPECT_EQ(lines(log).back(), "wake bob alice");
}

TEST(probe, forgets_a_poll_whose_end_no_sink_has_seen) {
  {
    recorder log;
    probe_point(event::poll_begin, &bob);
  }
  recorder log;
  probe_point(event::wake, &alice);
  EXPECT_EQ(lines(log), std::vector<std::string>{"wake alice -"});
}

TEST(probe, completion_of_another_task_inside_a_poll_leaves_the_cause_alone) {
  recorder log;
  probe_point(event::poll_begin, &alice);
  probe_point(event::complete, &bob);  // dropped without a poll of its own
  probe_point(event::wake, &bob);
  EXPECT_EQ(lines(log).back(), "wake bob alice");
}

TEST(probe, carries_wait_reason_and_site) {
  recorder log;
  const auto site = std::source_location::current();
  probe_point(event::wait, &alice, nullptr, "sleep", site);
  const auto records = log.take();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_STREQ(records[0].text, "sleep");
  EXPECT_EQ(records[0].site.line(), site.line());
}

TEST(probe, a_leaf_need_not_know_whose_wait_it_is) {
  recorder log;
  probe_point(event::poll_begin, &alice);
  probe_point(event::wait, nullptr, &bob, "notify", {});
  probe_point(event::poll_end, &alice);
  EXPECT_EQ(lines(log)[1], "wait alice bob");
}

TEST(probe, inside_a_sink_is_dropped) {
  struct noisy final : sink {
    int calls = 0;
    void on_probe(const record&) noexcept override {
      ++calls;
      probe_point(event::wake, &alice);
    }
  } s;
  sink* former = set_sink(&s);
  probe_point(event::wake, &alice);
  EXPECT_EQ(set_sink(former), &s);
  EXPECT_EQ(s.calls, 1);
}

TEST(probe, no_thread_is_inside_a_sink_that_was_removed) {
  // A sink that is destroyed right after it was removed, while other threads emit: the sanitizers
  // watch.
  std::atomic<bool> stop{false};
  std::vector<std::thread> emitters;
  emitters.reserve(2);
  for (int i = 0; i < 2; ++i)
    emitters.emplace_back([&] {
      while (!stop)
        probe_point(event::wake, &alice);
    });
  std::size_t seen = 0;
  for (int i = 0; i < 20; ++i) {
    recorder log(8);
    std::this_thread::yield();
    seen += log.take().size() + log.dropped();
  }
  stop = true;
  for (auto& t : emitters)
    t.join();
  SUCCEED() << seen;
}

TEST(recorder, keeps_the_latest_and_counts_the_rest) {
  recorder log(3);
  probe_point(event::poll_begin, &alice);
  for (int i = 0; i < 3; ++i)
    probe_point(event::wake, &bob);
  EXPECT_EQ(log.dropped(), 1u);
  const auto kept = log.take();
  ASSERT_EQ(kept.size(), 3u);
  for (const record& r : kept)
    EXPECT_EQ(r.what, event::wake);
  EXPECT_TRUE(log.take().empty());
}

}  // namespace
}  // namespace rouse::trace
