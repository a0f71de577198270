#include "include_rules.hpp"

#include <gtest/gtest.h>

namespace workshop {
namespace {

const std::filesystem::path root = ROUSE_ROOT;

floors the_house() { return floors(read_file(root / "tests/workshop/floors.txt")); }

// The message about one include line in a file of that path; empty when it is fine.
std::string about(std::string_view path, const std::string& text) {
  const auto found = check_includes(the_house(), path, read_source(text));
  return found.empty() ? "" : found.front().message;
}

TEST(include_rules, hold_in_every_file_of_ours) {
  const floors house = the_house();
  const auto sources = find_sources(root, {"rouse", "tools", "examples", "benches", "tests"});
  ASSERT_GT(sources.size(), 10u);
  for (const std::string& path : sources) {
    const source_text source = read_source(read_file(root / path));
    for (const finding& f : check_includes(house, path, source)) {
      ADD_FAILURE() << path << ":" << f.line << ": " << f.message;
    }
    for (const include& i : source.includes) {
      if (!i.path.starts_with("rouse/")) continue;
      EXPECT_TRUE(std::filesystem::exists(root / i.path))
          << path << ":" << i.line << ": no such file " << i.path;
    }
  }
}

TEST(include_rules, allow_what_lies_below_also_two_floors_down) {
  EXPECT_EQ(about("rouse/time/wheel.hpp", "#include <rouse/core/waker.hpp>"), "");
  EXPECT_EQ(about("rouse/coro/task.hpp", "#include <rouse/trace/probe.hpp>"), "");
  EXPECT_EQ(about("rouse/sync/notify.hpp", "#include <rouse/base/list.hpp>"), "");
  EXPECT_EQ(
      about("rouse/time/sleep.cpp", "#include <rouse/time/internal/slots.hpp>\n#include <memory>"),
      "");
}

TEST(include_rules, refuse_up_and_sideways) {
  EXPECT_NE(about("rouse/core/waker.hpp", "#include <rouse/time/wheel.hpp>"), "");
  EXPECT_NE(about("rouse/time/wheel.hpp", "#include <rouse/reactor/reactor.hpp>"), "");
  EXPECT_NE(about("rouse/base/list.hpp", "  #  include <rouse/sys/clock.hpp>"), "");
  EXPECT_NE(about("rouse/attic/new.hpp", ""), "");
}

TEST(include_rules, open_one_folder_only_where_the_table_names_one) {
  EXPECT_EQ(about("rouse/net/dns.cpp", "#include <rouse/executor/blocking_pool/pool.hpp>"), "");
  EXPECT_NE(about("rouse/net/dns.cpp", "#include <rouse/executor/current_thread/executor.hpp>"),
            "");
}

TEST(include_rules, keep_internal_headers_at_home) {
  EXPECT_NE(about("rouse/coro/task.cpp", "#include <rouse/core/internal/cell.hpp>"), "");
  EXPECT_NE(about("rouse/core/task.hpp", "#include <rouse/core/internal/cell.hpp>"), "");
  EXPECT_NE(about("examples/hello.cpp", "#include <rouse/core/internal/cell.hpp>"), "");
  EXPECT_EQ(about("rouse/core/internal/a.hpp", "#include <rouse/core/internal/b.hpp>"), "");
}

TEST(include_rules, keep_the_kernel_behind_sys_and_liburing_behind_its_reactor) {
  EXPECT_NE(about("rouse/net/tcp.cpp", "#include <sys/socket.h>"), "");
  EXPECT_NE(about("rouse/net/tcp.cpp", "int f() { return errno; }"), "");
  EXPECT_EQ(about("rouse/sys/socket.cpp", "#include <sys/socket.h>\nint f() { return errno; }"),
            "");
  EXPECT_EQ(about("rouse/net/tcp_test.cpp", "#include <sys/socket.h>"), "");
  EXPECT_NE(about("rouse/reactor/reactor.cpp", "#include <liburing.h>"), "");
  EXPECT_EQ(about("rouse/reactor/io_uring/ring.cpp", "#include <liburing.h>"), "");
  EXPECT_NE(about("rouse/reactor/io_uring/ring.hpp", "#include <liburing.h>"), "");
}

TEST(include_rules, keep_openssl_in_crypto) {
  EXPECT_EQ(about("rouse/crypto/hasher.cpp", "#include <openssl/evp.h>"), "");
  EXPECT_NE(about("rouse/crypto/hasher.hpp", "#include <openssl/evp.h>"), "");
  EXPECT_NE(about("rouse/net/stream.cpp", "#include <openssl/ssl.h>"), "");
}

TEST(include_rules, keep_costly_headers_out_of_public_ones) {
  EXPECT_NE(about("rouse/core/waker.hpp", "#include <atomic>"), "");
  EXPECT_EQ(about("rouse/core/waker.cpp", "#include <atomic>"), "");
  EXPECT_EQ(about("rouse/core/internal/cell.hpp", "#include <atomic>"), "");
}

TEST(include_rules, skip_comments_and_what_is_excused_with_a_reason) {
  EXPECT_EQ(about("rouse/core/waker.hpp", "// #include <atomic>\n/* #include <mutex>\n*/"), "");
  EXPECT_EQ(about("rouse/core/waker.hpp", "#include <memory>  // lint: ok, allocator traits"), "");
  EXPECT_EQ(about("rouse/core/waker.hpp", "// lint: ok, allocator traits\n#include <memory>"), "");
  EXPECT_NE(about("rouse/core/waker.hpp", "#include <memory>  // lint: ok"), "");
}

TEST(floors, refuse_a_name_that_stands_below) {
  EXPECT_THROW(floors("core: time\ntime: core\n"), std::runtime_error);
  EXPECT_THROW(floors("core time\n"), std::runtime_error);
}

}  // namespace
}  // namespace workshop
