#include <rouse/net/resolve.hpp>

#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/net/fake_names_test.hpp>
#include <rouse/net/net_test.hpp>

namespace rouse::net {
namespace {
using namespace testing;

class resolving : public ::testing::Test {
 protected:
  /// Polls until ready; the pool wakes from its own thread.
  template <class P>
  auto run(P&& p) {
    for (;;) {
      counting_waker waker;
      if (auto answer = waker.poll(p); answer.is_ready()) return answer.take();
      while (waker.wakes() == 0)
        std::this_thread::yield();
      while (waker.holders() != 0)
        std::this_thread::yield();
    }
  }

  fake_names names_;
  blocking_pool pool_;
  current<blocking_pool>::scope scope_{&pool_};
};

TEST_F(resolving, gives_all_addresses_in_the_resolvers_order) {
  names_.set("two.example", {"2001:db8::1", "192.0.2.1"});
  const auto found = run(resolve("two.example", 80));
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].to_string(), "[2001:db8::1]:80");
  EXPECT_EQ((*found)[1].to_string(), "192.0.2.1:80");
}

TEST_F(resolving, is_a_names_job_of_the_pool) {
  (void)run(resolve("one.example", 80));
  EXPECT_EQ(pool_.status().of(job_class::names).begun, 1u);
}

TEST_F(resolving, numeric_addresses_ask_nobody) {
  EXPECT_EQ(run(resolve("192.0.2.7", 1))->at(0).to_string(), "192.0.2.7:1");
  EXPECT_EQ(run(resolve("fe80::1%3", 1))->at(0).scope(), 3u);
  EXPECT_EQ(run(resolve("::1", 1, address_family::ipv4)).error(), errc::host_not_found);
  EXPECT_EQ(names_.queries, 0);
}

TEST_F(resolving, at_most_32_addresses_are_kept) {
  names_.set("many.example", std::vector<std::string>(100, "192.0.2.1"));
  EXPECT_EQ(run(resolve("many.example", 1))->size(), 32u);
}

TEST_F(resolving, failures_are_told_apart) {
  names_.set_failure("slow.example", EAI_AGAIN);
  names_.set_failure("broken.example", EAI_FAIL);
  EXPECT_EQ(run(resolve("missing.example", 1)).error(), errc::host_not_found);
  EXPECT_EQ(run(resolve("slow.example", 1)).error(), std::errc::resource_unavailable_try_again);
  EXPECT_EQ(run(resolve("broken.example", 1)).error(), std::errc::io_error);
  auto named = resolve("missing.example", 1);
  EXPECT_EQ(named.subject(), "missing.example");
}

TEST_F(resolving, without_a_pool_there_is_a_clear_error) {
  current<blocking_pool>::scope nobody(nullptr);
  EXPECT_EQ(run(resolve("a.example", 1)).error(), errc::no_context);
}

TEST_F(resolving, fault_X2_nothing_malformed_reaches_the_resolver) {
  for (const std::string& host :
       {std::string(""), std::string("a..b"), std::string(254, 'a'),
        std::string("evil.example\0.good.example", 26), std::string("127.1"),
        std::string("0x7f000001"), std::string("a b"), std::string("fe80::zz%eth0"),
        std::string(":::%a")}) {
    const auto found = run(resolve(host, 1));
    ASSERT_FALSE(found) << host;
    EXPECT_EQ(found.error(), errc::invalid_input) << host;
  }
  EXPECT_EQ(names_.queries, 0);
}

TEST_F(resolving, fault_X1_a_look_up_can_be_cancelled_while_the_resolver_hangs) {
  names_.set("late.example", {"192.0.2.1"});
  names_.hold();
  counting_waker waker;
  {
    auto destroyed = resolve("late.example", 1), cancelled = resolve("late.example", 1);
    EXPECT_FALSE(waker.is_ready(destroyed));
    EXPECT_FALSE(waker.is_ready(cancelled));
    EXPECT_TRUE(waker.cancel(cancelled));
    EXPECT_FALSE(waker.is_ready(cancelled));
  }
  EXPECT_EQ(waker.holders(), 0);
  names_.release();
  EXPECT_EQ(run(resolve("late.example", 1))->size(), 1u);
  EXPECT_EQ(waker.wakes(), 0u);
}

}  // namespace
}  // namespace rouse::net
