#include <rouse/sync/oneshot.hpp>
#include <rouse/sync/sync_test.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace rouse::sync {
namespace {

using test::counting_task;
using test::hooked_wakeable;

template <class Threads>
struct oneshot_of : testing::Test {
  template <class T>
  static auto make() {
    return internal::make_oneshot<T, Threads>();
  }
  counting_task a, b;
};
using policies = testing::Types<any_thread, one_thread>;
TYPED_TEST_SUITE(oneshot_of, policies);

TYPED_TEST(oneshot_of, delivers_what_was_sent_before_the_wait) {
  auto ends = TestFixture::template make<std::string>();
  EXPECT_TRUE(ends.sender.send("hello"));
  EXPECT_FALSE(ends.sender);
  auto op = ends.receiver.receive();
  EXPECT_EQ(this->a.poll(op).take(), "hello");
}

TYPED_TEST(oneshot_of, wakes_who_waits) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->a.is_ready(op));
  EXPECT_TRUE(ends.sender.send(7));
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->a.poll(op).take(), 7);
}

TYPED_TEST(oneshot_of, carries_a_signal_without_a_value) {
  auto ends = TestFixture::template make<void>();
  EXPECT_TRUE(ends.sender.send());
  auto op = ends.receiver.receive();
  EXPECT_TRUE(this->a.poll(op).take().has_value());
}

TYPED_TEST(oneshot_of, carries_a_result_as_a_value) {
  auto ends = TestFixture::template make<result<int>>();
  EXPECT_TRUE(ends.sender.send(std::unexpected(error("work", ENOENT))));
  auto op = ends.receiver.receive();
  auto answer = this->a.poll(op).take();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error(), error("", ENOENT));
}

TYPED_TEST(oneshot_of, a_sender_that_goes_says_closed) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->a.is_ready(op));
  ends.sender = {};
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->a.poll(op).take().error(), errc::closed);
}

TYPED_TEST(oneshot_of, the_value_comes_back_when_nobody_will_take_it) {
  auto ends = TestFixture::template make<std::unique_ptr<int>>();
  ends.receiver = {};
  EXPECT_TRUE(ends.sender.is_closed());
  auto sent = ends.sender.send(std::make_unique<int>(9));
  ASSERT_FALSE(sent);
  EXPECT_EQ(*sent.error(), 9);
}

TYPED_TEST(oneshot_of, a_value_nobody_asked_for_dies_with_the_receiver) {
  auto alive = std::make_shared<int>(0);
  auto ends = TestFixture::template make<std::shared_ptr<int>>();
  EXPECT_TRUE(ends.sender.send(alive));
  EXPECT_EQ(alive.use_count(), 2);
  ends.receiver = {};
  EXPECT_EQ(alive.use_count(), 1);
}

TYPED_TEST(oneshot_of, close_refuses_a_later_value_and_keeps_an_earlier_one) {
  auto early = TestFixture::template make<int>();
  EXPECT_TRUE(early.sender.send(1));
  early.receiver.close();
  EXPECT_EQ(early.receiver.try_receive(), 1);

  auto late = TestFixture::template make<int>();
  late.receiver.close();
  EXPECT_FALSE(late.sender.send(1));
  EXPECT_EQ(late.receiver.try_receive().error(), errc::closed);
}

TYPED_TEST(oneshot_of, close_ends_a_wait_of_its_own) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->a.is_ready(op));
  ends.receiver.close();
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->a.poll(op).take().error(), errc::closed);
}

TYPED_TEST(oneshot_of, try_receive_tells_not_yet_from_never) {
  auto ends = TestFixture::template make<int>();
  EXPECT_EQ(ends.receiver.try_receive().error(), std::errc::resource_unavailable_try_again);
  EXPECT_TRUE(ends.sender.send(3));
  EXPECT_EQ(ends.receiver.try_receive(), 3);
  EXPECT_EQ(ends.receiver.try_receive().error(), errc::closed);
}

TYPED_TEST(oneshot_of, the_sender_can_wait_until_nobody_needs_the_value) {
  auto ends = TestFixture::template make<int>();
  {
    auto op = ends.sender.closed();
    EXPECT_FALSE(this->a.is_ready(op));
    ends.receiver = {};
    EXPECT_EQ(this->a.wakes(), 1);
    EXPECT_TRUE(this->a.is_ready(op));
  }
  auto again = ends.sender.closed();
  EXPECT_TRUE(this->a.is_ready(again));
}

TYPED_TEST(oneshot_of, fault_C11_a_cancelled_receive_leaves_the_value_in_the_channel) {
  auto ends = TestFixture::template make<int>();
  {
    auto op = ends.receiver.receive();
    EXPECT_FALSE(this->a.is_ready(op));
    EXPECT_TRUE(ends.sender.send(5));
    EXPECT_TRUE(this->a.cancel(op));
  }
  EXPECT_EQ(this->a.holders(), 0);
  auto next = ends.receiver.receive();
  EXPECT_EQ(this->b.poll(next).take(), 5);
}

