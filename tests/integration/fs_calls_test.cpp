// Open files and names: every option and attribute, on the ring and on the pool alike.
#include <rouse/fs/attributes.hpp>
#include <rouse/fs/links.hpp>
#include <rouse/fs/lock.hpp>

#include <sys/stat.h>
#include <tests/integration/files_on_each_reactor.hpp>

#include <array>
#include <atomic>
#include <cerrno>

namespace {

using namespace rouse;
using support::get;
using support::put;

io::buffer buffer_of(std::string_view text) {
  io::buffer b;
  b.append(text);
  return b;
}

class fs_calls : public support::files_on_each_reactor {};
INSTANTIATE_TEST_SUITE_P(on, fs_calls, support::reactors(), support::reactor_name);

TEST_P(fs_calls, every_way_to_open_does_what_it_says) {
  put(at("old"), "0123456789");
  auto body = [&]() -> task<> {
    fs::open_options fresh{.mode = sys::access::write, .create = true, .exclusive = true};
    auto exists = co_await fs::open(at("old"), fresh).result();
    EXPECT_EQ(exists.error().code, EEXIST);
    fresh.permissions = 0600;
    auto made = co_await fs::open(at("new"), fresh);
    EXPECT_EQ(made.status()->permissions, 0600);

    fs::open_options more{.mode = sys::access::write, .append = true};
    auto end = co_await fs::open(at("old"), more);
    auto wrote = co_await end.write_all_at(0, buffer_of("+"));
    EXPECT_EQ(wrote.bytes, 1u);
    EXPECT_EQ(get(at("old")), "0123456789+");

    fs::open_options empty{.mode = sys::access::write, .truncate = true};
    auto emptied = co_await fs::open(at("old"), empty);
    EXPECT_EQ(emptied.status()->size_bytes, 0u);

    for (const bool data_only : {false, true}) {
      fs::open_options through{.mode = sys::access::write};
      (data_only ? through.sync_data : through.sync_all) = true;
      auto file = co_await fs::open(at("old"), through);
      auto done = co_await file.write_all_at(0, buffer_of("s"));
      EXPECT_EQ(done.bytes, 1u);
    }
    fs::open_options folder{.directory = true};
    auto not_one = co_await fs::open(at("old"), folder).result();
    EXPECT_EQ(not_one.error().code, ENOTDIR);
  };
  run(body());
}

TEST_P(fs_calls, several_buffers_are_written_and_read_as_one) {
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write, .create = true};
    auto file = co_await fs::open(at("f"), how);
    std::vector<io::buffer> pieces;
    for (const char* text : {"head", "", "body", "tail"})
      pieces.push_back(buffer_of(text));
    std::size_t done = 0;
    auto wrote = co_await file.write_all_at(2, std::move(pieces), &done);
    EXPECT_EQ(done, 12u);
    EXPECT_EQ(wrote.bytes, 12u);
    EXPECT_EQ(wrote.buffers.size(), 4u);
    EXPECT_EQ(wrote.buffers[2].text(), "body");
    std::vector<std::size_t> sizes{3, 0, 5, 100};
    auto back = co_await file.read_vectored_at(2, sizes);
    EXPECT_EQ(back.size(), 4u);
    EXPECT_EQ(back[0].text(), "hea");
    EXPECT_EQ(back[2].text(), "dbody");
    EXPECT_EQ(back[3].text(), "tail");
    auto end = co_await file.read_vectored_at(14, sizes);
    EXPECT_TRUE(end[0].is_empty());
  };
  run(body());
}

