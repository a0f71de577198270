// Files as streams, and what is watched.
#include "program.hpp"

#include <rouse/loop/loop_files.hpp>

#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace node_order {

namespace {

const std::string& scratch(script& s) {
  return s.keep(std::make_shared<support::scratch_folder>())->path();
}
std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}
auto says_written(script& s, const std::string& what) {
  return [&s, what](const rouse::result<void>& r) {
    s.log(r                                                   ? "written " + what
          : r.error() == std::errc::no_such_file_or_directory ? "written: ENOENT"
                                                              : "written: another error");
  };
}
auto says_close(script& s, const std::string& path) {
  return [&s, path] { s.log("close " + text_of(path)); };
}

void file_stream_writes(script& s) {
  const std::string path = scratch(s) + "/a";
  const rouse::loop_sink stream = s.loop.fs().create_write_stream(path);
  stream.on_finish([&s] {
    s.log("finish");
    s.loop.next_tick(s.says("tick"));
    s.loop.set_immediate(s.says("immediate"));
  });
  stream.on_close(says_close(s, path));
  stream.write("a", says_written(s, "a"));
  stream.write("b", says_written(s, "b"));
  stream.end("c");
  s.log("main");
}

void file_stream_drains_before_it_tells(script& s) {
  const std::string path = scratch(s) + "/a";
  rouse::write_stream_options options;
  options.high_water_mark = 4;
  const rouse::loop_sink stream = s.loop.fs().create_write_stream(path, options);
  const auto more = [&](const char* text) {
    s.log(stream.write(text, says_written(s, text)) ? "more: true" : "more: false");
  };
  more("ab");
  more("cdefg");
  stream.on_drain([&s, stream] {
    s.log("drain " + std::to_string(stream.buffered_bytes()));
    stream.end();
  });
  stream.on_finish(s.says("finish"));
  stream.on_close(says_close(s, path));
}

void file_stream_missing(script& s) {
  const rouse::loop_sink stream = s.loop.fs().create_write_stream("/nowhere/to/be/found");
  stream.on_error([&s](const rouse::error& e) {
    s.log(e == std::errc::no_such_file_or_directory ? "ENOENT" : "another error");
  });
  stream.on_finish(s.says("never: finish"));
  stream.on_close(s.says("close"));
  stream.write("a", says_written(s, "a"));
  s.log("main");
}

void file_stream_writes_from_callbacks(script& s) {
  const std::string path = scratch(s) + "/a";
  const rouse::loop_sink stream = s.loop.fs().create_write_stream(path);
  int& n = s.keep(0);
  auto& more = s.keep<std::function<void()>>();
  more = [&, stream] {
    if (++n > 3) {
      stream.end();
      return;
    }
    stream.write(std::to_string(n), [&](rouse::result<void>) {
      s.log("written " + std::to_string(n));
      more();
    });
  };
  stream.on_finish(s.says("finish"));
  stream.on_close(says_close(s, path));
  more();
}

void file_stream_is_destroyed(script& s) {
  const rouse::loop_sink stream = s.loop.fs().create_write_stream(scratch(s) + "/a");
  stream.on_finish(s.says("never: finish"));
  stream.on_error([&s](const rouse::error&) { s.log("never: error"); });
  stream.on_close(s.says("close"));
  stream.write("a", [&s, stream](rouse::result<void>) {
    s.log("written a");
    stream.destroy();
  });
  s.log("main");
}

void file_stream_is_copied(script& s) {
  const std::string& folder = scratch(s);
  const std::string from = folder + "/a";
  const std::string path = folder + "/b";
  std::ofstream(from) << std::string(200'000, 'x');
  const rouse::loop_sink stream = s.loop.fs().create_write_stream(path);
  const rouse::loop_flow read = s.loop.fs().create_read_stream(from);
  int& paused = s.keep(0);
  read.on_data([&, stream, read](std::span<const std::byte> piece) {
    if (stream.write(piece)) return;
    paused = 1;
    read.pause();
  });
  stream.on_drain([read] { read.resume(); });
  read.on_end([&, stream] {
    s.log("end, has paused: " + std::to_string(paused));
    stream.end();
  });
  stream.on_finish(
      [&s, path] { s.log("finish " + std::to_string(std::filesystem::file_size(path))); });
  stream.on_close(s.says("close"));
}

void file_watch_tells(script& s) {
  const std::string& folder = scratch(s);
  auto& watch = s.keep<rouse::request_id>();
  const auto tell = [&](rouse::result<rouse::fs::change_event> change) {
    if (!change) return;
    s.log("rename " + change->path.substr(change->path.rfind('/') + 1));
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    s.loop.cancel(watch);
    s.pass(5ms);
  };
  watch = s.loop.fs().watch(folder, tell,
                            [folder] { std::filesystem::create_directory(folder + "/a"); });
  s.log("main");
}

void unref_watch_holds_nothing(script& s) {
  const auto watch = s.loop.fs().watch(scratch(s), [&s](auto) { s.log("never"); });
  s.loop.unref(watch);
  s.loop.on_exit([&s](int code) { s.log("exit " + std::to_string(code)); });
  s.loop.set_timeout(5ms, s.says("timer"));
}

}  // namespace

std::span<const program> stream_programs() {
  static constexpr program all[] = {
      {"file_stream_writes", file_stream_writes},
      {"file_stream_drains_before_it_tells", file_stream_drains_before_it_tells},
      {"file_stream_missing", file_stream_missing},
      {"file_stream_writes_from_callbacks", file_stream_writes_from_callbacks},
      {"file_stream_is_destroyed", file_stream_is_destroyed},
      {"file_stream_is_copied", file_stream_is_copied},
      {"file_watch_tells", file_watch_tells},
      {"unref_watch_holds_nothing", unref_watch_holds_nothing},
  };
  return all;
}

}  // namespace node_order
