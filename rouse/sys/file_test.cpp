#include <rouse/sys/file.hpp>

#include <rouse/sys/directory.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <tests/support/scratch_folder.hpp>

#include <cerrno>
#include <set>
#include <string>

namespace {

using namespace rouse;

std::span<const std::byte> bytes_of(std::string_view s) { return std::as_bytes(std::span(s)); }

/// A directory of its own for each test.
class sys_file : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = sys::open_at(sys::current_directory, folder.path().c_str(),
                               {.directory = true, .path_only = true});
    ASSERT_TRUE(opened);
    root = std::move(*opened);
  }
  void write_file(const char* name, std::string_view text) {
    auto f = sys::open_at(root.get(), name,
                          {.mode = sys::access::write, .create = true, .truncate = true});
    ASSERT_TRUE(f);
    ASSERT_EQ(sys::write(f->get(), bytes_of(text)).value(), text.size());
  }
  const support::scratch_folder folder;
  sys::descriptor root;
};

TEST_F(sys_file, is_written_read_and_described) {
  write_file("a", "hello, world");
  auto f = sys::open_at(root.get(), "a", {.mode = sys::access::read_write});
  ASSERT_TRUE(f);
  std::byte b[32];
  EXPECT_EQ(sys::read(f->get(), b).value(), 12u);
  EXPECT_EQ(sys::read(f->get(), b).value(), 0u);  // the end is a value
  EXPECT_EQ(sys::read_at(f->get(), b, 7).value(), 5u);
  EXPECT_EQ(std::to_integer<char>(b[0]), 'w');
  EXPECT_EQ(sys::write_at(f->get(), bytes_of("W"), 7).value(), 1u);
  EXPECT_TRUE(sys::sync(f->get(), true));
  EXPECT_TRUE(sys::truncate(f->get(), 8));
  const auto s = sys::status(f->get());
  ASSERT_TRUE(s);
  EXPECT_EQ(s->kind, sys::file_kind::regular);
  EXPECT_EQ(s->size_bytes, 8u);
  EXPECT_GT(s->modified_s, 1'600'000'000);
  EXPECT_LT(s->modified_ns, 1'000'000'000u);
  struct stat kernels{};
  ASSERT_EQ(::fstat(f->get(), &kernels), 0);
  EXPECT_EQ(s->modified_s, kernels.st_mtim.tv_sec);
  EXPECT_EQ(s->modified_ns, static_cast<std::uint32_t>(kernels.st_mtim.tv_nsec));
  EXPECT_EQ(s->changed_s, kernels.st_ctim.tv_sec);
  EXPECT_EQ(s->changed_ns, static_cast<std::uint32_t>(kernels.st_ctim.tv_nsec));
  EXPECT_EQ(s->accessed_s, kernels.st_atim.tv_sec);
  EXPECT_EQ(s->inode, kernels.st_ino);
  EXPECT_EQ(s->device, std::uint64_t{major(kernels.st_dev)} << 32 | minor(kernels.st_dev));
  EXPECT_TRUE(s->created_s == 0 || s->created_s >= kernels.st_mtim.tv_sec - 60);
}

TEST_F(sys_file, missing_ones_are_an_error_that_names_open) {
  const auto f = sys::open_at(root.get(), "none");
  ASSERT_FALSE(f);
  EXPECT_EQ(f.error().code, ENOENT);
  EXPECT_STREQ(f.error().operation, "open");
}

TEST_F(sys_file, limits_keep_opens_below_the_directory) {
  ASSERT_TRUE(sys::make_directory_at(root.get(), "d"));
  write_file("a", "x");
  auto d = sys::open_at(root.get(), "d", {.directory = true});
  ASSERT_TRUE(d);
  EXPECT_EQ(sys::open_at(d->get(), "../a", {.beneath = true}).error().code, EXDEV);
  EXPECT_EQ(sys::open_at(d->get(), "/etc/passwd", {.beneath = true}).error().code, EXDEV);
  EXPECT_TRUE(sys::open_at(d->get(), "../a"));
  EXPECT_EQ(sys::open_at(root.get(), "a", {.directory = true}).error().code, ENOTDIR);
}

TEST_F(sys_file, limits_are_an_error_where_the_kernel_has_none) {
  sys::table t = sys::real_table;
  t.openat2 = [](int, const char*, const sys::open_how*) { return -ENOSYS; };
  write_file("a", "x");
  sys::scoped_table scope(t);
  EXPECT_TRUE(sys::open_at(root.get(), "a"));
  EXPECT_EQ(sys::open_at(root.get(), "a", {.beneath = true}).error().code, ENOSYS);
}

TEST_F(sys_file, directories_are_listed_without_dots) {
  write_file("a", "");
  write_file("b", "");
  ASSERT_TRUE(sys::make_directory_at(root.get(), "d"));
  auto open = sys::open_at(root.get(), ".", {.directory = true});
  ASSERT_TRUE(open);
  sys::directory_reader reader(std::move(*open));
  std::set<std::string> names;
  for (;;) {
    const auto entry = reader.next();
    ASSERT_TRUE(entry);
    if (!*entry) break;
    names.insert(std::string((*entry)->name));
    if ((*entry)->name == "d") {
      EXPECT_EQ((*entry)->kind, sys::file_kind::directory);
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"a", "b", "d"}));
}

TEST_F(sys_file, big_directories_come_in_pieces) {
  constexpr int count = 500;  // several times the reader's buffer
  for (int i = 0; i < count; i++) {
    const auto name = "a-rather-long-file-name-" + std::to_string(i);
    ASSERT_TRUE(
        sys::open_at(root.get(), name.c_str(), {.mode = sys::access::write, .create = true}));
  }
  auto open = sys::open_at(root.get(), ".", {.directory = true});
  ASSERT_TRUE(open);
  sys::directory_reader reader(std::move(*open));
  int seen = 0;
  for (auto entry = reader.next(); entry && *entry; entry = reader.next())
    seen++;
  EXPECT_EQ(seen, count);
}

TEST_F(sys_file, renames_and_refuses_to_replace_when_asked) {
  write_file("a", "1");
  write_file("b", "2");
  EXPECT_EQ(sys::rename_at(root.get(), "a", root.get(), "b", sys::rename_no_replace).error().code,
            EEXIST);
  EXPECT_TRUE(sys::rename_at(root.get(), "a", root.get(), "b"));
  EXPECT_EQ(sys::status_at(root.get(), "a").error().code, ENOENT);
}

TEST_F(sys_file, two_names_change_places) {
  write_file("a", "1");
  write_file("b", "22");
  ASSERT_TRUE(sys::rename_at(root.get(), "a", root.get(), "b", sys::rename_exchange));
  EXPECT_EQ(sys::status_at(root.get(), "a")->size_bytes, 2u);
  EXPECT_EQ(sys::status_at(root.get(), "b")->size_bytes, 1u);
}

TEST_F(sys_file, links_are_made_and_read) {
  write_file("a", "x");
  ASSERT_TRUE(sys::link_at(root.get(), "a", root.get(), "hard"));
  EXPECT_EQ(sys::status_at(root.get(), "a")->links, 2u);
  ASSERT_TRUE(sys::symbolic_link_at("a", root.get(), "soft"));
  EXPECT_EQ(sys::read_link_at(root.get(), "soft").value(), "a");
  auto through = sys::open_at(root.get(), "soft", {.path_only = true});
  ASSERT_TRUE(through);
  const std::string real = sys::path_of(through->get()).value();
  EXPECT_TRUE(real.ends_with("/a")) << real;
}

TEST_F(sys_file, an_unnamed_one_gets_a_name_later) {
  auto f = sys::open_at(root.get(), ".", {.mode = sys::access::write, .unnamed = true});
  if (!f) GTEST_SKIP() << "no unnamed files here: " << f.error().message();
  ASSERT_EQ(sys::write(f->get(), bytes_of("late")).value(), 4u);
  EXPECT_EQ(sys::status(f->get())->links, 0u);
  ASSERT_TRUE(sys::link_open_file(f->get(), root.get(), "named"));
  EXPECT_EQ(sys::status_at(root.get(), "named")->size_bytes, 4u);
}

TEST_F(sys_file, permissions_and_times_are_set_by_name_and_by_descriptor) {
  write_file("a", "x");
  auto f = sys::open_at(root.get(), "a");
  ASSERT_TRUE(f);
  ASSERT_TRUE(sys::set_permissions(f->get(), 0640));
  EXPECT_EQ(sys::status(f->get())->permissions, 0640);
  ASSERT_TRUE(sys::set_permissions_at(root.get(), "a", 0600));
  EXPECT_EQ(sys::status(f->get())->permissions, 0600);
  constexpr auto given = sys::new_time::kind::given;
  ASSERT_TRUE(sys::set_times(f->get(), {.modified = {given, 123'456'789, 1'000'000'000}}));
  auto s = sys::status(f->get());
  EXPECT_EQ(s->modified_s, 1'000'000'000);
  EXPECT_EQ(s->modified_ns, 123'456'789u);
  EXPECT_GT(s->accessed_s, 1'600'000'000) << "left alone";
  ASSERT_TRUE(sys::set_times_at(root.get(), "a", {.accessed = {given, 5, 7}}));
  s = sys::status(f->get());
  EXPECT_EQ(s->accessed_s, 7);
  EXPECT_EQ(s->modified_s, 1'000'000'000);
}

TEST_F(sys_file, bytes_are_scattered_gathered_and_copied) {
  auto f = sys::open_at(root.get(), "a", {.mode = sys::access::read_write, .create = true});
  ASSERT_TRUE(f);
  const sys::slice out[] = {bytes_of("one"), bytes_of("two")};
  EXPECT_EQ(sys::write_vectored_at(f->get(), out, 1).value(), 6u);
  std::byte first[2], second[8];
  const sys::slice in[] = {std::span<const std::byte>(first), std::span<const std::byte>(second)};
  EXPECT_EQ(sys::read_vectored_at(f->get(), in, 1).value(), 6u);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(second), 4), "etwo");
  auto to = sys::open_at(root.get(), "b", {.mode = sys::access::read_write, .create = true});
  ASSERT_TRUE(to);
  EXPECT_EQ(sys::copy_range(f->get(), 1, to->get(), 0, 100).value(), 6u);
  EXPECT_EQ(sys::read_at(to->get(), second, 0).value(), 6u);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(second), 6), "onetwo");
}

TEST_F(sys_file, a_lock_belongs_to_the_open_file) {
  write_file("a", "");
  const sys::open_options both{.mode = sys::access::read_write};
  auto one = sys::open_at(root.get(), "a", both);
  auto two = sys::open_at(root.get(), "a", both);
  ASSERT_TRUE(one && two);
  EXPECT_TRUE(sys::try_lock(one->get(), sys::lock_kind::exclusive).value());
  EXPECT_FALSE(sys::try_lock(two->get(), sys::lock_kind::shared).value());
  EXPECT_TRUE(sys::try_lock(one->get(), sys::lock_kind::shared).value()) << "it changes its kind";
  EXPECT_TRUE(sys::try_lock(two->get(), sys::lock_kind::shared).value());
  ASSERT_TRUE(sys::unlock(one->get()));
  EXPECT_TRUE(sys::try_lock(two->get(), sys::lock_kind::exclusive).value());
  EXPECT_EQ(sys::try_lock(-1, sys::lock_kind::shared).error().code, EBADF);
}

TEST_F(sys_file, closing_tells_what_only_it_finds_out) {
  static int answer;
  sys::table t = sys::real_table;
  t.close = [](int fd) { return sys::real_table.close(fd), answer; };
  sys::scoped_table scope(t);
  for (const int wanted : {0, -EIO, -ENOSPC, -EINTR}) {
    write_file("a", "x");
    answer = 0;
    auto f = sys::open_at(root.get(), "a");
    ASSERT_TRUE(f);
    answer = wanted;
    const auto closed = sys::close(std::move(*f));
    EXPECT_FALSE(*f) << "the number is gone";
    EXPECT_EQ(closed ? 0 : -closed.error().code, wanted == -EINTR ? 0 : wanted);
  }
}

TEST_F(sys_file, fault_R11_a_failed_sync_is_not_repeated) {
  static int syncs;
  syncs = 0;
  sys::table t = sys::real_table;
  t.fsync = [](int, bool) { return syncs++, -EIO; };
  sys::scoped_table scope(t);
  EXPECT_EQ(sys::sync(0).error().code, EIO);
  EXPECT_EQ(syncs, 1);
}

TEST(sys_process, random_bytes_come_in_pieces) {
  sys::table t = sys::real_table;
  t.getrandom = [](void* into, std::size_t) { return sys::real_table.getrandom(into, 1); };
  sys::scoped_table scope(t);
  std::byte b[16] = {};
  ASSERT_TRUE(sys::random_bytes(b));
  std::set<std::byte> distinct(b, b + 16);
  EXPECT_GT(distinct.size(), 2u);
}

TEST(sys_process, names_and_counts) {
  const std::string former = sys::this_thread_name();
  sys::name_this_thread("a-name-that-is-too-long");
  EXPECT_EQ(sys::this_thread_name(), "a-name-that-is-");
  sys::name_this_thread(former.c_str());
  EXPECT_GE(sys::processor_count(), 1u);
}

}  // namespace
