#include <rouse/sys/watch_queue.hpp>

#include <rouse/sys/file.hpp>

#include <gtest/gtest.h>
#include <tests/support/scratch_folder.hpp>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace rouse;

struct told {
  int watch;
  std::uint32_t mask;
  std::string name;
};

std::vector<told> take_all(int queue) {
  alignas(8) std::byte memory[4096];
  std::vector<told> all;
  const auto n = sys::read(queue, memory);
  if (!n) return all;
  std::span<const std::byte> bytes(memory, *n);
  while (auto c = sys::take_change(bytes))
    all.push_back({c->watch, c->mask, std::string(c->name)});
  EXPECT_TRUE(bytes.empty());
  return all;
}

TEST(sys_watch_queue, tells_of_names_and_of_the_watched_itself) {
  const support::scratch_folder folder;
  auto queue = sys::open_watch_queue();
  ASSERT_TRUE(queue);
  const auto watch = sys::add_watch(queue->get(), folder.path().c_str(),
                                    sys::change::created | sys::change::written);
  ASSERT_TRUE(watch);
  EXPECT_TRUE(take_all(queue->get()).empty()) << "it does not wait";
  std::ofstream(folder / "a-name") << "x";
  const auto changes = take_all(queue->get());
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].mask, sys::change::created);
  EXPECT_EQ(changes[0].name, "a-name");
  EXPECT_EQ(changes[1].mask, sys::change::written);
  ASSERT_TRUE(sys::remove_watch(queue->get(), *watch));
  const auto last = take_all(queue->get());
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].mask, sys::change::forgotten);
  EXPECT_EQ(last[0].name, "");
  EXPECT_EQ(sys::remove_watch(queue->get(), *watch).error().code, EINVAL);
}

TEST(sys_watch_queue, a_cut_record_is_not_read_past_its_end) {
  const std::byte bytes[20] = {};
  std::span<const std::byte> cut(bytes, 15);
  EXPECT_FALSE(sys::take_change(cut).has_value());
  std::byte claims_more[16] = {};
  claims_more[12] = std::byte{32};  // length of the name
  std::span<const std::byte> short_name(claims_more);
  EXPECT_FALSE(sys::take_change(short_name).has_value());
}

TEST(sys_watch_queue, what_is_missing_cannot_be_watched) {
  auto queue = sys::open_watch_queue();
  ASSERT_TRUE(queue);
  const auto watch = sys::add_watch(queue->get(), "/no/such/place", sys::change::created);
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, ENOENT);
}

}  // namespace