TEST_P(fs_calls, gathered_writes_that_come_short_go_on_where_they_stopped) {
  auto body = [&]() -> task<> {
    static sys::table table = sys::real_table;
    table.pwritev = [](int fd, const void* pieces, int, std::uint64_t offset) -> long {
      const auto& first = *static_cast<const sys::slice*>(pieces);
      return sys::real_table.pwrite(fd, first.data, first.size < 3 ? first.size : 3, offset);
    };
    table.preadv = [](int fd, const void* pieces, int count, std::uint64_t offset) {
      return sys::real_table.preadv(fd, pieces, count > 1 ? 1 : count, offset);
    };
    table.pread_cached = [](int, void*, std::size_t, std::uint64_t) -> long { return -EAGAIN; };
    const sys::scoped_table in_force(table);
    fs::open_options how{.mode = sys::access::read_write, .create = true};
    auto file = co_await fs::open(at("f"), how);
    std::vector<io::buffer> pieces;
    pieces.push_back(buffer_of("abcd"));
    pieces.push_back(buffer_of("efghijk"));
    auto wrote = co_await file.write_all_at(0, std::move(pieces));
    EXPECT_EQ(wrote.bytes, 11u);
    EXPECT_EQ(get(at("f")), "abcdefghijk");
    std::vector<std::size_t> sizes{4, 7};
    auto back = co_await file.read_vectored_at(0, sizes);
    EXPECT_EQ(back[0].text(), "abcd");
    EXPECT_TRUE(back[1].is_empty()) << "the disk gave less";
  };
  run(body());
}

TEST_P(fs_calls, a_rename_replaces_refuses_or_exchanges) {
  put(at("a"), "A");
  put(at("b"), "B");
  auto body = [&]() -> task<> {
    auto refused = co_await fs::rename(at("a"), at("b"), fs::rename_mode::no_replace).result();
    EXPECT_EQ(refused.error().code, EEXIST);
    co_await fs::rename(at("a"), at("b"), fs::rename_mode::exchange);
    EXPECT_EQ(get(at("a")), "B");
    EXPECT_EQ(get(at("b")), "A");
    co_await fs::rename(at("a"), at("b"));
    EXPECT_EQ(get(at("b")), "B");
  };
  run(body());
  EXPECT_EQ(names(), "b");
}

TEST_P(fs_calls, links_are_made_read_and_resolved) {
  put(at("real"), "x");
  auto body = [&]() -> task<> {
    co_await fs::hard_link(at("real"), at("hard"));
    const auto known = co_await fs::status(at("real"));
    EXPECT_EQ(known.links, 2u);
    co_await fs::symbolic_link("real", at("soft"));
    const std::string says = co_await fs::read_link(at("soft"));
    EXPECT_EQ(says, "real");
    const std::string where = co_await fs::canonical(at("./soft"));
    EXPECT_EQ(where, std::filesystem::canonical(at("real")).string());
    auto no_link = co_await fs::read_link(at("real")).result();
    EXPECT_EQ(no_link.error().code, EINVAL);
    co_await fs::symbolic_link("loop", at("loop"));
    auto endless = co_await fs::canonical(at("loop")).result();
    EXPECT_EQ(endless.error().code, ELOOP);
    auto cut = co_await fs::symbolic_link(std::string("a\0b", 3), at("nul")).result();
    EXPECT_TRUE(cut.error() == errc::invalid_input);
  };
  run(body());
}

