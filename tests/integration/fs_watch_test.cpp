// Directories walked and watched, on each reactor.
#include <rouse/fs/walk.hpp>
#include <rouse/fs/watch.hpp>

#include <sys/stat.h>
#include <tests/integration/files_on_each_reactor.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

namespace {

using namespace rouse;
using namespace std::chrono_literals;
using fs::change_kind;
using support::put;

class fs_walk : public support::files_on_each_reactor {
 protected:
  /// path below the folder -> what is said of it
  std::map<std::string, std::string> walked(std::string path, fs::walk_options options = {}) {
    std::map<std::string, std::string> all;
    auto body = [&]() -> task<> {
      auto tree = fs::walk(path, options);
      for (;;) {
        auto entry = co_await tree.next();
        if (!entry) break;
        std::string said = std::to_string(entry->depth);
        if (entry->kind == fs::file_kind::directory) said += " directory";
        if (entry->kind == fs::file_kind::symlink) said += " link";
        if (entry->failure.code) said += " " + entry->failure.message();
        const auto [at, is_new] = all.emplace(entry->path.substr(path.size() + 1), said);
        EXPECT_TRUE(is_new) << "given twice: " << entry->path;
      }
      auto after = co_await tree.next();
      EXPECT_FALSE(after.has_value());
    };
    run(body());
    return all;
  }
  using found = std::map<std::string, std::string>;
};
INSTANTIATE_TEST_SUITE_P(on, fs_walk, support::reactors(), support::reactor_name);

TEST_P(fs_walk, gives_everything_once_and_follows_no_link) {
  std::filesystem::create_directories(at("t/a/b"));
  std::filesystem::create_directories(at("t/empty"));
  put(at("t/f"), "");
  put(at("t/a/b/g"), "");
  std::filesystem::create_directory_symlink("..", at("t/a/up"));
  EXPECT_EQ(walked(at("t")), (found{{"a", "0 directory"},
                                    {"a/b", "1 directory"},
                                    {"a/b/g", "2"},
                                    {"a/up", "1 link"},
                                    {"empty", "0 directory"},
                                    {"f", "0"}}));
}

TEST_P(fs_walk, follows_links_when_asked_and_ends_in_a_circle) {
  std::filesystem::create_directories(at("t/a"));
  std::filesystem::create_directories(at("other"));
  put(at("other/f"), "");
  std::filesystem::create_directory_symlink("..", at("t/a/up"));
  std::filesystem::create_directory_symlink("../other", at("t/o"));
  std::filesystem::create_symlink("nowhere", at("t/broken"));
  EXPECT_EQ(walked(at("t"), {.follow_links = true}), (found{{"a", "0 directory"},
                                                            {"a/up", "1 directory"},
                                                            {"broken", "0 link"},
                                                            {"o", "0 directory"},
                                                            {"o/f", "1"}}));
}

TEST_P(fs_walk, goes_no_deeper_than_asked) {
  std::filesystem::create_directories(at("t/a/b/c"));
  EXPECT_EQ(walked(at("t"), {.depth_max = 1}),
            (found{{"a", "0 directory"}, {"a/b", "1 directory"}}));
}

TEST_P(fs_walk, many_entries_come_in_pieces) {
  std::filesystem::create_directory(at("t"));
  for (int i = 0; i < 1000; i++)
    put(at("t/" + std::to_string(i)), "");
  EXPECT_EQ(walked(at("t")).size(), 1000u);
}

TEST_P(fs_walk, an_entry_that_fails_says_so_and_the_walk_goes_on) {
  std::filesystem::create_directories(at("t/shut/in"));
  std::filesystem::create_directories(at("t/open"));
  put(at("t/open/f"), "");
  static sys::table table = sys::real_table;
  table.openat2 = [](int directory, const char* path, const sys::open_how* how) {
    return std::string_view(path).ends_with("/shut")
               ? -EACCES
               : sys::real_table.openat2(directory, path, how);
  };
  const sys::scoped_table in_force(table);
  std::vector<std::string> said;
  auto body = [&]() -> task<> {
    auto all = fs::walk(at("t"));
    for (;;) {
      auto entry = co_await all.next();
      if (!entry) break;
      const std::string name = entry->path.substr(at("t").size() + 1);
      said.push_back(name + (entry->failure.code ? "!" : ""));
      if (entry->failure.code) {
        EXPECT_EQ(entry->failure.code, EACCES);
        EXPECT_EQ(entry->depth, 0u);
      }
    }
  };
  run(body());
  std::ranges::sort(said);
  EXPECT_EQ(said, (std::vector<std::string>{"open", "open/f", "shut", "shut!"}));
}

TEST_P(fs_walk, a_top_that_fails_is_an_error_with_its_path_and_may_be_tried_again) {
  auto body = [&]() -> task<> {
    auto all = fs::walk(at("t"));
    std::string said;
    try {
      auto none = co_await all.next();
    } catch (const io_error& e) {
      said = e.what();
    }
    EXPECT_NE(said.find(at("t")), std::string::npos) << said;
    std::filesystem::create_directories(at("t/now"));
    auto entry = co_await all.next();
    EXPECT_TRUE(entry && entry->path == at("t/now"));
  };
  run(body());
}

TEST_P(fs_walk, a_directory_that_cannot_be_read_is_told_at_the_top_and_below) {
  std::filesystem::create_directories(at("t/d"));
  static std::atomic<int> reads_left;
  static sys::table table = sys::real_table;
  table.getdents = [](int fd, void* into, std::size_t bytes) -> long {
    return --reads_left == 0 ? -EIO : sys::real_table.getdents(fd, into, bytes);
  };
  const sys::scoped_table in_force(table);
  auto body = [&]() -> task<> {
    reads_left = 1;
    auto top = fs::walk(at("t"));
    auto failed = co_await top.next().result();
    EXPECT_TRUE(!failed && failed.error().code == EIO);
    auto none = co_await top.next();
    EXPECT_FALSE(none.has_value());
    reads_left = 3;  // the entry, the end, then the directory below
    auto below = fs::walk(at("t"));
    auto first = co_await below.next();
    EXPECT_TRUE(first && first->failure.code == 0);
    auto second = co_await below.next();
    EXPECT_TRUE(second && second->failure.code == EIO && second->path == at("t/d"));
    EXPECT_EQ(second->depth, 0u);
  };
  run(body());
}

TEST_P(fs_walk, directories_beyond_the_bound_are_named_and_not_entered) {
  std::filesystem::create_directories(at("t/a/x"));
  std::filesystem::create_directories(at("t/b/x"));
  std::filesystem::create_directories(at("t/c/x"));
  int refused = 0;
  int entered = 0;
  auto body = [&]() -> task<> {
    const fs::walk_options few{.directories_max = 1};
    auto all = fs::walk(at("t"), few);
    for (;;) {
      auto entry = co_await all.next();
      if (!entry) break;
      refused += entry->failure == errc::too_large;
      entered += entry->path.ends_with("/x");
    }
  };
  run(body());
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(entered, 1);
}

TEST_P(fs_walk, cancelled_waits_lose_no_entry) {
  std::filesystem::create_directory(at("t"));
  for (int i = 0; i < 600; i++)
    put(at("t/" + std::to_string(i)), "");
  std::set<std::string> seen;
  auto body = [&]() -> task<> {
    auto all = fs::walk(at("t"));
    for (;;) {
      auto either = co_await select(all.next().result(), yield_now());
      if (either.index() == 1) continue;
      auto& entry = std::get<0>(either);
      if (!entry) co_return ADD_FAILURE() << entry.error().message();
      if (!*entry) break;
      EXPECT_TRUE(seen.insert((*entry)->path).second);
    }
  };
  run(body());
  EXPECT_EQ(seen.size(), 600u);
}

// ---- watches

class fs_watch : public support::files_on_each_reactor {
 protected:
  /// The next event as text; "nothing" when none comes.
  task<std::string> told(fs::watcher& changes, nanoseconds limit = 20s) {
    auto event = co_await timeout(limit, changes.next()).result();
    if (!event) co_return event.error().is_timed_out() ? "nothing" : event.error().message();
    std::string text = fs::name_of(event->kind);
    text += event->is_directory ? " directory " : " ";
    text += event->path.size() > folder_.path().size()
                ? event->path.substr(folder_.path().size() + 1)
                : ".";
    co_return text;
  }
  /// Until `text` was told.
  task<bool> is_told(fs::watcher& changes, std::string_view text) {
    for (int i = 0; i < 100; i++) {
      const std::string said = co_await told(changes);
      if (said == text) co_return true;
      if (said == "nothing") break;
    }
    co_return false;
  }
};
INSTANTIATE_TEST_SUITE_P(on, fs_watch, support::reactors(), support::reactor_name);

TEST_P(fs_watch, tells_what_happens_to_names_and_files_in_order) {
  auto body = [&]() -> task<> {
    auto changes = co_await fs::watch(folder_.path());
    put(at("f"), "x");
    ::chmod(at("f").c_str(), 0600);
    std::filesystem::rename(at("f"), at("g"));
    std::filesystem::remove(at("g"));
    std::filesystem::create_directory(at("d"));
    for (const char* expected :
         {"created f", "modified f", "written f", "attributes f", "moved from f", "moved to g",
          "removed g", "created directory d"}) {
      const std::string said = co_await told(changes);
      EXPECT_EQ(said, expected);
    }
  };
  run(body());
}

TEST_P(fs_watch, waits_and_is_woken_by_what_comes_later) {
  auto body = [&]() -> task<> {
    auto changes = co_await fs::watch(folder_.path());
    auto waiting = spawn(assume_owned(told(changes)));
    co_await yield_now();
    put(at("later"), "");
    const std::string said = co_await waiting;
    EXPECT_EQ(said, "created later");
  };
  run(body());
}

TEST_P(fs_watch, the_halves_of_a_rename_have_one_number) {
  put(at("a"), "");
  auto body = [&]() -> task<> {
    auto changes = co_await fs::watch(folder_.path());
    std::filesystem::rename(at("a"), at("b"));
    auto from = co_await changes.next();
    auto to = co_await changes.next();
    EXPECT_EQ(from.kind, change_kind::moved_from);
    EXPECT_EQ(to.kind, change_kind::moved_to);
    EXPECT_NE(from.move, 0u);
    EXPECT_EQ(from.move, to.move);
  };
  run(body());
}

TEST_P(fs_watch, a_cancelled_wait_loses_no_event) {
  auto body = [&]() -> task<> {
    auto changes = co_await fs::watch(folder_.path());
    for (int i = 0; i < 50; i++) {
      auto either = co_await select(changes.next(), yield_now());
      EXPECT_EQ(either.index(), 1u);
      std::filesystem::create_directory(at(std::to_string(i)));
      const std::string said = co_await told(changes);
      EXPECT_EQ(said, "created directory " + std::to_string(i));
    }
  };
  run(body());
}

TEST_P(fs_watch, the_end_of_the_watched_path_is_told_once) {
  std::filesystem::create_directory(at("d"));
  auto body = [&]() -> task<> {
    for (const bool is_moved : {false, true}) {
      std::filesystem::create_directory(at("d"));
      auto changes = co_await fs::watch(at("d"));
      if (is_moved)
        std::filesystem::rename(at("d"), at("e"));
      else
        std::filesystem::remove(at("d"));
      auto last = co_await changes.next();
      EXPECT_EQ(last.kind, change_kind::gone);
      auto after = co_await changes.next().result();
      EXPECT_TRUE(after.error() == errc::closed);
    }
  };
  run(body());
}

TEST_P(fs_watch, what_cannot_be_watched_is_an_error_with_its_path) {
  auto body = [&]() -> task<> {
    std::string said;
    try {
      auto none = co_await fs::watch(at("missing"));
    } catch (const io_error& e) {
      said = e.what();
    }
    EXPECT_NE(said.find(at("missing")), std::string::npos) << said;
    std::filesystem::create_directories(at("t/a/b"));
    const fs::watch_options few{.recursive = true, .directories_max = 2};
    auto too_many = co_await fs::watch(at("t"), few).result();
    EXPECT_TRUE(!too_many && too_many.error() == errc::too_large);
  };
  run(body());
}

TEST_P(fs_watch, a_recursive_one_sees_into_old_and_new_directories) {
  std::filesystem::create_directories(at("old/deep"));
  auto body = [&]() -> task<> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder_.path(), all);
    std::filesystem::create_directory(at("old/deep/x"));
    std::string said = co_await told(changes);
    EXPECT_EQ(said, "created directory old/deep/x");
    std::filesystem::create_directories(at("new/deeper"));
    const bool found = co_await is_told(changes, "created directory new/deeper");
    EXPECT_TRUE(found) << "made before its parent was watched";
    put(at("new/deeper/f"), "");
    const bool seen = co_await is_told(changes, "created new/deeper/f");
    EXPECT_TRUE(seen);
  };
  run(body());
}

