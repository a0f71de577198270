// docs/files-and-streams.md, compiled and run. What a snippet says there, it says here.
#include <rouse/fs/attributes.hpp>
#include <rouse/fs/byte_streams.hpp>
#include <rouse/fs/copy_file.hpp>
#include <rouse/fs/file_stream.hpp>
#include <rouse/fs/links.hpp>
#include <rouse/fs/lock.hpp>
#include <rouse/fs/remove_tree.hpp>
#include <rouse/fs/replace_file.hpp>
#include <rouse/fs/temporary.hpp>
#include <rouse/fs/walk.hpp>
#include <rouse/fs/watch.hpp>
#include <rouse/io/buffered_writer.hpp>
#include <rouse/io/copy_both.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/frame_reader.hpp>
#include <rouse/io/frame_writer.hpp>
#include <rouse/io/length_codec.hpp>
#include <rouse/io/read_until.hpp>
#include <rouse/io/within.hpp>

#include <unistd.h>
#include <tests/integration/files_on_each_reactor.hpp>

namespace {

using namespace rouse;
using namespace std::chrono_literals;

/// Relative paths as in the guide: the folder is the working directory.
class guide : public support::files_on_each_reactor {
 protected:
  void SetUp() override {
    files_on_each_reactor::SetUp();
    former_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());
  }
  void TearDown() override {
    std::filesystem::current_path(former_);
    files_on_each_reactor::TearDown();
  }

 private:
  std::filesystem::path former_;
};
INSTANTIATE_TEST_SUITE_P(on, guide, support::reactors(), support::reactor_name);

TEST_P(guide, errors_name_the_call_and_the_path) {
  auto body = []() -> task<> {
    std::string said;
    try {
      auto file = co_await fs::open("a.txt");
    } catch (const io_error& e) {
      said = e.what();
    }
    EXPECT_NE(said.find("open"), said.npos) << said;
    EXPECT_NE(said.find("No such file or directory"), said.npos) << said;
    EXPECT_NE(said.find("a.txt"), said.npos) << said;
  };
  run(body());
}

TEST_P(guide, whole_files) {
  auto body = []() -> task<> {
    co_await fs::write_file("notes.txt", "first\nsecond\n");
    std::string text = co_await fs::read_file("notes.txt", 1 << 20);
    EXPECT_EQ(text, "first\nsecond\n");
    co_await fs::replace_file("notes.txt", "third\n");
    std::uint64_t bytes = co_await fs::copy_file("notes.txt", "copy.txt");
    EXPECT_EQ(bytes, 6u);
  };
  run(body());
}

TEST_P(guide, open_files_and_names) {
  auto body = []() -> task<> {
    fs::open_options how{.mode = sys::access::read_write, .create = true, .exclusive = true};
    auto file = co_await fs::open("data.bin", how);
    io::buffer bytes;
    bytes.append("0123456789");
    std::size_t done = 0;
    auto back = co_await file.write_all_at(0, std::move(bytes), &done);
    EXPECT_EQ(back.buffer.size(), done);
    auto piece = co_await file.read_at(4, 3);
    EXPECT_EQ(piece.text(), "456");
    co_await file.sync();
    auto size = file.status()->size_bytes;
    EXPECT_EQ(size, 10u);
    std::move(file).close().value();

    co_await fs::create_directory("d");
    co_await fs::rename("data.bin", "d/data.bin", fs::rename_mode::no_replace);
    co_await fs::symbolic_link("data.bin", "d/latest");
    std::string where = co_await fs::canonical("d/latest");
    EXPECT_TRUE(where.starts_with('/') && where.ends_with("/d/data.bin")) << where;
    co_await fs::set_permissions("d/data.bin", 0600);
    fs::new_times touched{.modified = {fs::new_time::kind::now}};
    co_await fs::set_times("d/data.bin", touched);
  };
  run(body());
}

TEST_P(guide, files_as_streams) {
  support::put("words.txt", "one\ntwo\n");
  auto body = []() -> task<std::string> {
    std::string seen;
    fs::file_reader words(co_await fs::open("words.txt"));
    io::buffered_reader in(words);
    while (auto word = co_await io::read_line(in))
      seen += *word + ".";
    co_return seen;
  };
  EXPECT_EQ(run(body()), "one.two.");
}

