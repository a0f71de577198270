// Files on each reactor: on the ring, and on the blocking pool beside epoll.
#include <rouse/park/thread_park.hpp>

#include <sys/stat.h>
#include <tests/integration/files_on_each_reactor.hpp>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

namespace {

using namespace rouse;

using support::open_descriptors;

class files : public support::files_on_each_reactor {};

TEST_P(files, what_is_written_is_read_back) {
  const std::string text(300'000, 'r');
  auto body = [&]() -> task<> {
    co_await fs::write_file(at("a"), text);
    const std::string back = co_await fs::read_file(at("a"));
    EXPECT_EQ(back, text);
    const auto known = co_await fs::status(at("a"));
    EXPECT_EQ(known.size_bytes, text.size());
    auto file = co_await fs::open(at("a"));
    auto piece = co_await file.read_at(299'990, 100);
    EXPECT_EQ(piece.text(), "rrrrrrrrrr");
    auto end = co_await file.read_at(300'000, 100);
    EXPECT_TRUE(end.is_empty());
  };
  run(body());
}

TEST_P(files, writing_reports_how_far_it_came_and_gives_the_buffer_back) {
  auto body = [&]() -> task<> {
    fs::open_options how;
    how.mode = sys::access::read_write;
    how.create = true;
    auto file = co_await fs::open(at("w"), how);
    io::buffer bytes;
    bytes.append("hello");
    std::size_t done = 0;
    auto back = co_await file.write_all_at(3, std::move(bytes), &done);
    EXPECT_EQ(done, 5u);
    EXPECT_EQ(back.bytes, 5u);
    EXPECT_EQ(back.buffer.text(), "hello");
    co_await file.sync();
    co_await file.truncate(6);
    auto all = co_await file.read_to_end();
    EXPECT_EQ(all.text(), std::string_view("\0\0\0hel", 6));
    std::array<std::byte, 4> lent{};
    const std::size_t n = co_await file.read_at(3, std::span(lent));
    EXPECT_EQ(n, 3u);
  };
  run(body());
}

TEST_P(files, names_are_changed_listed_and_removed) {
  auto body = [&]() -> task<> {
    co_await fs::create_directory(at("d"));
    co_await fs::write_file(at("d/one"), "1");
    co_await fs::rename(at("d/one"), at("d/two"));
    auto entries = co_await fs::list_directory(at("d"), {.with_status = true});
    EXPECT_EQ(entries.size(), 1u);
    if (entries.empty()) co_return;
    EXPECT_EQ(entries[0].name, "two");
    EXPECT_EQ(entries[0].size_bytes, 1u);
    co_await fs::remove_file(at("d/two"));
    co_await fs::remove_directory(at("d"));
    auto gone = co_await fs::status(at("d")).result();
    EXPECT_TRUE(!gone && gone.error() == std::errc::no_such_file_or_directory);
  };
  run(body());
}

// An entry that is gone by then is left out; one that cannot be asked must not be.
TEST_P(files, a_list_whose_entries_cannot_be_asked_is_an_error_and_no_shorter_list) {
  static int answer;
  auto body = [&]() -> task<> {
    co_await fs::write_file(at("a"), "");
    co_await fs::write_file(at("b"), "");
    static sys::table table = sys::real_table;  // a thread of the pool may still be inside
    table.statx = [](int directory, const char* path, int flags, unsigned mask,
                     sys::raw_status* into) {
      return std::string_view(path) == "b"
                 ? answer
                 : sys::real_table.statx(directory, path, flags, mask, into);
    };
    const sys::scoped_table in_force(table);
    answer = -EACCES;
    auto refused = co_await fs::list_directory(folder_.path(), {.with_status = true}).result();
    EXPECT_EQ(refused.error().code, EACCES);
    answer = -ENOENT;
    const auto rest = co_await fs::list_directory(folder_.path(), {.with_status = true});
    EXPECT_EQ(rest.size(), 1u);
  };
  run(body());
}

TEST_P(files, an_error_names_the_path) {
  auto body = [&]() -> task<std::string> {
    std::string said;
    try {
      auto file = co_await fs::open(at("missing"));
    } catch (const io_error& e) {
      said = e.what();
    }
    try {
      co_await fs::rename(at("missing"), at("elsewhere"));
    } catch (const io_error& e) {
      said += e.what();
    }
    co_return said;
  };
  const std::string said = run(body());
  EXPECT_NE(said.find(at("missing")), std::string::npos) << said;
  EXPECT_NE(said.find(at("elsewhere")), std::string::npos) << said;
}

TEST_P(files, a_name_with_a_nul_inside_is_refused_and_never_cut) {
  std::ofstream(at("kept")) << "x";
  const std::string trap = at("kept") + std::string("\0.bak", 5);
  auto body = [&]() -> task<> {
    auto opened = co_await fs::open(trap).result();
    EXPECT_TRUE(!opened && opened.error() == errc::invalid_input);
    auto known = co_await fs::status(trap).result();
    EXPECT_TRUE(!known && known.error() == errc::invalid_input);
    auto removed = co_await fs::remove_file(trap).result();
    EXPECT_TRUE(!removed && removed.error() == errc::invalid_input);
    auto moved = co_await fs::rename(at("kept"), trap).result();
    EXPECT_TRUE(!moved && moved.error() == errc::invalid_input);
    auto listed = co_await fs::list_directory(folder_.path() + std::string("\0x", 2)).result();
    EXPECT_TRUE(!listed && listed.error() == errc::invalid_input);
  };
  run(body());
  EXPECT_TRUE(std::filesystem::exists(at("kept")));
}

TEST_P(files, fault_F3_a_file_that_says_size_0_is_read_to_its_end) {
  auto body = [&]() -> task<> {
    const std::string text = co_await fs::read_file("/proc/self/status");
    EXPECT_NE(text.find("VmRSS"), std::string::npos);
  };
  run(body());
}

TEST_P(files, the_limit_of_a_whole_read_is_exact) {
  std::ofstream(at("ten")) << "0123456789";
  auto body = [&]() -> task<> {
    const std::string fits = co_await fs::read_file(at("ten"), 10);
    EXPECT_EQ(fits, "0123456789");
    auto over = co_await fs::read_file(at("ten"), 9).result();
    EXPECT_TRUE(!over && over.error() == errc::too_large);
  };
  run(body());
}

TEST_P(files, fault_F2_opening_a_fifo_without_a_writer_does_not_wait) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  auto body = [&]() -> task<bool> {
    auto opened = co_await timeout(std::chrono::seconds(5), fs::open(at("fifo"))).result();
    co_return opened.has_value();
  };
  EXPECT_TRUE(run(body()));
}

TEST_P(files, a_directory_lets_nobody_out) {
  std::filesystem::create_directory(at("root"));
  std::ofstream(at("secret")) << "s";
  std::filesystem::create_symlink("../secret", at("root/link"));
  auto body = [&]() -> task<> {
    auto root = co_await fs::open_directory(at("root"));
    fs::open_options confined;
    confined.beneath = confined.no_symlinks = true;
    for (const char* path : {"../secret", "link", "/etc/passwd"}) {
      auto opened = co_await root.open(path, confined).result();
      EXPECT_FALSE(opened.has_value()) << path;
    }
  };
  run(body());
}

TEST_P(files, fault_M2_operations_given_up_leave_no_descriptor) {
  std::ofstream(at("f")) << "x";
  const auto body = [&]() -> task<> {
    for (int i = 0; i < 200; ++i) {
      fs::open_options how;
      how.mode = sys::access::read_write;
      how.create = true;  // asks ring or pool, never the caches
      auto lost = co_await select(yield_now(), fs::open(at("f"), how));
      EXPECT_LE(lost.index(), 1u);
    }
    co_await fs::write_file(at("g"), "y");  // whatever was late is done when this is
  };
  run(body());
  const std::size_t before = open_descriptors();
  run(body());
  for (int i = 0; i < 100 && open_descriptors() > before; ++i)
    runtime_->turn(std::chrono::milliseconds(10));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(files_alone, without_ring_or_pool_asking_the_disk_is_no_context) {
  thread_park below;
  current_thread_executor executor(below);
  auto body = []() -> task<error> {
    auto removed = co_await fs::remove_file("/nowhere").result();
    co_return removed ? error() : removed.error();
  };
  EXPECT_TRUE(executor.block_on(body()) == errc::no_context);
}

INSTANTIATE_TEST_SUITE_P(on, files, support::reactors(), support::reactor_name);

}  // namespace