TEST_P(fs_calls, permissions_and_times_are_set_and_told_to_the_nanosecond) {
  put(at("f"), "x");
  auto body = [&]() -> task<> {
    co_await fs::set_permissions(at("f"), 0640);
    constexpr auto given = fs::new_time::kind::given;
    const fs::new_times times{.accessed = {given, 1, 10}, .modified = {given, 999'999'999, 20}};
    co_await fs::set_times(at("f"), times);
    auto known = co_await fs::status(at("f"));
    EXPECT_EQ(known.permissions, 0640);
    EXPECT_EQ(known.accessed_s, 10);
    EXPECT_EQ(known.modified_s, 20);
    EXPECT_EQ(known.modified_ns, 999'999'999u);
    auto file = co_await fs::open(at("f"));
    co_await file.set_permissions(0600);
    const fs::new_times now{.modified = {fs::new_time::kind::now}};
    co_await file.set_times(now);
    const auto then = file.status();
    EXPECT_EQ(then->permissions, 0600);
    EXPECT_EQ(then->accessed_s, 10);
    EXPECT_GT(then->modified_s, 1'600'000'000);
  };
  run(body());
}

TEST_P(fs_calls, closing_and_writing_a_whole_file_report_what_closing_finds_out) {
  auto body = [&]() -> task<> {
    auto file = co_await fs::open(at("."));
    const auto closed = std::move(file).close();
    EXPECT_TRUE(closed);
    static sys::table table = sys::real_table;
    table.close = [](int fd) { return sys::real_table.close(fd), -ENOSPC; };
    const sys::scoped_table in_force(table);
    auto written = co_await fs::write_file(at("f"), "text").result();
    EXPECT_FALSE(written.has_value());
    if (!written) {
      EXPECT_STREQ(written.error().operation, "close");
      EXPECT_EQ(written.error().code, ENOSPC);
    }
  };
  run(body());
}

// ---- FAULTS

TEST_P(fs_calls, fault_F2_terminals_fifos_and_devices_open_at_once) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  auto body = [&]() -> task<> {
    for (const std::string& path :
         {at("fifo"), std::string("/dev/null"), std::string("/dev/ptmx")}) {
      auto opened = co_await timeout(std::chrono::seconds(20), fs::open(path)).result();
      EXPECT_TRUE(opened.has_value() || opened.error().code != ETIMEDOUT) << path;
    }
    // Without a reader a FIFO cannot be opened for writing; that is an error, and no wait.
    fs::open_options write{.mode = sys::access::write};
    auto nobody = co_await timeout(std::chrono::seconds(20), fs::open(at("fifo"), write)).result();
    EXPECT_EQ(nobody.error().code, ENXIO);
    auto cancelled = co_await select(fs::open(at("fifo")), yield_now());
    EXPECT_LE(cancelled.index(), 1u);
  };
  run(body());
}

TEST_P(fs_calls, fault_F3_offsets_beyond_4_GiB_in_a_sparse_file) {
  constexpr std::uint64_t far = (std::uint64_t{5} << 30) + 7;
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write, .create = true};
    auto file = co_await fs::open(at("sparse"), how);
    co_await file.truncate(far + 100);
    auto wrote = co_await file.write_all_at(far, buffer_of("far away"));
    EXPECT_EQ(wrote.bytes, 8u);
    EXPECT_EQ(file.status()->size_bytes, far + 100);
    auto piece = co_await file.read_at(far - 2, 10);
    EXPECT_EQ(piece.text(), std::string_view("\0\0far away", 10));
    auto rest = co_await file.read_to_end(far);
    EXPECT_EQ(rest.size(), 100u);
    std::vector<std::size_t> sizes{3};
    auto gathered = co_await file.read_vectored_at(far, sizes);
    EXPECT_EQ(gathered[0].text(), "far");
  };
  run(body());
}

TEST_P(fs_calls, fault_F3_an_offset_that_no_file_has_is_refused) {
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write, .create = true};
    auto file = co_await fs::open(at("f"), how);
    co_await file.write_all_at(0, buffer_of("content"));
    for (const std::uint64_t offset : {UINT64_MAX, std::uint64_t{INT64_MAX} + 1}) {
      auto read = co_await file.read_at(offset, 10).result();
      EXPECT_EQ(read.error(), std::errc::invalid_argument);
      std::array<std::byte, 4> lent;
      auto into = co_await file.read_at(offset, lent).result();
      EXPECT_EQ(into.error(), std::errc::invalid_argument);
      auto wrote = co_await file.write_all_at(offset, buffer_of("x")).result();
      EXPECT_EQ(wrote.error(), std::errc::invalid_argument);
      std::vector<std::size_t> sizes{3};
      auto gathered = co_await file.read_vectored_at(offset, sizes).result();
      EXPECT_EQ(gathered.error(), std::errc::invalid_argument);
    }
    auto whole = co_await file.read_to_end();
    EXPECT_EQ(whole.text(), "content");
  };
  run(body());
}

