// Files and directories in callbacks: what `rouse::fs` has for tasks, under the names of Node.js.
#pragma once

#include <rouse/fs/directory.hpp>
#include <rouse/fs/paths.hpp>
#include <rouse/fs/watch.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_flow.hpp>
#include <rouse/loop/loop_sink.hpp>

#include <string>
#include <vector>

namespace rouse {

/// What a `done` of T is called with.
template <class T>
using on_result = callback<void(result<T>)>;

/// Trivial members only.
struct read_stream_options {
  std::uint64_t offset = 0;
  std::uint64_t bytes_max = UINT64_MAX;     ///< of the file, from there on
  std::size_t piece_bytes_max = 64 * 1024;  ///< 1 or more
};

/// Trivial members only.
struct write_stream_options {
  /// To append, set `append` and not `truncate`; to change a part of a file, neither and `offset`.
  fs::open_options open = {.mode = sys::access::write, .create = true, .truncate = true};
  std::uint64_t offset = 0;  ///< of the first byte
  std::size_t high_water_mark = loop_sink::high_water_mark;
  bool flush = false;  ///< before it is closed, until the disk has it
};

/// `loop.fs()`. A light object: the loop, seen from here.
///
/// Each call gives the id that `loop::cancel` takes, and calls `done` once, in the poll phase,
/// never before the call returns. Paths and content are copied into it. Cancelled, `done` gets
/// ECANCELED; what had begun may still happen.
/// @errors   As the function of the same meaning in `rouse::fs`, to `done`. Throws io_error(closed)
///           once the loop has closed.
/// @threads  The loop's.
/// @example
///   loop.fs().read_file("a.txt", [](auto text) {
///     if (text) std::printf("%zu\n", text->size());
///   });
class loop_files {
 public:
  using site = loop::site;

  explicit loop_files(loop& of) noexcept : loop_(&of) {}

  // ---- Whole files.

  /// @errors  too_large: more than `bytes_max`.
  request_id read_file(std::string path, on_result<std::string> done, site at = site::current()) {
    return read_file(std::move(path), SIZE_MAX, std::move(done), at);
  }
  request_id read_file(std::string path, std::size_t bytes_max, on_result<std::string> done,
                       site at = site::current());
  /// Makes or replaces the file.
  request_id write_file(std::string path, std::string content, on_result<void> done,
                        site at = site::current());
  /// Makes the file or adds to its end.
  request_id append_file(std::string path, std::string content, on_result<void> done,
                         site at = site::current());
  /// Makes or overwrites `to`; `done` gets the bytes copied.
  request_id copy_file(std::string from, std::string to, on_result<std::uint64_t> done,
                       site at = site::current());

  // ---- Open files. The file object owns the descriptor, and may go while a call is under way.

  /// For reading.
  request_id open(std::string path, on_result<fs::file> done, site at = site::current()) {
    return open(std::move(path), fs::open_options(), std::move(done), at);
  }
  request_id open(std::string path, const fs::open_options& how, on_result<fs::file> done,
                  site at = site::current());
  /// Up to `bytes_max` bytes (1 or more) from `offset` on; empty at the end.
  request_id read(const fs::file& from, std::uint64_t offset, std::size_t bytes_max,
                  on_result<io::buffer> done, site at = site::current());
  /// All of `content`; `done` gets its size.
  request_id write(const fs::file& to, std::uint64_t offset, std::string content,
                   on_result<std::size_t> done, site at = site::current());
  /// Until the disk has it.
  request_id fsync(const fs::file& what, on_result<void> done, site at = site::current());
  /// For what only closing finds out; a file that is simply let go is closed too.
  /// @errors  EBUSY: a call that was cancelled still has it, and closes it later.
  request_id close(fs::file what, on_result<void> done, site at = site::current());
  /// The file piece by piece, as fast as they are taken. An error of opening comes to on_error.
  loop_flow create_read_stream(std::string path, site at = site::current()) {
    return create_read_stream(std::move(path), read_stream_options(), at);
  }
  loop_flow create_read_stream(std::string path, const read_stream_options& options,
                               site at = site::current());

  /// Makes the file, or empties the one that is there, and writes what the handle is given. What
  /// goes wrong, also when it is opened or closed, comes to on_error.
  loop_sink create_write_stream(std::string path, site at = site::current()) {
    return create_write_stream(std::move(path), write_stream_options(), at);
  }
  loop_sink create_write_stream(std::string path, const write_stream_options& options,
                                site at = site::current());

  // ---- Names.

  /// Follows symbolic links. Of an open file: `file.status()`, which does not wait.
  request_id stat(std::string path, on_result<fs::file_status> done, site at = site::current());
  /// In the order of the file system, "." and ".." left out.
  request_id readdir(std::string path, on_result<std::vector<fs::directory_entry>> done,
                     site at = site::current());
  request_id mkdir(std::string path, on_result<void> done, site at = site::current()) {
    return mkdir(std::move(path), 0777, std::move(done), at);
  }
  /// @param permissions  less the umask
  request_id mkdir(std::string path, std::uint32_t permissions, on_result<void> done,
                   site at = site::current());
  /// It must be empty.
  request_id rmdir(std::string path, on_result<void> done, site at = site::current());
  /// A file, or a directory and all that it holds; nothing there is no error.
  request_id rm(std::string path, on_result<void> done, site at = site::current());
  request_id unlink(std::string path, on_result<void> done, site at = site::current());
  /// Replaces what had the name `to`, at once.
  request_id rename(std::string from, std::string to, on_result<void> done,
                    site at = site::current());

  /// Calls `on_change` for each change, in the kernel's order, until `loop::cancel`; the last call
  /// has an error: ECANCELED then, `closed` after `gone`, or why there is no watch.
  /// @param on_ready  called when the watch is in place: earlier changes are not told.
  request_id watch(std::string path, on_result<fs::change_event> on_change,
                   callback<void()> on_ready = {}, site at = site::current()) {
    return watch(std::move(path), fs::watch_options(), std::move(on_change), std::move(on_ready),
                 at);
  }
  request_id watch(std::string path, const fs::watch_options& options,
                   on_result<fs::change_event> on_change, callback<void()> on_ready = {},
                   site at = site::current());

 private:
  loop* loop_;
};

inline loop_files loop::fs() noexcept { return loop_files(*this); }

}  // namespace rouse
