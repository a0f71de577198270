#include <gtest/gtest.h>

#include <rouse/http/answer.hpp>
#include <rouse/http/content_type.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/request_parser.hpp>
#include <rouse/http/response.hpp>
#include <rouse/http/target.hpp>
#include <tests/support/allocations.hpp>

#include <string>

namespace rouse::http {
namespace {

TEST(allocation, a_request_allocates_nothing_once_its_connection_is_warm) {
  if (!support::can_count) GTEST_SKIP() << "sanitizers own malloc";
  const std::string in =
      "GET /some/directory/with/a%20name.html?q HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
  request_parser parser;
  date_cache dates;
  std::string storage;
  std::string out;
  for (int round = 0; round < 3; ++round) {
    out.clear();
    const support::allocation_count count;
    ASSERT_EQ(parser.parse(in).event, parse_event::head);
    auto target = decode_target(parser.head().target(), storage);
    ASSERT_TRUE(target);
    {
      response_head head(out, status::ok, dates.at(1764028800 + round));
      head.persistence(persistence_of(parser.head()));
      head.content_type(content_type_of(target->path));
      head.content_length(5);
      ASSERT_TRUE(head.field("Last-Modified", "Tue, 25 Nov 2025 00:00:00 GMT"));
      head.end();
    }
    out += "hello";
    ASSERT_EQ(parser.parse({}).event, parse_event::complete);
    if (round == 0) {
      EXPECT_GT(count.made(), 0u);  // so the counter counts
    } else {
      EXPECT_EQ(count.made(), 0u);
    }
  }
}

}  // namespace
}  // namespace rouse::http