TEST_P(fs_watch, a_renamed_directory_tells_its_new_name) {
  std::filesystem::create_directories(at("a/in"));
  auto body = [&]() -> task<> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder_.path(), all);
    std::filesystem::rename(at("a"), at("b"));
    const bool moved = co_await is_told(changes, "created directory b/in");
    EXPECT_TRUE(moved) << "what it holds is found";
    put(at("b/in/f"), "");
    const bool seen = co_await is_told(changes, "created b/in/f");
    EXPECT_TRUE(seen);
  };
  run(body());
}

TEST_P(fs_watch, a_directory_that_cannot_be_watched_is_named) {
  auto body = [&]() -> task<> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder_.path(), all);
    static sys::table table = sys::real_table;
    table.inotify_add_watch = [](int, const char*, unsigned) { return -ENOSPC; };
    const sys::scoped_table in_force(table);
    std::filesystem::create_directory(at("d"));
    std::string said = co_await told(changes);
    EXPECT_EQ(said, "created directory d");
    said = co_await told(changes);
    EXPECT_EQ(said, "unwatched directory d");
  };
  run(body());
}

TEST_P(fs_watch, a_new_directory_that_cannot_be_read_is_named_and_watched) {
  auto body = [&]() -> task<> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder_.path(), all);
    {
      static sys::table table = sys::real_table;
      table.getdents = [](int, void*, std::size_t) -> long { return -EIO; };
      const sys::scoped_table in_force(table);
      std::filesystem::create_directory(at("d"));
      std::string said = co_await told(changes);
      EXPECT_EQ(said, "created directory d");
      said = co_await told(changes);
      EXPECT_EQ(said, "unwatched directory d");
    }
    put(at("d/f"), "");
    const std::string said = co_await told(changes);
    EXPECT_EQ(said, "created d/f");
  };
  run(body());
}