TEST_P(fs_calls, fault_F3_proc_files_that_say_size_0_are_read_to_their_end) {
  auto body = [&]() -> task<> {
    const auto known = co_await fs::status("/proc/cpuinfo");
    EXPECT_EQ(known.size_bytes, 0u);
    const std::string text = co_await fs::read_file("/proc/cpuinfo");
    EXPECT_EQ(text, get("/proc/cpuinfo"));
    EXPECT_FALSE(text.empty());
  };
  run(body());
}

// The memory is never touched: only what each call is asked for counts.
TEST(fs_caps, fault_F3_no_call_asks_for_more_than_0x7ffff000_bytes) {
  static std::size_t asked;
  sys::table t = sys::real_table;
  t.pwrite = [](int, const void*, std::size_t bytes, std::uint64_t) {
    return static_cast<long>(asked = bytes);
  };
  t.pread = [](int, void*, std::size_t bytes, std::uint64_t) {
    return static_cast<long>(asked = bytes);
  };
  const sys::scoped_table in_force(t);
  std::byte one{};
  const std::span<std::byte> huge(&one, std::size_t{3} << 30);
  EXPECT_EQ(sys::write_at(0, huge, 0).value(), 0x7ffff000u);
  EXPECT_EQ(asked, 0x7ffff000u);
  EXPECT_EQ(sys::read_at(0, huge, 0).value(), 0x7ffff000u);
  EXPECT_EQ(asked, 0x7ffff000u);
}

TEST_P(fs_calls, fault_F3_a_write_that_the_cap_cuts_goes_on) {
  auto body = [&]() -> task<> {
    static sys::table table = sys::real_table;
    table.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t at) {
      return sys::real_table.pwrite(fd, from, std::min<std::size_t>(bytes, 1000), at);
    };
    table.ring_completion = nullptr;
    const sys::scoped_table in_force(table);
    const std::string text(4500, 'x');
    co_await fs::write_file(at("f"), text);
    EXPECT_EQ(get(at("f")), text);
  };
  run(body());
}

TEST_P(fs_calls, fault_F4_direct_files_refuse_what_is_not_in_blocks) {
  put(at("f"), std::string(8192, 'd'));
  auto body = [&]() -> task<bool> {
    fs::open_options how{.mode = sys::access::read_write, .direct = true};
    auto opened = co_await fs::open(at("f"), how).result();
    if (!opened) {
      EXPECT_EQ(opened.error().code, EINVAL);
      co_return false;
    }
    fs::file& file = *opened;
    auto aligned = io::buffer::aligned(4096, 4096);
    auto page = co_await file.read_at(4096, 4096, std::move(aligned));
    EXPECT_EQ(page.size(), 4096u);
    const std::unique_ptr<std::byte[], decltype(&std::free)> memory(
        static_cast<std::byte*>(std::aligned_alloc(4096, 4096)), &std::free);
    const std::size_t lent = co_await file.read_at(0, std::span(memory.get(), 4096));
    EXPECT_EQ(lent, 4096u);
    auto whole = co_await file.write_all_at(0, std::move(page));
    EXPECT_EQ(whole.bytes, 4096u);
    auto odd_memory = io::buffer::aligned(4096, 4096);
    auto odd_read = co_await file.read_at(1, 100, std::move(odd_memory)).result();
    EXPECT_FALSE(odd_read.has_value());
    if (!odd_read) {
      EXPECT_EQ(odd_read.error().code, EINVAL);
    }
    auto odd_write = co_await file.write_all_at(1, buffer_of("x")).result();
    EXPECT_EQ(odd_write.error().code, EINVAL);
    co_return true;
  };
  const bool was_tried = run(body());
  if (!was_tried) GTEST_SKIP() << "no direct files here";
}

