#include <rouse/time/timeout.hpp>

#include "timing_test.hpp"

#include <memory>
#include <stdexcept>

namespace rouse {
namespace {

using namespace test;

/// An operation whose every answer is scripted; logs what is done to it.
struct scripted {
  struct control {
    std::optional<int> value;      // ready with it
    std::optional<error> failure;  // or with it
    bool throws = false;
    int cancels_needed = 1;        // poll_cancel is ready at the n-th call
    bool value_at_cancel = false;  // the value comes while the cancel is under way
    std::string log;
    wakeable* waiting = nullptr;
  };
  explicit scripted(std::shared_ptr<control> c) : c_(std::move(c)) {}
  scripted(scripted&&) = default;
  ~scripted() {
    if (c_) c_->log += '~';
  }
  poll_result<result<int>> poll(context& cx) {
    c_->log += 'p';
    if (c_->throws) throw std::runtime_error("scripted");
    if (c_->failure) return std::unexpected(*c_->failure);
    if (c_->value) return result<int>(*c_->value);
    c_->waiting = cx.borrow_waker();
    return pending;
  }
  poll_result<void> poll_cancel(context& cx) {
    c_->log += 'c';
    if (--c_->cancels_needed > 0) {
      c_->waiting = cx.borrow_waker();
      return pending;
    }
    if (c_->value_at_cancel) c_->value = 42;
    return ready;
  }
  void disown() noexcept {
    c_->log += 'd';
    c_->waiting = nullptr;
  }