TEST_P(fs_watch, a_queue_that_cannot_be_read_is_an_error_and_may_be_read_again) {
  auto body = [&]() -> task<> {
    auto changes = co_await fs::watch(folder_.path());
    std::filesystem::create_directory(at("d"));
    {
      static sys::table table = sys::real_table;
      table.read = [](int, void*, std::size_t) -> long { return -EIO; };
      const sys::scoped_table in_force(table);
      auto failed = co_await changes.next().result();
      EXPECT_TRUE(!failed && failed.error().code == EIO);
    }
    const std::string said = co_await told(changes);
    EXPECT_EQ(said, "created directory d");
  };
  run(body());
}

TEST_P(fs_watch, fault_F6_a_full_queue_is_told_as_rescan_and_the_watch_goes_on) {
  std::size_t queue_max = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue_max;
  if (queue_max == 0 || queue_max > 100'000) GTEST_SKIP() << "a queue of " << queue_max;
  put(at("a"), "");
  put(at("b"), "");
  auto body = [&]() -> task<> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder_.path(), all);
    // Two files in turns: the kernel joins equal neighbours.
    for (std::size_t i = 0; i < queue_max / 2 + 10; i++)
      for (const char* name : {"a", "b"})
        ::chmod(at(name).c_str(), 0600);
    std::filesystem::create_directory(at("unseen"));
    std::size_t told_before = 0;
    for (;; told_before++) {
      auto event = co_await changes.next();
      if (event.kind == change_kind::rescan) break;
      if (told_before > queue_max) co_return ADD_FAILURE() << "never told";
    }
    EXPECT_GT(told_before, 0u);
    // The directory that came unseen is watched again, by a job that the next wait begins.
    bool is_seen = false;
    for (int i = 0; i < 10'000 && !is_seen; i++) {
      put(at("unseen/" + std::to_string(i)), "");
      auto either = co_await select(changes.next(), yield_now());
      is_seen = either.index() == 0 && std::get<0>(either).path.starts_with(at("unseen/"));
    }
    EXPECT_TRUE(is_seen);
  };
  run(body());
}

}  // namespace
