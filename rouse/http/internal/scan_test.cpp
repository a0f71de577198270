#include <rouse/http/internal/scan.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::internal {
namespace {

TEST(find_control, finds_every_control_byte_at_every_offset) {
  for (int value = 0; value < 256; ++value) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, value % 2 == 0 ? 'a' : '\xff');
      text[at] = static_cast<char>(value);
      const std::size_t expected = value < 0x20 || value == 0x7f ? at : text.size();
      EXPECT_EQ(find_control(text.data(), 0, text.size()), expected) << value << " at " << at;
      EXPECT_EQ(find_control(text.data(), at, text.size()), expected);
      if (at > 0) {
        EXPECT_EQ(find_control(text.data(), 0, at), at);
      }
    }
  }
}

TEST(find_control, finds_the_first_of_several) {
  // A byte marked below makes a borrow, which may mark its neighbour above, never one below.
  for (char first : {'\0', '\x1f', '\x7f', '\r'})
    for (char next : {'\x20', '\x21', '\x7e', '\x80', '\0', '\x7f'}) {
      std::string text = "aa";
      text += first;
      text += next;
      text += "aaaa";
      EXPECT_EQ(find_control(text.data(), 0, text.size()), 2u);
    }
}

TEST(find_control, is_exact_for_bytes_just_above_the_range) {
  std::string text = "\x20\x20\x80\x80\x7e\x7e\xff\xff";
  EXPECT_EQ(find_control(text.data(), 0, text.size()), text.size());
}

}  // namespace
}  // namespace rouse::internal
