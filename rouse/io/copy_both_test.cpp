#include <rouse/io/copy_both.hpp>

#include <rouse/io/duplex.hpp>
#include <rouse/io/io_test.hpp>

namespace rouse::io {
namespace {
using namespace testing;

/// client <-> near == joined == far <-> server
struct relay {
  std::pair<duplex_stream, duplex_stream> left;
  std::pair<duplex_stream, duplex_stream> right;
  explicit relay(std::size_t room = 64 * 1024) : left(duplex(room)), right(duplex(room)) {}
  duplex_stream& client() { return left.first; }
  duplex_stream& near() { return left.second; }
  duplex_stream& far() { return right.first; }
  duplex_stream& server() { return right.second; }
};

/// True when the stream has ended.
bool has_ended(duplex_stream& s) {
  block memory(1);
  auto read = s.read(memory.first(1));
  auto answer = poll_once(read);
  return answer.is_ready() && *answer.take() == 0;
}

TEST(copy_both, an_end_is_told_on_while_the_other_direction_goes_on) {
  relay r;
  auto both = copy_both(r.near(), r.far());
  must_finish(r.client().write_all("question"));
  r.client().shutdown_write();
  EXPECT_FALSE(poll_once(both).is_ready());
  EXPECT_EQ(take_text(r.server()), "question");
  EXPECT_TRUE(has_ended(r.server()));
  EXPECT_FALSE(has_ended(r.client()));
  must_finish(r.server().write_all("long answer"));
  r.server().shutdown_write();
  const auto counts = must_finish(both);
  EXPECT_EQ(counts->first_to_second, 8u);
  EXPECT_EQ(counts->second_to_first, 11u);
  EXPECT_EQ(take_text(r.client()), "long answer");
  EXPECT_TRUE(has_ended(r.client()));
}

TEST(copy_both, a_cancelled_one_gives_back_what_it_had_read_on_both_sides) {
  relay r(2);
  copied_both totals;
  {
    auto both = copy_both(r.near(), r.far(), totals);
    for (duplex_stream* s : {&r.client(), &r.server()})
      must_finish(s->write_all("ab"));
    EXPECT_FALSE(poll_once(both).is_ready());
    for (duplex_stream* s : {&r.client(), &r.server()})
      must_finish(s->write_all("cd"));
    EXPECT_FALSE(poll_once(both).is_ready());
    EXPECT_TRUE(cancel_once(both));
    EXPECT_FALSE(poll_once(both).is_ready()) << "starts nothing after a cancel";
  }
  EXPECT_EQ(totals.first_to_second, 2u);
  EXPECT_EQ(totals.second_to_first, 2u);
  EXPECT_EQ(take_text(r.server()), "ab");
  EXPECT_EQ(take_text(r.client()), "ab");
  EXPECT_EQ(take_text(r.near()), "cd");
  EXPECT_EQ(take_text(r.far()), "cd");
}

TEST(copy_both, a_failure_of_one_direction_ends_the_other) {
  relay r;
  auto both = copy_both(r.near(), r.far());
  {
    auto gone = std::move(r.right.second);
  }
  must_finish(r.client().write_all("x"));
  auto answer = poll_once(both);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take().error(), std::errc::broken_pipe);
  EXPECT_EQ(take_text(r.near()), "x") << "what could not be written was given back";
}

}  // namespace
}  // namespace rouse::io
