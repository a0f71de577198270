// Counts allocations, by replacing the global operator new of this test program.
#include <gtest/gtest.h>

#include <rouse/http/answer.hpp>
#include <rouse/http/content_type.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/request_parser.hpp>
#include <rouse/http/response.hpp>
#include <rouse/http/target.hpp>

#include <cstdlib>
#include <new>
#include <string>

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace rouse::http {
namespace {

TEST(allocation, a_request_allocates_nothing_once_its_connection_is_warm) {
  const std::string in =
      "GET /some/directory/with/a%20name.html?q HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
  request_parser parser;
  date_cache dates;
  std::string storage;
  std::string out;
  for (int round = 0; round < 3; ++round) {
    out.clear();
    const std::size_t before = allocations;
    ASSERT_EQ(parser.parse(in).event, parse_event::head);
    auto target = decode_target(parser.head().target(), storage);
    ASSERT_TRUE(target);
    {
      response_head head(out, status::ok, dates.at(1764028800 + round));
      head.persistence(persistence_of(parser.head()));
      head.content_type(content_type_of(target->path));
      head.content_length(5);
      ASSERT_TRUE(head.field("Last-Modified", dates.at(1764028800)));
      head.end();
    }
    out += "hello";
    ASSERT_EQ(parser.parse({}).event, parse_event::complete);
    if (round == 0)
      EXPECT_GT(allocations, before);  // so the counter counts
    else
      EXPECT_EQ(allocations, before);
  }
}

}  // namespace
}  // namespace rouse::http
