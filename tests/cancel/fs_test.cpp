// Files, interrupted at each point, with caches that know nothing: so every call asks the disk, on
// the ring or on the blocking pool, and is abandoned there.
#include <rouse/fs/byte_streams.hpp>
#include <rouse/fs/copy_file.hpp>
#include <rouse/fs/file_stream.hpp>
#include <rouse/fs/lock.hpp>
#include <rouse/fs/remove_tree.hpp>
#include <rouse/fs/replace_file.hpp>
#include <rouse/fs/temporary.hpp>
#include <rouse/fs/walk.hpp>
#include <rouse/fs/watch.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/table.hpp>

#include <linux/openat2.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <tests/support/scratch_folder.hpp>
#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

std::atomic<unsigned> parks = 0;
std::thread::id home;  // where the tasks run

/// On a thread of the pool: waits until the task that asked has suspended and its thread parks, so
/// that a quick disk is no point less.
void let_the_task_suspend() {
  if (std::this_thread::get_id() != home) parks.wait(parks);
}
void about_to_park() {
  ++parks;
  parks.notify_all();
}

/// The real calls, but the caches never have anything, and the pool is never quicker than a task.
sys::table without_caches() {
  static constexpr const sys::table& real = sys::real_table;
  sys::table t = real;
  t.epoll_wait = [](int queue, void* events, int events_max, int ms) {
    return about_to_park(), real.epoll_wait(queue, events, events_max, ms);
  };
  t.epoll_pwait2 = [](int queue, void* events, int events_max, const void* limit) {
    return about_to_park(), real.epoll_pwait2(queue, events, events_max, limit);
  };
  t.ring_gate = [](sys::ring_step step) {
    if (step == sys::ring_step::enter) about_to_park();
    return 0;
  };
  t.openat2 = [](int directory, const char* path, const sys::open_how* how) {
    if (how->resolve & RESOLVE_CACHED) return -EAGAIN;
    return let_the_task_suspend(), real.openat2(directory, path, how);
  };
  t.pread_cached = [](int, void*, std::size_t, std::uint64_t) -> long { return -EAGAIN; };
  t.pread = [](int fd, void* into, std::size_t bytes, std::uint64_t at) {
    return let_the_task_suspend(), real.pread(fd, into, bytes, at);
  };
  t.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t at) {
    return let_the_task_suspend(), real.pwrite(fd, from, bytes, at);
  };
  t.fsync = [](int fd, bool data_only) {
    return let_the_task_suspend(), real.fsync(fd, data_only);
  };
  t.ftruncate = [](int fd, std::uint64_t bytes) {
    return let_the_task_suspend(), real.ftruncate(fd, bytes);
  };
  t.linkat = [](int from, const char* old_path, int to, const char* new_path, int flags) {
    return let_the_task_suspend(), real.linkat(from, old_path, to, new_path, flags);
  };
  t.copy_range = [](int from, std::uint64_t* from_offset, int to, std::uint64_t* to_offset,
                    std::size_t bytes) {
    return let_the_task_suspend(), real.copy_range(from, from_offset, to, to_offset, bytes);
  };
  t.preadv = [](int fd, const void* pieces, int count, std::uint64_t at) {
    return let_the_task_suspend(), real.preadv(fd, pieces, count, at);
  };
  t.pwritev = [](int fd, const void* pieces, int count, std::uint64_t at) {
    return let_the_task_suspend(), real.pwritev(fd, pieces, count, at);
  };
  t.inotify_add_watch = [](int queue, const char* path, unsigned mask) {
    return let_the_task_suspend(), real.inotify_add_watch(queue, path, mask);
  };
  t.read = [](int fd, void* into, std::size_t bytes) {
    return let_the_task_suspend(), real.read(fd, into, bytes);
  };
  t.write = [](int fd, const void* from, std::size_t bytes) {
    if (bytes != sizeof(std::uint64_t)) let_the_task_suspend();  // but not who wakes it
    return real.write(fd, from, bytes);
  };
  t.getdents = [](int fd, void* into, std::size_t bytes) {
    return let_the_task_suspend(), real.getdents(fd, into, bytes);
  };
  t.fcntl = [](int fd, int command, long argument) {
    return let_the_task_suspend(), real.fcntl(fd, command, argument);
  };
  t.unlinkat = [](int directory, const char* path, int flags) {
    return let_the_task_suspend(), real.unlinkat(directory, path, flags);
  };
  t.renameat = [](int from, const char* old_path, int to, const char* new_path, unsigned flags) {
    return let_the_task_suspend(), real.renameat(from, old_path, to, new_path, flags);
  };
  return t;
}

