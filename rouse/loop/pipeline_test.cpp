// One stream into the other, on files; bodies of answers and requests are streams of the same kind.
#include <rouse/loop/pipeline.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/on_files_test.hpp>

#include <tests/support/open_descriptors.hpp>

#include <algorithm>

namespace loop_test {
namespace {

class pipeline : public on_files {
 protected:
  auto told() {
    return
        [this](const rouse::result<void>& r) { log.push_back(r ? "done" : r.error().message()); };
  }
};
INSTANTIATE_TEST_SUITE_P(each, pipeline, support::reactors(), support::reactor_name);

TEST_P(pipeline, moves_all_and_says_so_once_no_faster_than_it_is_taken) {
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i)
    text += std::to_string(i);
  put(at("a"), text);
  const auto to = it().fs().create_write_stream(at("b"));
  std::size_t most = 0;
  it().unref(it().add_prepare([&] { most = std::max(most, to.buffered_bytes()); }));
  rouse::pipeline(it().fs().create_read_stream(at("a")), to, told());
  it().run();
  EXPECT_EQ(log, lines{"done"});
  EXPECT_EQ(text_of(at("b")), text);
  EXPECT_GT(most, 0U);
  EXPECT_LE(most, 2 * 64 * 1024U + to.high_water_mark);
}

TEST_P(pipeline, moves_nothing_from_what_is_empty) {
  put(at("a"), "");
  rouse::pipeline(it().fs().create_read_stream(at("a")), it().fs().create_write_stream(at("b")),
                  told());
  it().run();
  EXPECT_EQ(log, lines{"done"});
  EXPECT_EQ(text_of(at("b")), "");
}

TEST_P(pipeline, tells_the_first_error_and_closes_the_other_side) {
  put(at("a"), std::string(200'000, 'a'));
  const auto unread = it().fs().create_read_stream(at("a"));
  rouse::pipeline(unread, it().fs().create_write_stream("/dev/full"), told());
  it().run();
  const auto unwritten = it().fs().create_write_stream(at("b"));
  rouse::pipeline(it().fs().create_read_stream(at("missing")), unwritten, told());
  it().run();
  EXPECT_EQ(log, (lines{"write: No space left on device", "open: No such file or directory"}));
  EXPECT_TRUE(unread.is_closed());
  EXPECT_TRUE(unwritten.is_closed());
}

TEST_P(pipeline, ends_when_somebody_destroys_one_side) {
  put(at("a"), std::string(1'000'000, 'a'));
  for (const bool is_source : {true, false}) {
    const auto from = it().fs().create_read_stream(at("a"));
    const auto to = it().fs().create_write_stream(at("b"));
    rouse::pipeline(from, to, told());
    it().run_once();
    is_source ? from.destroy() : to.destroy();
    it().run();
    EXPECT_TRUE(from.is_closed());
    EXPECT_TRUE(to.is_closed());
  }
  EXPECT_EQ(log, (lines{"pipeline: closed", "pipeline: closed"}));
}

TEST_P(pipeline, is_refused_where_a_side_has_closed) {
  put(at("a"), "text");
  const auto from = it().fs().create_read_stream(at("a"));
  EXPECT_THROW(rouse::pipeline(from, rouse::loop_sink(), told()), rouse::io_error);
  EXPECT_THROW(rouse::pipeline(rouse::loop_flow(), it().fs().create_write_stream(at("b")), told()),
               rouse::io_error);
  from.on_data(say_bytes());
  it().run_once();
  loop_.reset();
  EXPECT_LE(log.size(), 1U);
}

TEST_P(pipeline, lets_everything_go_when_the_loop_closes_in_the_middle) {
  put(at("a"), std::string(1'000'000, 'a'));
  it();
  const auto before = support::open_descriptors();
  const auto token = std::make_shared<int>();
  const auto from = it().fs().create_read_stream(at("a"));
  rouse::pipeline(from, it().fs().create_write_stream(at("b")), [token](auto) { FAIL(); });
  it().run_once();
  loop_.reset();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_LE(support::open_descriptors(), before);
}

}  // namespace
}  // namespace loop_test
