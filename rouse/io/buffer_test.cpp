#include <rouse/io/buffer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace rouse::io {
namespace {

TEST(buffer, empty_one_owns_no_memory) {
  const buffer b{};
  EXPECT_TRUE(b.is_empty());
  EXPECT_EQ(b.capacity(), 0u);
  EXPECT_EQ(b.text(), "");
}

TEST(buffer, gathers_at_the_back_and_is_consumed_at_the_front) {
  buffer b;
  b.append("HTTP/1.1 ");
  b.append("200 OK");
  EXPECT_EQ(b.text(), "HTTP/1.1 200 OK");
  b.consume(9);
  EXPECT_EQ(b.text(), "200 OK");
  b.append("!");
  EXPECT_EQ(b.text(), "200 OK!");
  b.clear();
  EXPECT_TRUE(b.is_empty());
}

TEST(buffer, prepared_memory_counts_only_when_committed) {
  buffer b;
  auto room = b.prepare(5);
  ASSERT_GE(room.size(), 5u);
  std::fill_n(room.begin(), 5, std::byte{'x'});
  EXPECT_TRUE(b.is_empty());
  b.commit(3);
  EXPECT_EQ(b.text(), "xxx");
}

TEST(buffer, a_moved_from_one_is_empty_and_usable) {
  buffer a;
  a.append("a");
  buffer b(std::move(a));
  EXPECT_TRUE(a.is_empty());  // NOLINT: defined
  a.append("c");
  b = std::move(a);
  EXPECT_EQ(b.text(), "c");
}

TEST(buffer, a_burst_gives_its_memory_back) {
  buffer b;
  b.append(std::string(buffer::kept_bytes_max * 4, 'x'));
  EXPECT_GT(b.capacity(), buffer::kept_bytes_max);
  b.consume(b.size());
  EXPECT_EQ(b.capacity(), 0u);
  b.append("small");
  b.clear();
  EXPECT_GT(b.capacity(), 0u) << "a small one is kept for the next round";
}

TEST(buffer, steady_flow_does_not_grow_it) {
  buffer b;
  b.append(std::string(1000, 'a'));
  for (int i = 0; i < 10000; i++) {
    b.append(std::string(100, 'b'));
    b.consume(100);
  }
  EXPECT_LE(b.capacity(), 8192u);
}

TEST(buffer, an_aligned_one_stays_where_it_is_while_it_fits) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{5000}}) {
    buffer b = buffer::aligned(bytes, 4096);
    EXPECT_TRUE(b.is_empty());
    b.append(std::string(bytes, 'x'));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.prepare(0).data() - bytes) % 4096, 0u);
    b.append(std::string(10'000, 'y'));
    EXPECT_EQ(b.size(), bytes + 10'000);
  }
}

TEST(buffer, equals_a_string_over_random_operations) {
  std::mt19937 random(1);
  buffer b;
  std::string model;
  for (int i = 0; i < 5000; i++) {
    if (random() % 2) {
      const std::string piece(random() % 700, static_cast<char>('a' + random() % 26));
      b.append(piece);
      model += piece;
    } else {
      const std::size_t n = random() % (model.size() + 1);
      b.consume(n);
      model.erase(0, n);
    }
    ASSERT_EQ(b.text(), model) << "step " << i;
  }
}

}  // namespace
}  // namespace rouse::io
