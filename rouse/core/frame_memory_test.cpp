#include <rouse/core/frame_memory.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace rouse::internal {
namespace {

unsigned kept(std::size_t bytes) {
  return this_frame_cache.classes[(bytes + frame_class_bytes - 1) / frame_class_bytes].kept();
}

// Each test has a thread of its own, whose cache is empty.
template <class F>
void on_fresh_thread(F f) {
  std::thread(f).join();
}

TEST(frame_memory, blocks_are_aligned_and_as_large_as_asked) {
  for (std::size_t bytes : {1u, 15u, 16u, 17u, 500u, 2032u, 2033u, 100'000u}) {
    void* block = allocate_frame(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % frame_alignment, 0u);
    std::memset(block, 0x5a, bytes);
    free_frame(block, bytes);
  }
}

TEST(frame_memory, a_freed_block_is_the_next_of_its_class) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  on_fresh_thread([] {
    void* first = allocate_frame(100);
    free_frame(first, 100);
    EXPECT_EQ(kept(100), 1u);
    void* second = allocate_frame(97);  // 97 to 112 bytes are one class
    EXPECT_EQ(second, first);
    EXPECT_EQ(kept(100), 0u);
    free_frame(second, 97);
  });
}

TEST(frame_memory, a_thread_keeps_a_crowd_of_its_own_until_it_is_trimmed) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  on_fresh_thread([] {
    constexpr unsigned crowd = 5 * frame_class_limit + 100;
    std::vector<void*> blocks;
    for (unsigned i = 0; i < crowd; ++i)
      blocks.push_back(allocate_frame(64));
    for (void* b : blocks)
      free_frame(b, 64);
    EXPECT_EQ(kept(64), crowd);
    EXPECT_TRUE(trim_frame_cache(10, 100));
    EXPECT_EQ(kept(64), crowd - 100);
    EXPECT_FALSE(trim_frame_cache(10));
    EXPECT_EQ(kept(64), 10u);
  });
}

TEST(frame_memory, a_trimmed_class_that_was_filled_again_is_trimmed_again) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  std::vector<void*> blocks;
  for (unsigned i = 0; i < 11; ++i)
    blocks.push_back(allocate_frame(64));
  on_fresh_thread([&] {
    free_frame(allocate_frame(32), 32);  // opens its cache
    EXPECT_FALSE(trim_frame_cache(10));
    for (void* b : blocks)
      free_frame(b, 64);
    EXPECT_EQ(kept(64), 11u);
    EXPECT_TRUE(trim_frame_cache(10, 0));
    EXPECT_FALSE(trim_frame_cache(10, 1));
    EXPECT_EQ(kept(64), 10u);
    for (int i = 0; i < 2; ++i) {
      EXPECT_FALSE(trim_frame_cache(0));
      EXPECT_EQ(kept(64), 0u);
      free_frame(allocate_frame(64), 64);
    }
  });
}

TEST(frame_memory, of_what_other_threads_made_a_thread_keeps_so_many) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  std::vector<void*> blocks;
  for (unsigned i = 0; i < frame_class_limit + 100; ++i)
    blocks.push_back(allocate_frame(64));
  on_fresh_thread([&] {
    free_frame(allocate_frame(32), 32);  // opens its cache
    for (void* b : blocks)
      free_frame(b, 64);
    EXPECT_EQ(kept(64), frame_class_limit);
    trim_frame_cache(10);
    EXPECT_EQ(kept(64), 10u);
    trim_frame_cache(0);
    EXPECT_EQ(kept(64), 0u);
  });
}

TEST(frame_memory, a_block_freed_elsewhere_joins_that_threads_cache) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  on_fresh_thread([] {
    void* block = allocate_frame(256);
    on_fresh_thread([block] {
      free_frame(allocate_frame(32), 32);  // opens its cache
      free_frame(block, 256);
      EXPECT_EQ(kept(256), 1u);
    });
    EXPECT_EQ(kept(256), 0u);
  });
}

TEST(frame_memory, a_thread_that_only_frees_keeps_nothing) {
  void* block = allocate_frame(256);
  on_fresh_thread([block] {
    free_frame(block, 256);
    EXPECT_EQ(kept(256), 0u);
  });
}

TEST(frame_memory, what_is_in_use_is_counted_whoever_gives_it_back) {
  const long before = frames_in_use();
  void* small = allocate_frame(100);
  void* large = allocate_frame(100'000);
  EXPECT_EQ(frames_in_use(), before + 2);
  free_frame(small, 100);  // kept for reuse: not in use
  EXPECT_EQ(frames_in_use(), before + 1);
  on_fresh_thread([&] {
    free_frame(large, 100'000);
    free_frame(allocate_frame(64), 64);  // its thread keeps it, and ends
  });
  EXPECT_EQ(frames_in_use(), before);
  trim_frame_cache(0);
  EXPECT_EQ(frames_in_use(), before);
}

}  // namespace
}  // namespace rouse::internal
