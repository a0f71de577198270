#include <rouse/base/log.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace rouse {
namespace {

instant test_now{};

/// Collects lines, with a clock of its own for the rate limit.
class log_fixture : public testing::Test, public log_sink {
 protected:
  log_fixture() {
    test_now += std::chrono::hours(1);  // past the windows of earlier tests
    internal::set_log_clock([] { return test_now; });
    former_ = set_log_sink(this);
  }
  ~log_fixture() override {
    flush_log();
    EXPECT_EQ(set_log_sink(former_), this);
    internal::set_log_clock(nullptr);
    set_log_level(log_level::info);
  }
  void write(log_level level, std::string_view text) noexcept override {
    lines_.push_back(std::string(name_of(level)) + ": " + std::string(text));
  }
  std::vector<std::string> lines_;

 private:
  log_sink* former_;
};
using log = log_fixture;

TEST_F(log, writes_level_and_text_to_the_sink) {
  ROUSE_LOG(warning, "%s is %d", "answer", 42);
  EXPECT_EQ(lines_, std::vector<std::string>{"warning: answer is 42"});
}

TEST_F(log, below_the_level_evaluates_nothing) {
  int evaluated = 0;
  ROUSE_LOG(debug, "%d", ++evaluated);
  set_log_level(log_level::off);
  ROUSE_LOG(error, "%d", ++evaluated);
  EXPECT_EQ(evaluated, 0);
  set_log_level(log_level::debug);
  ROUSE_LOG(debug, "%d", ++evaluated);
  EXPECT_EQ(evaluated, 1);
  EXPECT_EQ(lines_, std::vector<std::string>{"debug: 1"});
}

TEST_F(log, fault_R14_limits_the_rate_of_one_site_and_says_so_with_its_next_line) {
  const auto complain = [](int n) { ROUSE_LOG(error, "trouble %d", n); };
  for (int n = 1; n <= 12; ++n)
    complain(n);
  EXPECT_EQ(lines_.size(), log_burst);
  EXPECT_EQ(lines_.back(), "error: trouble 5");
  test_now += log_window;
  complain(13);
  ASSERT_EQ(lines_.size(), log_burst + 2);
  EXPECT_EQ(lines_[log_burst], "error: 7 similar lines suppressed: \"trouble %d\"");
  EXPECT_EQ(lines_[log_burst + 1], "error: trouble 13");
}

TEST_F(log, sites_do_not_share_their_limit) {
  for (int n = 0; n < 9; ++n)
    ROUSE_LOG(info, "one");
  ROUSE_LOG(info, "other");
  EXPECT_EQ(lines_.back(), "info: other");
}

TEST_F(log, another_sites_line_settles_a_window_that_is_over) {
  for (int n = 0; n < 6; ++n)
    ROUSE_LOG(info, "flood");
  test_now += log_window;
  ROUSE_LOG(info, "calm");
  ASSERT_EQ(lines_.size(), log_burst + 2);
  EXPECT_EQ(lines_[log_burst], "info: 1 similar lines suppressed: \"flood\"");
}

TEST_F(log, flush_reports_at_once_and_only_once) {
  for (int n = 0; n < 8; ++n)
    ROUSE_LOG(info, "flood");
  flush_log();
  flush_log();
  ASSERT_EQ(lines_.size(), log_burst + 1);
  EXPECT_EQ(lines_.back(), "info: 3 similar lines suppressed: \"flood\"");
}

TEST_F(log, a_line_cannot_forge_another_line) {
  ROUSE_LOG(info, "name %s", "a\nrouse: error: forged\x1b[2J");
  EXPECT_EQ(lines_, std::vector<std::string>{"info: name a?rouse: error: forged?[2J"});
}

TEST_F(log, cuts_long_lines_at_the_border_of_a_character) {
  const std::string euro = "\xe2\x82\xac";
  std::string text;
  while (text.size() < 2 * log_line_bytes)
    text += euro;
  ROUSE_LOG(info, "%s", text.c_str());
  std::string line = lines_.at(0).substr(6);
  EXPECT_LE(line.size(), log_line_bytes);
  EXPECT_GT(line.size(), log_line_bytes - 6);
  EXPECT_TRUE(line.ends_with(euro + "..."));
  EXPECT_EQ((line.size() - 3) % 3, 0u);
}

TEST_F(log, a_line_of_exactly_the_limit_stays_whole) {
  const std::string text(log_line_bytes, 'x');
  ROUSE_LOG(info, "%s", text.c_str());
  EXPECT_EQ(lines_.at(0), "info: " + text);
}

TEST(log_sinks, a_line_from_inside_a_sink_goes_to_stderr) {
  struct chatty final : log_sink {
    void write(log_level, std::string_view) noexcept override { ROUSE_LOG(info, "from inside"); }
  } sink;
  testing::internal::CaptureStderr();
  log_sink* former = set_log_sink(&sink);
  ROUSE_LOG(info, "outer");
  set_log_sink(former);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "rouse: info: from inside\n");
}

TEST(log_sinks, the_default_is_one_line_on_stderr) {
  testing::internal::CaptureStderr();
  ROUSE_LOG(warning, "%s", "io_uring is not available");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "rouse: warning: io_uring is not available\n");
}

TEST(log_sinks, lines_of_many_threads_arrive_one_at_a_time) {
  struct counter final : log_sink {
    bool is_busy = false;
    int lines = 0;
    void write(log_level, std::string_view) noexcept override {
      EXPECT_FALSE(is_busy);
      is_busy = true;
      ++lines;
      is_busy = false;
    }
  } sink;
  log_sink* former = set_log_sink(&sink);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 100; ++n)
        ROUSE_LOG(info, "busy");
    });
  for (auto& t : threads)
    t.join();
  flush_log();
  set_log_sink(former);
  EXPECT_EQ(sink.lines, static_cast<int>(log_burst) + 1);
}

}  // namespace
}  // namespace rouse