TEST_P(fs_calls, fault_F4_a_directory_is_no_file_to_read_or_write) {
  auto body = [&]() -> task<> {
    auto folder = co_await fs::open(at("."));
    auto read = co_await folder.read_at(0, 10).result();
    EXPECT_EQ(read.error().code, EISDIR);
    auto whole = co_await fs::read_file(at(".")).result();
    EXPECT_EQ(whole.error().code, EISDIR);
    std::vector<std::size_t> sizes{1};
    auto pieces = co_await folder.read_vectored_at(0, sizes).result();
    EXPECT_EQ(pieces.error().code, EISDIR);
    auto write = co_await fs::write_file(at("."), "x").result();
    EXPECT_EQ(write.error().code, EISDIR);
  };
  run(body());
}

// A call that never returns holds one thread of the pool; whoever waits may stop waiting, and
// others go on.
TEST_P(fs_calls, fault_F4_a_stuck_disk_holds_one_thread_and_nobody_else) {
  put(at("f"), "0123456789");
  static std::atomic<bool> is_stuck;
  static std::atomic<int> calls;
  is_stuck = true;
  calls = 0;
  static sys::table table = sys::real_table;
  table.ftruncate = [](int fd, std::uint64_t bytes) {
    if (calls++ == 0) is_stuck.wait(true);
    return sys::real_table.ftruncate(fd, bytes);
  };
  const sys::scoped_table in_force(table);
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write};
    auto file = co_await fs::open(at("f"), how);
    {
      auto given_up = spawn(file.truncate(5));
      while (calls == 0)
        co_await yield_now();
    }
    co_await file.truncate(7);
    co_await fs::rename(at("f"), at("g"));
    // A thread that has answered needs a moment to be idle again.
    while (current<blocking_pool>::get()->status().running != 1)
      co_await yield_now();
    EXPECT_EQ(current<blocking_pool>::get()->status().of(job_class::files).running, 1u);
    EXPECT_EQ(calls, 2);
    is_stuck = false;
    is_stuck.notify_all();
  };
  run(body());
}

// ---- locks

TEST_P(fs_calls, locks_exclude_each_other_and_a_waiter_gets_its_turn) {
  put(at("f"), "");
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write};
    auto one = co_await fs::open(at("f"), how);
    auto two = co_await fs::open(at("f"), how);
    auto shared = co_await fs::try_lock(one, fs::lock_kind::shared);
    EXPECT_TRUE(shared.has_value());
    auto refused = co_await fs::try_lock(two);
    EXPECT_FALSE(refused.has_value());
    auto beside = co_await fs::try_lock(two, fs::lock_kind::shared);
    EXPECT_TRUE(beside.has_value());
    beside.reset();
    auto waiting = spawn(assume_owned([](const fs::file& f) -> task<bool> {
      auto held = co_await fs::lock(f);
      auto alone = co_await fs::try_lock(f);
      co_return alone.has_value();
    }(two)));
    co_await yield_now();
    EXPECT_FALSE(waiting.is_finished());
    shared->unlock();
    const bool was_alone = co_await waiting;
    EXPECT_TRUE(was_alone);
    auto after = co_await fs::try_lock(one);
    EXPECT_TRUE(after.has_value()) << "a lock outlived its owner";
  };
  run(body());
}

TEST_P(fs_calls, a_cancelled_wait_for_a_lock_leaves_no_lock) {
  put(at("f"), "");
  auto body = [&]() -> task<> {
    fs::open_options how{.mode = sys::access::read_write};
    auto one = co_await fs::open(at("f"), how);
    auto two = co_await fs::open(at("f"), how);
    {
      auto held = co_await fs::lock(one);
      auto late = co_await select(fs::lock(two), yield_now());
      EXPECT_EQ(late.index(), 1u);
    }
    auto again = co_await fs::lock(one);  // waits until a late one is given back
    auto still = co_await fs::try_lock(two);
    EXPECT_FALSE(still.has_value());
  };
  run(body());
}

}  // namespace
