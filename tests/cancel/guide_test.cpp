// The example of docs/cancel-at-every-await.md: as it stands there, and cured.
#include <rouse/rouse.hpp>
#include <rouse/testing/cancel_everywhere.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using rouse::testing::cancel_everywhere;
using ::testing::HasSubstr;

class queue {
 public:
  explicit queue(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] bool holds(const std::string& message) const { return message_ == message; }
  rouse::task<std::string> take() {
    co_await rouse::sleep(1s);
    std::string taken = std::move(*message_);
    message_.reset();
    co_return taken;
  }
  void done() { message_.reset(); }
  void put_back(std::string message) { message_ = std::move(message); }

 private:
  std::optional<std::string> message_;
};

class peer {
 public:
  [[nodiscard]] const std::string& heard() const { return heard_; }
  rouse::task<void> send(const std::string& message) {
    co_await rouse::sleep(1s);
    heard_ = message;
  }

 private:
  std::string heard_;
};

/// A message on its way: goes back to its queue, unless it has arrived.
class message_under_way {
 public:
  message_under_way(queue& home, std::string text) : home_(&home), text_(std::move(text)) {}
  message_under_way(const message_under_way&) = delete;
  message_under_way& operator=(const message_under_way&) = delete;
  ~message_under_way() {
    if (!has_arrived_) home_->put_back(std::move(text_));
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  void arrived() { has_arrived_ = true; }

 private:
  queue* home_;
  std::string text_;
  bool has_arrived_ = false;
};

// The code under test: moves a message from a queue to a peer, and tells the queue when it has
// arrived.
rouse::task<void> forward(queue& from, peer& to) {
  std::string message = co_await from.take();
  co_await to.send(message);
  from.done();
}

rouse::task<void> cured_forward(queue& from, peer& to) {
  message_under_way message(from, co_await from.take());
  co_await to.send(message.text());
  message.arrived();
}

TEST(guide, its_example_fails_as_it_says) {
  auto scenario = [](rouse::testing::trial& run) -> rouse::task<void> {
    queue messages("hello");  // built anew for each run
    peer far_end;
    co_await run.interrupt(forward(messages, far_end));  // the work under test
    run.expect(far_end.heard() == "hello" || messages.holds("hello"), "the message is lost");
  };
  const auto report = cancel_everywhere(scenario);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("4 points, 13 runs, 12 interrupted, on "));
  EXPECT_THAT(report.message(),
              HasSubstr("the message is lost; cancelled at point 3, as it suspended at "));
}

TEST(guide, its_cure_loses_no_message_and_sends_none_twice) {
  auto scenario = [](rouse::testing::trial& run) -> rouse::task<void> {
    queue messages("hello");
    peer far_end;
    co_await run.interrupt(cured_forward(messages, far_end));
    const bool is_heard = far_end.heard() == "hello";
    run.expect(is_heard != messages.holds("hello"), "the message is lost, or there twice");
  };
  const auto report = cancel_everywhere(scenario);
  EXPECT_TRUE(report.passed()) << report.message();
}

}  // namespace
