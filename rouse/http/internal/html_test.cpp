#include <rouse/http/internal/html.hpp>

#include <gtest/gtest.h>

namespace rouse::internal {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

TEST(html, markup_is_shown_as_text) {
  EXPECT_EQ(escaped("<script>alert('x') && \"y\"</script>"),
            "&lt;script&gt;alert(&#39;x&#39;) &amp;&amp; &quot;y&quot;&lt;/script&gt;");
  EXPECT_EQ(escaped("&amp;"), "&amp;amp;");
}

TEST(html, text_of_all_languages_stays) {
  EXPECT_EQ(escaped("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x85 \xd7\xa9"),
            "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x85 \xd7\xa9");
}

TEST(html, what_cannot_be_shown_is_replaced) {
  constexpr const char* mark = "\xef\xbf\xbd";
  for (std::string_view text :
       {std::string_view("\0", 1), std::string_view("\n"), std::string_view("\x1b"),
        std::string_view("\x7f"), std::string_view("\xc2\x85"), std::string_view("\xe2\x80\xae"),
        std::string_view("\xe2\x81\xa6"), std::string_view("\xd8\x9c")})
    EXPECT_EQ(escaped(text), mark);
}

TEST(html, bytes_that_are_not_utf_8_are_replaced_one_by_one) {
  constexpr const char* mark = "\xef\xbf\xbd";
  EXPECT_EQ(escaped("\xff"), mark);
  EXPECT_EQ(escaped("\xc3"), mark);                                     // cut short
  EXPECT_EQ(escaped("\xc3<"), std::string(mark) + "&lt;");              // swallows nothing
  EXPECT_EQ(escaped("\xc0\xbc"), std::string(mark) + mark);             // an over-long '<'
  EXPECT_EQ(escaped("\xe0\x80\xbc"), std::string(mark) + mark + mark);  // another
  EXPECT_EQ(escaped("\xed\xa0\x80"), std::string(mark) + mark + mark);  // a surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), std::string(mark) + mark + mark + mark);  // above U+10FFFF
}

}  // namespace
}  // namespace rouse::internal
