// Whole files and trees: replaced at once, copied, temporary, removed; and FAULTS F5, a crash at
// each call of a replacement.
#include <rouse/fs/copy_file.hpp>
#include <rouse/fs/remove_tree.hpp>
#include <rouse/fs/replace_file.hpp>
#include <rouse/fs/temporary.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/integration/files_on_each_reactor.hpp>
#include <tests/support/pattern.hpp>

#include <atomic>
#include <cerrno>
#include <mutex>

namespace {

using namespace rouse;
using support::get;
using support::pattern;
using support::put;
using sys::table;

class fs_whole : public support::files_on_each_reactor {};
INSTANTIATE_TEST_SUITE_P(on, fs_whole, support::reactors(), support::reactor_name);

// ---- replaced at once

TEST_P(fs_whole, a_replacement_makes_or_replaces_and_keeps_permissions) {
  auto body = [&]() -> task<> {
    const fs::replace_options secret{.permissions = 0600};
    co_await fs::replace_file(at("f"), "first", secret);
    EXPECT_EQ(get(at("f")), "first");
    auto known = co_await fs::status(at("f"));
    EXPECT_EQ(known.permissions, 0600);
    std::filesystem::permissions(at("f"), std::filesystem::perms(0751));
    const std::string text = pattern(300'000);
    co_await fs::replace_file(at("f"), text);
    EXPECT_EQ(get(at("f")), text);
    known = co_await fs::status(at("f"));
    EXPECT_EQ(known.permissions, 0751);
    auto folder = co_await fs::replace_file(folder_.path(), "x").result();
    EXPECT_EQ(folder.error().code, EISDIR);
  };
  run(body());
  EXPECT_EQ(names(), "f");
}

TEST_P(fs_whole, fault_F5_what_was_written_is_on_the_disk_before_its_name_is) {
  static std::mutex lock;
  static std::string order;
  order.clear();
  const auto note = [](const char* what) {
    const std::scoped_lock held(lock);
    order.append(order.empty() ? "" : " ").append(what);
  };
  static const auto noted = note;
  auto body = [&]() -> task<> {
    static table t = sys::real_table;
    t.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t offset) {
      return noted("write"), sys::real_table.pwrite(fd, from, bytes, offset);
    };
    t.fsync = [](int fd, bool data_only) {
      const auto s = sys::status(fd);
      noted(s && s->kind == sys::file_kind::directory ? "sync-directory" : "sync");
      return sys::real_table.fsync(fd, data_only);
    };
    t.fchmod = [](int fd, unsigned mode) {
      return noted("chmod"), sys::real_table.fchmod(fd, mode);
    };
    t.renameat = [](int a, const char* from, int b, const char* to, unsigned flags) {
      return noted("rename"), sys::real_table.renameat(a, from, b, to, flags);
    };
    const sys::scoped_table in_force(t);
    co_await fs::replace_file(at("f"), "first");
    co_await fs::replace_file(at("f"), "second");
    const fs::replace_options quick{.sync = false};
    co_await fs::replace_file(at("f"), "third", quick);
  };
  run(body());
  EXPECT_EQ(order,
            "write sync rename sync-directory "
            "write chmod sync rename sync-directory "
            "write chmod rename");
}

/// At once, without whatever a sanitizer does at an exit.
void die(int code) { ::syscall(SYS_exit_group, code); }

/// Dies before or after the call that brings the count to 0.
std::atomic<int> calls_left;
template <auto Entry, class = decltype(Entry)>
struct mortal;
template <auto Entry, class R, class... A>
struct mortal<Entry, R (*table::*)(A...)> {
  static R call(A... a) {
    if (--calls_left == 0) die(7);
    const R answer = (sys::real_table.*Entry)(a...);
    if (--calls_left == 0) die(7);
    return answer;
  }
};
template <auto... Entries>
void make_mortal(table& t) {
  ((t.*Entries = mortal<Entries>::call), ...);
}

class fs_crash : public support::each_reactor {};
INSTANTIATE_TEST_SUITE_P(on, fs_crash, support::reactors(), support::reactor_name);

// A child is killed before and after each call that a replacement makes, one after the other. What
// is found then is the old content or the new, whole.
TEST_P(fs_crash, fault_F5_a_crash_in_the_middle_leaves_the_old_content_or_the_new) {
  const support::scratch_folder folder;
  const std::string name = folder / "f";
  const std::string old_text = pattern(5000);
  const std::string new_text(9000, 'n');
  static table t = sys::real_table;
  make_mortal<&table::openat2, &table::statx, &table::getrandom, &table::pwrite, &table::fchmod,
              &table::fsync, &table::close, &table::renameat, &table::unlinkat>(t);
  int deaths = 0;
  int seen_old = 0;
  for (int n = 1;; n++) {
    ASSERT_LT(n, 100) << "it never comes to its end";
    put(name, old_text);
    const pid_t child = ::fork();
    if (child == 0) {
      auto made = runtime::make({.reactor = {.kind = GetParam()}});
      if (!made) die(9);
      calls_left = n;
      const sys::scoped_table in_force(t);
      auto ended = made->block_on(fs::replace_file(name, new_text).result());
      die(ended ? 0 : 8);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    const std::string found = get(name);
    const bool is_old = found == old_text;
    EXPECT_TRUE(is_old || found == new_text) << "neither, after a crash at point " << n;
    if (WEXITSTATUS(status) == 0) {
      EXPECT_EQ(found, new_text);
      break;
    }
    ASSERT_EQ(WEXITSTATUS(status), 7) << "point " << n;
    deaths++;
    seen_old += is_old;
    for (auto& entry : std::filesystem::directory_iterator(folder.path()))
      std::filesystem::remove(entry.path());
  }
  EXPECT_GE(deaths, 18) << "two for each of nine calls";
  EXPECT_GT(seen_old, 0);
  EXPECT_LT(seen_old, deaths);
}

/// Fails the n-th call of an entry.
template <auto Entry, class = decltype(Entry)>
struct failing;
template <auto Entry, class R, class... A>
struct failing<Entry, R (*table::*)(A...)> {
  static inline std::atomic<int> left;
  static R call(A... a) {
    return --left == 0 ? static_cast<R>(-EIO) : (sys::real_table.*Entry)(a...);
  }
};

TEST_P(fs_whole, fault_F5_a_failed_step_leaves_the_old_content_and_nothing_else) {
  put(at("f"), "old");
  auto try_with = [&]<auto Entry>(int occurrence) -> task<> {
    // Made once: a thread of the pool may still be inside.
    static const table t = [] {
      table broken = sys::real_table;
      broken.*Entry = failing<Entry>::call;
      return broken;
    }();
    failing<Entry>::left = occurrence;
    const sys::scoped_table in_force(t);
    auto done = co_await fs::replace_file(at("f"), "new").result();
    EXPECT_EQ(done.error().code, EIO);
    EXPECT_EQ(get(at("f")), "old");
    EXPECT_EQ(names(), "f");
  };
  run(try_with.operator()<&table::openat2>(1));
  run(try_with.operator()<&table::openat2>(2));
  run(try_with.operator()<&table::statx>(1));
  run(try_with.operator()<&table::getrandom>(1));
  run(try_with.operator()<&table::pwrite>(1));
  run(try_with.operator()<&table::fchmod>(1));
  run(try_with.operator()<&table::fsync>(1));
  run(try_with.operator()<&table::renameat>(1));
}

// ---- copies

TEST_P(fs_whole, a_copy_is_exact_by_the_kernel_and_by_hand) {
  const std::string text = pattern(900'001);
  put(at("a"), text);
  std::filesystem::permissions(at("a"), std::filesystem::perms(0700));
  auto body = [&]() -> task<> {
    const std::uint64_t n = co_await fs::copy_file(at("a"), at("b"));
    EXPECT_EQ(n, text.size());
    EXPECT_EQ(get(at("b")), text);
    const auto known = co_await fs::status(at("b"));
    EXPECT_EQ(known.permissions, 0700);
    static table t = sys::real_table;
    for (const int refusal : {EXDEV, EINVAL, ENOSYS, EOPNOTSUPP}) {
      static int answer;
      answer = -refusal;
      t.copy_range = [](int, std::uint64_t*, int, std::uint64_t*, std::size_t) -> long {
        return answer;
      };
      t.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t offset) {
        return sys::real_table.pwrite(fd, from, std::min<std::size_t>(bytes, 70'000), offset);
      };
      const sys::scoped_table in_force(t);
      put(at("b"), std::string(2'000'000, 'x'));  // longer than what comes
      const std::uint64_t by_hand = co_await fs::copy_file(at("a"), at("b"));
      EXPECT_EQ(by_hand, text.size());
      EXPECT_EQ(get(at("b")), text);
    }
  };
  run(body());
}

TEST_P(fs_whole, fault_F3_a_copy_of_a_file_that_says_size_0_has_its_content) {
  auto body = [&]() -> task<> {
    std::uint64_t done = 0;
    const fs::copy_file_options counted{.done = &done};
    const std::uint64_t n = co_await fs::copy_file("/proc/cpuinfo", at("copy"), counted);
    EXPECT_GT(n, 0u);
    EXPECT_EQ(done, n);
    EXPECT_EQ(get(at("copy")), get("/proc/cpuinfo"));
  };
  run(body());
}

TEST_P(fs_whole, a_copy_onto_itself_or_onto_what_is_kept_is_refused) {
  put(at("a"), "A");
  put(at("b"), "B");
  std::filesystem::create_symlink("a", at("link"));
  auto body = [&]() -> task<> {
    auto itself = co_await fs::copy_file(at("a"), at("link")).result();
    EXPECT_TRUE(itself.error() == errc::invalid_input);
    EXPECT_EQ(get(at("a")), "A");
    const fs::copy_file_options keep{.replace = false};
    auto kept = co_await fs::copy_file(at("a"), at("b"), keep).result();
    EXPECT_EQ(kept.error().code, EEXIST);
    EXPECT_EQ(get(at("b")), "B");
    auto folder = co_await fs::copy_file(folder_.path(), at("c")).result();
    EXPECT_EQ(folder.error().code, EISDIR);
  };
  run(body());
}

// ---- temporary

TEST_P(fs_whole, a_temporary_file_goes_with_its_owner) {
  auto body = [&]() -> task<> {
    for (const bool named : {false, true}) {
      const fs::temporary_options how{.named = named};
      auto file = co_await fs::create_temporary_file(folder_.path(), how);
      io::buffer text;
      text.append("x");
      auto wrote = co_await file->write_all_at(0, std::move(text));
      EXPECT_EQ(wrote.bytes, 1u);
      EXPECT_EQ(file->status()->permissions, 0600);
      EXPECT_TRUE(!named || !file.path().empty());
      EXPECT_EQ(names().empty(), file.path().empty());
    }
    EXPECT_EQ(names(), "");
  };
  run(body());
}

TEST_P(fs_whole, a_temporary_file_is_kept_under_a_free_name_only) {
  put(at("taken"), "T");
  auto body = [&]() -> task<> {
    for (const bool named : {false, true}) {
      const fs::temporary_options how{.named = named};
      {
        auto file = co_await fs::create_temporary_file(folder_.path(), how);
        auto refused = co_await file.keep_as(at("taken")).result();
        EXPECT_EQ(refused.error().code, EEXIST);
        co_await file.keep_as(at("kept"));
      }
      EXPECT_EQ(names(), "kept taken");
      EXPECT_EQ(get(at("taken")), "T");
      std::filesystem::remove(at("kept"));
    }
  };
  run(body());
}

TEST_P(fs_whole, where_files_cannot_be_unnamed_they_are_named_and_go_as_well) {
  auto body = [&]() -> task<> {
    static table t = sys::real_table;
    t.openat2 = [](int directory, const char* path, const sys::open_how* how) {
      constexpr std::uint64_t unnamed = 020000000;  // __O_TMPFILE
      return how->flags & unnamed ? -EOPNOTSUPP : sys::real_table.openat2(directory, path, how);
    };
    const sys::scoped_table in_force(t);
    auto file = co_await fs::create_temporary_file(folder_.path());
    EXPECT_FALSE(file.path().empty());
    EXPECT_TRUE(std::filesystem::exists(file.path()));
  };
  run(body());
  EXPECT_EQ(names(), "");
}

TEST_P(fs_whole, a_temporary_directory_goes_with_all_it_holds) {
  auto body = [&]() -> task<> {
    std::string kept;
    {
      auto one = co_await fs::create_temporary_directory(folder_.path());
      auto two = co_await fs::create_temporary_directory(folder_.path());
      auto three = co_await fs::create_temporary_directory(folder_.path());
      EXPECT_NE(one.path(), two.path());
      std::filesystem::create_directories(one.path() + "/a/b");
      put(one.path() + "/a/b/f", "x");
      const std::string second = two.path();
      co_await std::move(two).remove();
      EXPECT_FALSE(std::filesystem::exists(second));
      kept = std::move(three).keep();
    }
    EXPECT_EQ(at(names()), kept);
  };
  run(body());
}

// ---- trees

TEST_P(fs_whole, a_tree_is_removed_and_links_are_not_followed) {
  std::filesystem::create_directories(at("tree/a/b/c"));
  std::filesystem::create_directories(at("outside"));
  put(at("outside/stays"), "x");
  for (int i = 0; i < 300; i++)
    put(at("tree/a/file-with-a-long-name-" + std::to_string(i)), "");
  std::filesystem::create_directory_symlink(at("outside"), at("tree/a/b/link"));
  auto body = [&]() -> task<> {
    co_await fs::remove_tree(at("tree"));
    co_await fs::remove_tree(at("tree"));  // nothing there: nothing to do
    EXPECT_EQ(names(), "outside");
    std::filesystem::create_directory_symlink(at("outside"), at("link"));
    co_await fs::remove_tree(at("link"));
    EXPECT_EQ(names(), "outside");
    EXPECT_EQ(get(at("outside/stays")), "x");
  };
  run(body());
}

TEST_P(fs_whole, a_tree_too_deep_is_an_error_and_no_crash) {
  std::string deep = at("deep");
  std::filesystem::create_directory(deep);
  for (int i = 0; i < 300; i++)
    std::filesystem::create_directory(deep += "/d");
  auto body = [&]() -> task<> {
    auto removed = co_await fs::remove_tree(at("deep")).result();
    EXPECT_TRUE(removed.error() == errc::too_large);
  };
  run(body());
}

TEST_P(fs_whole, what_cannot_be_removed_is_reported) {
  std::filesystem::create_directories(at("tree/a"));
  put(at("tree/a/f"), "x");
  auto body = [&]() -> task<> {
    static table t = sys::real_table;
    t.unlinkat = [](int directory, const char* path, int flags) {
      return path == std::string_view("f") ? -EACCES
                                           : sys::real_table.unlinkat(directory, path, flags);
    };
    const sys::scoped_table in_force(t);
    auto removed = co_await fs::remove_tree(at("tree")).result();
    EXPECT_EQ(removed.error().code, EACCES);
  };
  run(body());
  EXPECT_EQ(get(at("tree/a/f")), "x");
}

}  // namespace