/// Until what was abandoned has happened, since it may still: then the files can be looked at.
task<void> rest() {
  for (;;) {
    const blocking_pool_status pool = current<blocking_pool>::get()->status();
    if (pool.running + pool.queued == 0 && !current<reactor>::get()->has_work()) co_return;
    co_await sleep(1ms);
  }
}

class files : public on_each_reactor {
 protected:
  files() : table_(without_caches()), in_force_(table_) {
    home = std::this_thread::get_id();
    std::ofstream(at("text")) << pattern(20'000);
  }
  [[nodiscard]] std::string at(const char* name) const { return folder_ / name; }

 private:
  const sys::table table_;
  const sys::scoped_table in_force_;
  const support::scratch_folder folder_;
};
SCENARIOS_ON_EACH_REACTOR(files);

TEST_P(files, open_closes_what_comes_late) {
  holds(2, [name = at("text")](trial& run) -> task<void> {
    auto file = co_await run.interrupt(fs::open(name));
    run.expect(!file || file->native_handle() >= 0, "no file");
  });
}

TEST_P(files, open_of_what_is_not_there) {
  holds(2, [name = at("nothing")](trial& run) -> task<void> {
    auto file = co_await run.interrupt(fs::open(name).result());
    run.expect(!file || file->error().code == ENOENT, "another error");
  });
}

TEST_P(files, read_gives_what_is_there) {
  holds(2, [name = at("text")](trial& run) -> task<void> {
    auto file = co_await fs::open(name);
    auto bytes = co_await run.interrupt(file.read_at(100, 5000));
    run.expect(!bytes || bytes->text() == pattern(20'000).substr(100, 5000), "other bytes");
    auto again = co_await file.read_at(0, 20'000);
    run.expect(again.text() == pattern(20'000), "the file is no longer usable");
  });
}

TEST_P(files, read_into_lent_memory_never_writes_there_later) {
  holds(2, [name = at("text")](trial& run) -> task<void> {
    auto file = co_await fs::open(name);
    std::vector<std::byte> memory(5000, std::byte{1});
    auto count = co_await run.interrupt(file.read_at(0, memory));
    const std::vector<std::byte> then = memory;
    co_await sleep(1s);
    run.expect(!count || *count == memory.size(), "a short read");
    run.expect(memory == then, "written after the read had ended");
  });
}

TEST_P(files, write_has_written_what_its_count_says) {
  holds(2, [name = at("new")](trial& run) -> task<void> {
    const std::string text = pattern(20'000);
    sys::open_options options;
    options.mode = sys::access::write;
    options.create = options.truncate = true;
    auto file = co_await fs::open(name, options);
    std::size_t done = 0;
    io::buffer content;
    content.append(text);
    auto written = co_await run.interrupt(file.write_all_at(0, std::move(content), &done));
    run.expect(!written || (done == text.size() && written->buffer.text() == text),
               "less is written");
    co_await rest();
    // There may be more, but not other bytes.
    const std::string there = co_await fs::read_file(name);
    run.expect(there.size() >= done && there == text.substr(0, there.size()), "other bytes");
  });
}

TEST_P(files, sync_and_truncate) {
  holds(6, [name = at("short")](trial& run) -> task<void> {
    co_await fs::write_file(name, "0123456789");
    auto cut = [](std::string path) -> task<void> {
      sys::open_options options;
      options.mode = sys::access::write;
      auto file = co_await fs::open(std::move(path), options);
      co_await file.truncate(5);
      co_await file.sync();
    };
    co_await run.interrupt(cut(name));
    co_await rest();
    const std::string there = co_await fs::read_file(name);
    run.expect(there == "01234" || (run.was_interrupted() && there == "0123456789"), there);
  });
}

TEST_P(files, a_whole_file) {
  holds(8, [from = at("text"), to = at("copy")](trial& run) -> task<void> {
    auto copy = [](std::string a, std::string b) -> task<void> {
      auto text = co_await fs::read_file(std::move(a));
      co_await fs::write_file(std::move(b), std::move(text));
    };
    co_await run.interrupt(copy(from, to));
    co_await rest();
    co_await copy(from, to);
    const std::string there = co_await fs::read_file(to);
    run.expect(there == pattern(20'000), "other bytes");
  });
}

TEST_P(files, status_rename_and_remove) {
  holds(4, [a = at("a"), b = at("b")](trial& run) -> task<void> {
    co_await fs::write_file(a, "x");
    auto move = [](std::string from, std::string to) -> task<void> {
      auto known = co_await fs::status(from);
      co_await fs::rename(std::move(from), to);
      if (known.size_bytes == 1) co_await fs::remove_file(std::move(to));
    };
    co_await run.interrupt(move(a, b));
    co_await rest();
    auto left_a = co_await fs::status(a).result();
    auto left_b = co_await fs::status(b).result();
    run.expect(!left_a || !left_b, "the file is there twice");
    run.expect(run.was_interrupted() || (!left_a && !left_b), "the file is still there");
    if (left_b) co_await fs::remove_file(b);
  });
}

TEST_P(files, directory_listing) {
  holds(2, [folder = at(".")](trial& run) -> task<void> {
    auto directory = co_await fs::open_directory(folder);
    fs::list_options options;
    options.with_status = true;
    auto entries = co_await run.interrupt(directory.list(options));
    run.expect(!entries || entries->size() == 1, "other entries");
    auto again = co_await fs::list_directory(folder);
    run.expect(again.size() == 1, "the directory is no longer usable");
  });
}

/// Names in a folder that begin with ".rouse-" or "rouse-": what was to go and has stayed.
std::size_t left_in(const std::string& folder) {
  std::size_t count = 0;
  for (auto& entry : std::filesystem::directory_iterator(folder))
    count += entry.path().filename().string().find("rouse-") != std::string::npos;
  return count;
}

TEST_P(files, a_replacement_is_the_old_or_the_new_and_leaves_nothing) {
  holds(2, [name = at("text"), folder = at(".")](trial& run) -> task<void> {
    co_await fs::write_file(name, "old");
    const std::string text = pattern(20'000);
    co_await run.interrupt(fs::replace_file(name, text));
    co_await rest();
    const std::string there = co_await fs::read_file(name);
    run.expect(there == text || (run.was_interrupted() && there == "old"), "neither old nor new");
    run.expect(left_in(folder) == 0, "a draft is left");
  });
}

TEST_P(files, a_copy_is_the_first_part_or_the_whole) {
  holds(4, [from = at("text"), to = at("copy")](trial& run) -> task<void> {
    co_await run.interrupt(fs::copy_file(from, to));
    co_await rest();
    auto there = co_await fs::read_file(to).result();
    const std::string text = pattern(20'000);
    if (there) run.expect(text.starts_with(*there), "other bytes");
    run.expect(run.was_interrupted() || (there && *there == text), "a part for the whole");
  });
}

TEST_P(files, several_buffers_are_written_and_read) {
  holds(4, [name = at("pieces")](trial& run) -> task<void> {
    auto work = [](std::string path) -> task<std::string> {
      sys::open_options options;
      options.mode = sys::access::read_write;
      options.create = true;
      auto file = co_await fs::open(std::move(path), options);
      std::vector<io::buffer> pieces(2);
      pieces[0].append("one");
      pieces[1].append("two");
      auto wrote = co_await file.write_all_at(0, std::move(pieces));
      std::vector<std::size_t> sizes(2, wrote.bytes / 2);
      auto back = co_await file.read_vectored_at(0, std::move(sizes));
      co_return std::string(back[0].text()) + std::string(back[1].text());
    };
    auto text = co_await run.interrupt(work(name));
    run.expect(!text || *text == "onetwo", "other bytes");
  });
}

TEST_P(files, a_lock_that_nobody_waits_for_any_more_is_given_back) {
  holds(2, [name = at("text")](trial& run) -> task<void> {
    sys::open_options options;
    options.mode = sys::access::read_write;
    auto one = co_await fs::open(name, options);
    auto two = co_await fs::open(name, options);
    {
      auto held = co_await run.interrupt(fs::lock(one));
      run.expect(held.has_value() || run.was_interrupted(), "no lock");
    }
    co_await rest();
    auto free = co_await fs::try_lock(two);
    run.expect(free.has_value(), "a lock is left");
  });
}

TEST_P(files, a_temporary_file_is_kept_or_gone) {
  holds(4, [folder = at("."), kept = at("kept")](trial& run) -> task<void> {
    auto work = [](std::string where, std::string name) -> task<void> {
      const fs::temporary_options named{.named = true};
      auto file = co_await fs::create_temporary_file(where, named);
      co_await file.keep_as(std::move(name));
    };
    co_await run.interrupt(work(folder, kept));
    co_await rest();
    run.expect(left_in(folder) == 0, "a temporary name is left");
    auto there = co_await fs::status(kept).result();
    run.expect(there.has_value() || run.was_interrupted(), "not kept");
    if (there) co_await fs::remove_file(kept);
  });
}

TEST_P(files, a_temporary_directory_is_gone) {
  holds(4, [folder = at(".")](trial& run) -> task<void> {
    auto work = [](std::string where) -> task<void> {
      auto place = co_await fs::create_temporary_directory(where);
      co_await fs::write_file(place.path() + "/f", "x");
      co_await std::move(place).remove();
    };
    co_await run.interrupt(work(folder));
    co_await rest();
    run.expect(left_in(folder) == 0, "a directory is left");
  });
}

TEST_P(files, a_walk_goes_on_where_its_wait_was_given_up) {
  holds(2, [folder = at(".")](trial& run) -> task<void> {
    auto entries = fs::walk(folder);
    unsigned seen = 0;
    auto first = co_await run.interrupt(entries.next());
    if (first) seen += first->has_value();
    for (;;) {
      auto entry = co_await entries.next();
      if (!entry) break;
      seen++;
    }
    run.expect(seen == 1, "an entry is lost, or came twice");
  });
}

TEST_P(files, a_watch_tells_the_next_wait_what_one_that_was_given_up_would_have_got) {
  holds(2, [folder = at("."), name = at("new")](trial& run) -> task<void> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await fs::watch(folder, all);
    auto companion = spawn(fs::create_directory(name));
    std::string told;
    auto first = co_await run.interrupt(changes.next());
    if (first) told = first->path;
    if (!first) {
      auto again = co_await changes.next();
      told = again.path;
    }
    run.expect(told.ends_with("/new"), told);
    co_await companion;
    co_await fs::write_file(name + "/f", "");
    for (;;) {
      auto event = co_await changes.next();
      if (event.path.ends_with("/new/f")) break;
    }
    co_await fs::remove_tree(name);
  });
}

TEST_P(files, a_watch_that_is_not_wanted_any_more_leaves_nothing) {
  holds(2, [folder = at(".")](trial& run) -> task<void> {
    const fs::watch_options all{.recursive = true};
    auto changes = co_await run.interrupt(fs::watch(folder, all));
    run.expect(changes.has_value() || run.was_interrupted(), "no watch");
  });
}

TEST_P(files, a_file_with_a_position_loses_no_byte) {
  holds(4, [from = at("text"), to = at("other")](trial& run) -> task<void> {
    sys::open_options options;
    options.mode = sys::access::write;
    options.create = options.truncate = true;
    auto in = co_await fs::open(from);
    auto out = co_await fs::open(to, options);
    fs::file_reader reader(std::move(in));
    fs::file_writer writer(std::move(out));
    std::vector<std::byte> memory(20'000);
    auto first = co_await run.interrupt(reader.read(std::span(memory)));
    if (!first) first = co_await reader.read(std::span(memory));
    run.expect(*first == memory.size(), "bytes are lost");
    std::size_t done = 0;
    co_await run.interrupt(writer.write_all(memory, done));
    co_await writer.write_all(memory, done);
    co_await rest();
    const std::string there = co_await fs::read_file(to);
    run.expect(there == pattern(20'000), "other bytes");
  });
}

TEST_P(files, a_file_as_a_stream_loses_no_byte) {
  holds(2, [name = at("text")](trial& run) -> task<void> {
    auto file = co_await fs::open(name);
    fs::input_stream in(file.native_handle());
    std::vector<std::byte> memory(20'000);
    std::string seen;
    auto first = co_await run.interrupt(in.read(std::span(memory)));
    if (first) seen = io::as_text(std::span(memory).first(*first));
    for (;;) {
      const std::size_t n = co_await in.read(std::span(memory));
      if (n == 0) break;
      seen += io::as_text(std::span(memory).first(n));
    }
    run.expect(seen == pattern(20'000), "bytes are lost");
  });
}

TEST_P(files, writing_a_file_as_a_stream_has_an_exact_cursor) {
  holds(2, [name = at("stream")](trial& run) -> task<void> {
    sys::open_options options;
    options.mode = sys::access::write;
    options.create = options.truncate = true;
    auto file = co_await fs::open(name, options);
    fs::output_stream out(file.native_handle());
    const std::string text = pattern(100'000);
    std::size_t done = 0;
    co_await run.interrupt(out.write_all(io::as_bytes(text), done));
    co_await out.write_all(io::as_bytes(text), done);
    const std::string there = co_await fs::read_file(name);
    run.expect(there == text, "other bytes");
  });
}

}  // namespace
}  // namespace scenarios