TYPED_TEST(oneshot_of, fault_C10_a_value_that_beat_the_cancel_is_delivered_by_one_more_poll) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->a.is_ready(op));
  EXPECT_TRUE(this->a.cancel(op));
  EXPECT_EQ(this->a.holders(), 0);
  EXPECT_TRUE(ends.sender.send(5));
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_EQ(this->a.poll(op).take(), 5);
}

TYPED_TEST(oneshot_of, one_more_poll_after_a_cancel_stores_no_waker) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_TRUE(this->a.cancel(op));
  EXPECT_FALSE(this->a.is_ready(op));
  EXPECT_EQ(this->a.holders(), 0);
  EXPECT_TRUE(ends.sender.send(5));
  EXPECT_EQ(this->a.wakes(), 0);
}

TYPED_TEST(oneshot_of, a_destroyed_or_disowned_wait_is_not_woken) {
  auto ends = TestFixture::template make<int>();
  {
    auto op = ends.receiver.receive();
    EXPECT_FALSE(this->a.is_ready(op));
  }
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->b.is_ready(op));
  op.disown();
  EXPECT_TRUE(ends.sender.send(5));
  EXPECT_EQ(this->a.wakes() + this->b.wakes(), 0);
  EXPECT_EQ(this->a.holders() + this->b.holders(), 0);
  EXPECT_EQ(this->a.poll(op).take(), 5);
}

TYPED_TEST(oneshot_of, the_latest_waker_is_the_one_to_be_woken) {
  auto ends = TestFixture::template make<int>();
  auto op = ends.receiver.receive();
  EXPECT_FALSE(this->a.is_ready(op));
  EXPECT_FALSE(this->b.is_ready(op));
  EXPECT_TRUE(ends.sender.send(5));
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_EQ(this->b.wakes(), 1);
}

TYPED_TEST(oneshot_of, fault_C6_a_wake_may_end_both_ends) {
  auto made = TestFixture::template make<std::string>();
  auto ends = std::make_optional(std::move(made));
  auto op = std::make_optional(ends->receiver.receive());
  hooked_wakeable task;
  std::string got;
  task.on_wake = [&] {
    context cx(task);
    got = *op->poll(cx).take();
    op.reset();
    ends.reset();  // the sender too, which is inside send()
  };
  {
    context cx(task);
    EXPECT_FALSE(op->poll(cx).is_ready());
  }
  EXPECT_TRUE(ends->sender.send(std::string(100, 'x')));
  EXPECT_EQ(got.size(), 100u);
}

TYPED_TEST(oneshot_of, a_value_that_cannot_be_made_leaves_the_sender_usable) {
  struct fragile {
    explicit fragile(bool breaks) : breaks_(breaks) {}
    fragile(fragile&& other) : breaks_(other.breaks_) {
      if (breaks_) throw std::string("cannot move");
    }
    bool breaks_;
  };
  auto ends = TestFixture::template make<fragile>();
  EXPECT_THROW((void)ends.sender.send(fragile(true)), std::string);
  EXPECT_TRUE(ends.sender);
  EXPECT_TRUE(ends.sender.send(fragile(false)));
}

TEST(oneshot, awaiting_reports_as_result_too) {
  auto [sender, receiver] = oneshot<int>();
  sender = {};
  counting_task task;
  auto op = receiver.receive().result();
  EXPECT_EQ(task.poll(op).take().error(), errc::closed);
}

/// A value that can be in one place only.
struct token {
  explicit token(std::atomic<int>& c) : count(&c) { ++*count; }
  token(token&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  ~token() {
    if (count) --*count;
  }
  std::atomic<int>* count;
};

TEST(fault_C12_oneshot, a_value_arrives_or_comes_back_when_send_meets_close) {
  constexpr int rounds = 1000;
  std::atomic<int> alive{0};
  std::atomic<int> received{0}, returned{0}, died{0};
  for (int i = 0; i < rounds; ++i) {
    auto ends = oneshot<token>();
    std::thread sending([&, s = std::move(ends.sender)]() mutable {
      auto sent = s.send(token(alive));
      if (!sent) ++returned;
    });
    if (i % 3 == 0) {
      auto op = ends.receiver.receive();
      if (test::wait(op)) ++received;
    } else if (i % 3 == 1) {
      ends.receiver.close();
      if (auto got = ends.receiver.try_receive()) ++received;
    } else {
      ends.receiver = {};
      ++died;  // received by nobody: dead here or returned there
    }
    sending.join();
    ASSERT_EQ(alive.load(), 0);
  }
  EXPECT_GE(received + returned + died, rounds);
}

TEST(fault_C12_oneshot, ends_may_be_dropped_on_two_threads_at_once) {
  for (int i = 0; i < 500; ++i) {
    auto ends = oneshot<std::string>();
    std::thread other([s = std::move(ends.sender)]() mutable { s = {}; });
    ends.receiver = {};
    other.join();
  }
}

}  // namespace
}  // namespace rouse::sync