 private:
  std::shared_ptr<control> c_;
};

struct timed : timed_world {
  std::shared_ptr<scripted::control> c = std::make_shared<scripted::control>();
  scripted op() { return scripted(c); }
};

template <class T>
std::string text(poll_result<result<T>> answer) {
  if (!answer.is_ready()) return "pending";
  auto value = answer.take();
  if (!value) return value.error().message();
  if constexpr (std::is_same_v<T, int>) return std::to_string(*value);
  return "ok";
}

TEST(spec_row_60_timeout, gives_a_value_that_comes_in_time_and_leaves_no_timer) {
  timed w;
  auto t = timeout(1s, w.op());
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  EXPECT_TRUE(w.stack.has_work());
  w.c->value = 7;
  EXPECT_EQ(text(t.poll(w.cx)), "7");
  EXPECT_FALSE(w.stack.has_work());
}

TEST(spec_row_60_timeout, polls_the_inner_first_so_a_result_wins_even_past_the_deadline) {
  timed w;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  w.advance(2s);
  w.c->value = 7;
  EXPECT_EQ(text(t.poll(w.cx)), "7");
  auto zero = timeout(-1s, w.op());
  EXPECT_EQ(text(zero.poll(w.cx)), "7");
  EXPECT_EQ(w.c->log.find('c'), std::string::npos);
}

TEST(spec_row_60_timeout, at_the_deadline_it_cancels_awaits_that_looks_once_more_and_destroys) {
  timed w;
  w.c->cancels_needed = 3;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  w.c->log.clear();  // moved-from shells have gone
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  EXPECT_EQ(w.c->log, "pcc");
  EXPECT_EQ(text(t.poll(w.cx)), "timeout: Connection timed out");
  EXPECT_EQ(w.c->log, "pcccpc~");  // gone before the error is told
}

TEST(spec_row_60_timeout, a_value_that_beats_the_cancel_wins) {
  timed w;
  w.c->cancels_needed = 2;
  w.c->value_at_cancel = true;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  w.advance(1s);
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  EXPECT_EQ(text(t.poll(w.cx)), "42");
}

TEST(spec_row_60_timeout, tells_apart_the_inners_error_the_deadline_and_the_timers_error) {
  timed w;
  w.c->failure = error("read", ECONNRESET);
  auto inner = timeout(1s, w.op());
  EXPECT_EQ(text(inner.poll(w.cx)), "read: Connection reset by peer");
  w.c->failure.reset();
  auto deadline = timeout(0s, w.op());
  auto answer = deadline.poll(w.cx);
  EXPECT_TRUE(answer.take().error().is_timed_out());
  counting_waker task;
  context cx(task);
  const current<timer_driver>::scope none(nullptr);
  auto timer = timeout_at(instant(), w.op());
  EXPECT_EQ(text(timer.poll(cx)), "timeout: no runtime is running on this thread");
}

TEST(spec_row_60_timeout, when_the_timer_goes_the_inner_work_is_cancelled_and_the_caller_told) {
  auto c = std::make_shared<scripted::control>();
  counting_waker task;
  context cx(task);
  auto t = timeout(1s, scripted(c));
  {
    timed_world w;
    (void)t.poll(cx);
  }
  EXPECT_EQ(task.wakes, 1);
  EXPECT_EQ(text(t.poll(cx)), "timeout: the runtime is shut down");
  EXPECT_NE(c->log.find('c'), std::string::npos);
}

TEST(timeout, an_exception_of_the_inner_work_passes_through) {
  timed w;
  w.c->throws = true;
  auto t = timeout(1s, w.op());
  EXPECT_THROW((void)t.poll(w.cx), std::runtime_error);
}

TEST(timeout, wraps_plain_values_and_void) {
  timed_world w;
  struct plain {
    poll_result<int> poll(context&) { return 3; }
  };
  struct nothing {
    poll_result<void> poll(context&) { return ready; }
  };
  auto a = timeout(1s, plain());
  static_assert(std::is_same_v<output<decltype(a)>, int>);
  EXPECT_EQ(text(a.poll(w.cx)), "3");
  auto b = timeout(1s, nothing());
  static_assert(std::is_void_v<output<decltype(b)>>);
  EXPECT_EQ(text(b.poll(w.cx)), "ok");
  auto c = timeout(1s, sleep(0ns)).result();
  EXPECT_EQ(words(c.poll(w.cx)), "ok");
  auto nested = timeout(1s, timeout(5ms, sleep(1h)));
  EXPECT_EQ(words(nested.poll(w.cx)), "pending");
  w.advance(5ms);
  EXPECT_EQ(words(nested.poll(w.cx)), "timeout: Connection timed out");
  EXPECT_FALSE(w.stack.has_work());
}

TEST(timeout, an_lvalue_is_left_as_it_is_and_can_be_awaited_again) {
  timed w;
  auto op = w.op();
  {
    auto t = timeout(1s, op);
    EXPECT_TRUE(t.borrows());
    (void)t.poll(w.cx);
    w.advance(1s);
    EXPECT_EQ(text(t.poll(w.cx)), "timeout: Connection timed out");
    EXPECT_EQ(w.c->waiting, nullptr);
  }
  EXPECT_EQ(w.c->log.find('c'), std::string::npos);
  w.c->value = 5;
  EXPECT_EQ(text(op.poll(w.cx)), "5");
}

TEST(timeout, cancelled_from_outside_it_cancels_the_inner_work_and_allows_one_more_poll) {
  timed w;
  w.c->cancels_needed = 2;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  EXPECT_FALSE(t.poll_cancel(w.cx).is_ready());
  EXPECT_FALSE(w.stack.has_work());  // its timer is gone already
  EXPECT_TRUE(t.poll_cancel(w.cx).is_ready());
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  w.c->value = 9;
  EXPECT_EQ(text(t.poll(w.cx)), "9");
}

TEST(timeout, cancelled_from_outside_while_it_cancels_goes_on_with_that) {
  timed w;
  w.c->cancels_needed = 3;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  w.advance(1s);
  EXPECT_EQ(text(t.poll(w.cx)), "pending");
  EXPECT_FALSE(t.poll_cancel(w.cx).is_ready());
  EXPECT_TRUE(t.poll_cancel(w.cx).is_ready());
}

TEST(timeout, disowned_it_wakes_nobody) {
  timed w;
  auto t = timeout(1s, w.op());
  (void)t.poll(w.cx);
  t.disown();
  EXPECT_EQ(w.c->waiting, nullptr);
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
}

TEST(timeout, destroying_it_leaves_no_timer) {
  timed w;
  {
    auto t = timeout(1s, w.op());
    (void)t.poll(w.cx);
  }
  EXPECT_FALSE(w.stack.has_work());
}

/// A stream that gives what stands in `items`, then waits, or ends.
struct feed {
  poll_result<std::optional<int>> poll_next(context& cx) {
    if (!items.empty()) {
      const int i = items.front();
      items.erase(items.begin());
      return std::optional(i);
    }
    if (ended) return std::optional<int>();
    waiting = cx.borrow_waker();
    return pending;
  }
  void disown() noexcept { waiting = nullptr; }
  std::vector<int> items;
  bool ended = false;
  wakeable* waiting = nullptr;
};

template <class S>
std::string item(S& s, context& cx) {
  auto answer = s.poll_next(cx);
  if (!answer.is_ready()) return "pending";
  auto value = answer.take();
  if (!value) return "end";
  return *value ? std::to_string(**value) : value->error().message();
}

TEST(spec_row_60_timeout_stream, restarts_per_item_and_again_after_each_time_out) {
  timed_world w;
  feed from;
  auto s = timeout_each(100ms, from);
  static_assert(stream<decltype(s)>);
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(99ms);
  from.items = {1};
  EXPECT_EQ(item(s, w.cx), "1");
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(99ms);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(1ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(item(s, w.cx), "timeout: Connection timed out");
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(100ms);
  EXPECT_EQ(item(s, w.cx), "timeout: Connection timed out");
  from.items = {2, 3};
  EXPECT_EQ(item(s, w.cx), "2");
  EXPECT_EQ(item(s, w.cx), "3");
  from.ended = true;
  EXPECT_EQ(item(s, w.cx), "end");
}

TEST(timeout_stream, an_item_that_is_there_wins_past_the_deadline) {
  timed_world w;
  feed from;
  auto s = timeout_each(100ms, std::move(from));
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(100ms);
  EXPECT_EQ(item(s, w.cx), "timeout: Connection timed out");
}

}  // namespace
}  // namespace rouse