TEST_P(guide, directories) {
  std::filesystem::create_directory("d");
  support::put("d/f", "x");
  support::put("notes.txt", "x");
  auto body = []() -> task<> {
    auto entries = co_await fs::list_directory("d");
    EXPECT_EQ(entries.size(), 1u);
    auto root = co_await fs::open_directory("d");
    fs::open_options confined{.no_symlinks = true, .beneath = true};
    auto escape = co_await root.open("../notes.txt", confined).result();
    EXPECT_EQ(escape.error().code, EXDEV);
    auto tree = fs::walk(".");
    int count = 0;
    while (auto entry = co_await tree.next())
      count += entry->failure.code == 0;
    EXPECT_EQ(count, 3);
    co_await fs::remove_tree("d");
  };
  run(body());
}

TEST_P(guide, what_changes) {
  std::filesystem::create_directory("inbox");
  auto body = []() -> task<std::string> {
    auto changes = co_await fs::watch("inbox", {.recursive = true});
    support::put("inbox/letter", "x");
    for (;;) {
      auto event = co_await changes.next();
      if (event.kind == fs::change_kind::written) co_return event.path;
    }
  };
  EXPECT_EQ(run(body()), "inbox/letter");
}

TEST_P(guide, between_programs) {
  support::put("data.bin", "x");
  auto body = []() -> task<> {
    fs::open_options how{.mode = sys::access::read_write};
    auto file = co_await fs::open("data.bin", how);
    {
      auto lock = co_await fs::lock(file);
    }
    auto mine = co_await fs::try_lock(file, fs::lock_kind::shared);
    EXPECT_TRUE(mine.has_value());
    auto draft = co_await fs::create_temporary_file(".");
    co_await draft.keep_as("final.txt");
    EXPECT_TRUE(std::filesystem::exists("final.txt"));
    auto work = co_await fs::create_temporary_directory();
    EXPECT_TRUE(std::filesystem::exists(work.path()));
  };
  run(body());
}

TEST_P(guide, streams) {
  auto body = []() -> task<> {
    auto [stream, peer] = io::duplex();
    co_await peer.write_all("Host: example\r\nrest");
    io::buffered_reader in(stream);
    auto name = co_await io::read_until(in, ": ", 100);
    EXPECT_EQ(name, "Host");
    auto line = co_await io::read_line(in);
    EXPECT_EQ(line, "example");
    auto late = co_await io::within(1ms, io::read_line(in), "read a line").result();
    EXPECT_TRUE(late.error().is_timed_out());
    EXPECT_EQ(io::as_text(in.bytes()), "rest");

    io::buffered_writer out(stream, {.bytes_max = 16 * 1024});
    co_await out.write_all("HTTP/1.1 ");
    co_await out.write_all("200 OK\r\n");
    co_await out.flush();
    io::buffered_reader answer(peer);
    auto said = co_await io::read_line(answer);
    EXPECT_EQ(said, "HTTP/1.1 200 OK");
  };
  run(body());
}

TEST_P(guide, messages_and_joined_streams) {
  auto body = []() -> task<> {
    auto [client, near] = io::duplex();
    auto [far, server] = io::duplex();
    io::frame_writer requests(client, io::length_codec{.frame_bytes_max = 4096});
    co_await requests.send(io::as_bytes("ping"));
    co_await requests.flush();
    client.shutdown_write();
    server.shutdown_write();
    auto counts = co_await io::copy_both(near, far);
    EXPECT_EQ(counts.first_to_second, 8u);
    io::frame_reader answers(server, io::length_codec{.frame_bytes_max = 4096});
    int count = 0;
    while (auto answer = co_await answers.next())
      count += answer->text() == "ping";
    EXPECT_EQ(count, 1);
  };
  run(body());
}

TEST_P(guide, standard_input_and_output) {
  support::put("in", "one\ntwo\n");
  support::put("out", "");
  auto body = []() -> task<> {
    auto in = co_await fs::open("in");
    auto out = co_await fs::open("out", {.mode = sys::access::write});
    fs::input_stream input(in.native_handle());
    fs::output_stream output(out.native_handle());
    io::buffered_reader lines(input);
    while (auto line = co_await io::read_line(lines))
      co_await output.write_all(*line + "\n");
  };
  run(body());
  EXPECT_EQ(support::get("out"), "one\ntwo\n");
}

}  // namespace
