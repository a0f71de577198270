#include <rouse/base/io_error.hpp>
#include <rouse/core/outcome.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/pollables.hpp>

#include <any>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace rouse {
namespace {

TEST(poll_result, is_pending_or_ready_with_a_value) {
  const poll_result<int> not_yet = pending;
  EXPECT_FALSE(not_yet.is_ready());
  poll_result<std::unique_ptr<int>> done = std::make_unique<int>(3);
  ASSERT_TRUE(done.is_ready());
  EXPECT_EQ(*done.take(), 3);
}

TEST(poll_result, pending_is_no_value_of_a_type_that_holds_anything) {
  const poll_result<std::any> not_yet = pending;
  EXPECT_FALSE(not_yet.is_ready());
}

TEST(poll_result, says_whether_a_result_failed) {
  const poll_result<result<int>> not_yet = pending;
  const poll_result<result<int>> good = result<int>(1);
  const poll_result<result<int>> bad = result<int>(std::unexpected(error("x", 5)));
  EXPECT_FALSE(not_yet.failed());
  EXPECT_FALSE(good.failed());
  EXPECT_TRUE(bad.failed());
}

TEST(poll_result_death, taking_what_is_pending_is_a_breach) {
  EXPECT_DEATH(
      {
        poll_result<int> p = pending;
        (void)p.take();
      },
      "value_.has_value");
}

TEST(outcome, holds_a_value_an_exception_or_an_error) {
  outcome<std::string> o;
  EXPECT_FALSE(o.is_set());
  o.set_value("seven");
  EXPECT_TRUE(o.has_value());
  EXPECT_FALSE(o.is_failure());
  EXPECT_EQ(o.take(), "seven");

  outcome<std::string> thrown;
  thrown.set_exception(std::make_exception_ptr(std::runtime_error("no")));
  EXPECT_TRUE(thrown.is_failure());
  EXPECT_THROW(thrown.take(), std::runtime_error);
  EXPECT_EQ(thrown.take_exception(), nullptr) << "an exception is taken once";

  outcome<std::string> failed;
  failed.set_error(error("task", ECANCELED));
  EXPECT_TRUE(failed.is_failure());
  EXPECT_EQ(failed.take_result().error(), std::errc::operation_canceled);
  EXPECT_THROW(failed.take(), io_error);
}

TEST(outcome,
     a_later_failure_replaces_the_value) {  // a local's destructor that throws after co_return
  auto value = std::make_shared<int>(1);
  outcome<std::shared_ptr<int>> o;
  o.set_value(value);
  o.set_exception(std::make_exception_ptr(std::logic_error("later")));
  EXPECT_EQ(value.use_count(), 1);
  EXPECT_TRUE(o.has_exception());
}

TEST(outcome, moves_and_lets_go_of_what_it_held) {
  auto value = std::make_shared<int>(1);
  {
    outcome<std::shared_ptr<int>> a;
    a.set_value(value);
    outcome<std::shared_ptr<int>> b = std::move(a);
    EXPECT_FALSE(a.is_set());
    EXPECT_TRUE(b.has_value());
    a = std::move(b);
    EXPECT_TRUE(a.has_value());
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(outcome, an_error_becomes_an_exception_when_somebody_asks_for_one) {
  outcome<void> o;
  EXPECT_EQ(o.as_exception(), nullptr);
  o.set_error(error("task", errc::abandoned));
  try {
    std::rethrow_exception(o.as_exception());
  } catch (const io_error& e) {
    EXPECT_EQ(e.reason(), errc::abandoned);
  }
}

// ---- from a poll to what co_await gives

struct refused_connection : fallible<refused_connection> {
  poll_result<rouse::result<int>> poll(context&) {
    return std::unexpected(error("connect", ECONNREFUSED));
  }
  std::string subject() const { return "10.0.0.1:80"; }
};

TEST(pollable, an_error_is_thrown_with_its_operation_and_subject) {
  support::counting_waker task;
  context cx(task);
  refused_connection connect;
  outcome<int> end;
  EXPECT_TRUE(poll_into(connect, cx, end));
  try {
    end.take();
    FAIL();
  } catch (const io_error& e) {
    EXPECT_EQ(e.reason(), std::errc::connection_refused);
    EXPECT_NE(std::strstr(e.what(), "connect"), nullptr);
    EXPECT_NE(std::strstr(e.what(), "10.0.0.1:80"), nullptr);
  }
}

TEST(pollable, result_gives_the_error_as_a_value) {
  support::counting_waker task;
  context cx(task);
  auto op = refused_connection().result();
  outcome<result<int>> end;
  static_assert(std::is_same_v<output<decltype(op)>, result<int>>);
  EXPECT_TRUE(poll_into(op, cx, end));
  EXPECT_EQ(end.take().error(), std::errc::connection_refused);
}

TEST(pollable, what_a_poll_throws_is_kept) {
  support::counting_waker task;
  context cx(task);
  support::polled bad([](context&) -> poll_result<int> { throw std::runtime_error("poll"); });
  outcome<int> end;
  EXPECT_TRUE(poll_into(bad, cx, end));
  EXPECT_TRUE(end.has_exception());
  EXPECT_THROW(end.take(), std::runtime_error);
}

TEST(pollable, the_optional_verbs_have_harmless_defaults) {
  support::counting_waker task;
  context cx(task);
  support::polled bare([](context&) -> poll_result<void> { return pending; });
  EXPECT_TRUE(poll_cancel(bare, cx).is_ready());
  disown(bare);
  EXPECT_FALSE(borrows_from_caller(bare));
}

}  // namespace
}  // namespace rouse
