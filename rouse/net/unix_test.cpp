// Unix sockets on each real reactor: FAULTS N9, and the full backlog.
#include <rouse/net/connect.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/net/net_test.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <tests/support/scratch_folder.hpp>

#include <array>
#include <cstring>
#include <fstream>
#include <list>

namespace rouse::net {
namespace {
using namespace testing;
using namespace std::chrono_literals;

class unix_socket : public on_each_reactor {
 protected:
  [[nodiscard]] std::string path(const char* name = "socket") const { return folder_ / name; }
  /// A socket file whose server is gone.
  void leave_stale(const std::string& at) {
    const auto native = sys::socket_address::unix_path(at);
    auto fd = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
    ASSERT_TRUE(sys::bind(fd->get(), *native));
    ASSERT_TRUE(sys::listen(fd->get(), 1));
  }
  const support::scratch_folder folder_;
};
ROUSE_ON_EACH_REACTOR(unix_socket);

TEST_P(unix_socket, listens_at_a_path_and_takes_it_away_again) {
  {
    auto listener = must(listen_unix(path()));
    EXPECT_EQ(listener.local_address()->path(), path());
    EXPECT_TRUE(std::filesystem::is_socket(path()));
    auto client = must(connect_unix(path()));
    auto arrived = must(listener.accept());
    EXPECT_EQ(client.peer_address().to_string(), "unix:" + path());
    EXPECT_EQ(arrived.peer.to_string(), "unix:");
    must(client.write_all("hello"));
    must(client.shutdown());
    EXPECT_EQ(read_all(arrived.stream), "hello");
    must(arrived.stream.write_all("back"));
    EXPECT_EQ(read_text(client), "back");
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_P(unix_socket, listens_at_an_abstract_name) {
  const std::string name =
      "unix:@rouse-" + std::filesystem::path(folder_.path()).filename().string();
  auto listener = must(listen_unix(name));
  EXPECT_EQ(listener.subject(), name);
  auto client = must(connect_unix(name));
  EXPECT_TRUE(must(listener.accept()).stream);
  EXPECT_EQ(must_fail(listen_unix(name)), std::errc::address_in_use);
}

TEST_P(unix_socket, knows_the_process_at_the_other_end) {
  auto listener = must(listen_unix(path()));
  auto client = must(connect_unix(path()));
  const auto who = client.credentials();
  ASSERT_TRUE(who);
  EXPECT_EQ(who->pid, getpid());
  EXPECT_EQ(who->uid, getuid());
  EXPECT_EQ(who->gid, getgid());
}

TEST_P(unix_socket, pairs_are_connected) {
  auto pair = unix_stream::pair();
  ASSERT_TRUE(pair);
  auto& [a, b] = *pair;
  must(a.write_all("x"));
  EXPECT_EQ(read_text(b), "x");
  {
    auto gone = std::move(a);
  }
  EXPECT_EQ(read_all(b), "");
}

TEST_P(unix_socket, a_missing_path_and_a_missing_server_are_told_apart) {
  EXPECT_EQ(must_fail(connect_unix(path("nowhere"))), std::errc::no_such_file_or_directory);
  leave_stale(path());
  auto refused = connect_unix(path());
  EXPECT_EQ(must_fail(refused), std::errc::connection_refused);
  EXPECT_EQ(refused.subject(), "unix:" + path());
}

TEST_P(unix_socket, is_adopted_and_released) {
  auto listener = must(listen_unix(path()));
  const int fd = listener.release();
  EXPECT_TRUE(std::filesystem::exists(path())) << "the path goes with the descriptor";
  auto again = unix_listener::adopt(fd);
  ASSERT_TRUE(again);
  auto client = must(connect_unix(path()));
  auto moved = unix_stream::adopt(client.release());
  ASSERT_TRUE(moved);
  EXPECT_TRUE(must(again->accept()).stream);
  again->close();
  EXPECT_TRUE(std::filesystem::exists(path())) << "an adopted path is not ours to remove";
}

TEST_P(unix_socket, a_moved_listener_keeps_its_path) {
  auto first = must(listen_unix(path()));
  auto second = std::move(first);
  first.close();
  EXPECT_TRUE(std::filesystem::exists(path()));
  first = std::move(second);
  EXPECT_TRUE(std::filesystem::exists(path()));
  first.close();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

// A full backlog answers EAGAIN, and no event ever tells that there is room: the connect comes back
// by timer.
TEST_P(unix_socket, a_full_backlog_is_tried_again_until_there_is_room) {
  auto listener = must(listen_unix(path(), {.backlog = 1}));
  std::vector<unix_stream> waiting;
  std::optional<connect_unix_operation> stuck;
  for (int i = 0; i < 8; i++) {
    stuck.emplace(connect_unix(path()));
    bool connected = false;
    for (int round = 0; round < 20 && !connected; round++) {
      context cx(no_wakeable());
      if (auto answer = stuck->poll(cx); answer.is_ready()) {
        auto stream = answer.take();
        ASSERT_TRUE(stream) << stream.error().message();
        waiting.push_back(std::move(*stream));
        connected = true;
      }
      look();
    }
    if (!connected) break;
  }
  ASSERT_FALSE(waiting.empty());
  ASSERT_LT(waiting.size(), 8u) << "the backlog never filled";
  counting_waker waker;
  for (int i = 0; i < 100; i++) {
    EXPECT_FALSE(waker.is_ready(*stuck));
    advance(50ms);
  }
  EXPECT_TRUE(must(listener.accept()).stream);
  for (int i = 0; i < 100 && !waker.is_ready(*stuck); i++)
    advance(50ms);
  EXPECT_TRUE(must(listener.accept()).stream);
}

TEST_P(unix_socket, a_backlog_that_stays_full_ends_at_the_deadline) {
  auto listener = must(listen_unix(path(), {.backlog = 1}));
  std::list<connect_unix_operation> all;
  for (int i = 0; i < 8; i++)
    all.push_back(connect_unix(path(), {.within = 2s}));
  int connected = 0, timed_out = 0;
  for (int round = 0; round < 100; round++) {
    for (auto it = all.begin(); it != all.end();) {
      context cx(no_wakeable());
      auto answer = it->poll(cx);
      if (!answer.is_ready()) {
        ++it;
        continue;
      }
      auto stream = answer.take();
      if (stream)
        connected++;
      else if (stream.error() == std::errc::timed_out)
        timed_out++;
      else
        ADD_FAILURE() << stream.error().message();
      it = all.erase(it);
    }
    advance(50ms);
  }
  EXPECT_TRUE(all.empty());
  EXPECT_GT(connected, 0);
  EXPECT_GT(timed_out, 0);
}

class fault_N9 : public unix_socket {};
ROUSE_ON_EACH_REACTOR(fault_N9);

TEST_P(fault_N9, a_stale_path_is_replaced) {
  leave_stale(path());
  ASSERT_TRUE(std::filesystem::is_socket(path()));
  EXPECT_EQ(must_fail(listen_unix(path(), {.replace_stale = false})), std::errc::address_in_use);
  auto listener = must(listen_unix(path()));
  auto client = must(connect_unix(path()));
  EXPECT_TRUE(must(listener.accept()).stream);
}

TEST_P(fault_N9, a_path_where_somebody_listens_is_left_alone) {
  auto first = must(listen_unix(path()));
  auto refused = listen_unix(path());
  EXPECT_EQ(must_fail(refused), std::errc::address_in_use);
  EXPECT_EQ(refused.subject(), "unix:" + path());
  auto client = must(connect_unix(path()));
  EXPECT_TRUE(must(first.accept()).stream);
}

TEST_P(fault_N9, a_listener_with_a_full_backlog_is_no_stale_one) {
  auto first = must(listen_unix(path(), {.backlog = 1}));
  std::vector<sys::descriptor> fillers;
  for (int i = 0; i < 8; i++) {
    fillers.push_back(
        std::move(*sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream)));
    (void)sys::nonblocking::connect(fillers.back().get(), *sys::socket_address::unix_path(path()));
  }
  EXPECT_EQ(must_fail(listen_unix(path())), std::errc::address_in_use);
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_P(fault_N9, what_is_no_socket_is_never_removed) {
  std::ofstream(path()) << "precious";
  EXPECT_EQ(must_fail(listen_unix(path())), std::errc::address_in_use);
  EXPECT_TRUE(std::filesystem::is_regular_file(path()));
  std::filesystem::create_symlink(path(), path("link"));
  EXPECT_EQ(must_fail(listen_unix(path("link"))), std::errc::address_in_use);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
}

TEST_P(fault_N9, a_successors_path_is_not_removed_by_its_predecessor) {
  auto first = must(listen_unix(path()));
  std::filesystem::remove(path());
  auto second = must(listen_unix(path()));
  first.close();
  EXPECT_TRUE(std::filesystem::exists(path()));
  auto client = must(connect_unix(path()));
  EXPECT_TRUE(must(second.accept()).stream);
}

TEST_P(fault_N9, descriptors_that_nobody_asked_for_are_closed) {
  auto pair = unix_stream::pair();
  ASSERT_TRUE(pair);
  auto& [a, b] = *pair;
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 20; round++) {
    char byte = 'x';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    const int own = dup(a.fd());
    std::memcpy(CMSG_DATA(head), &own, sizeof own);
    ASSERT_EQ(sendmsg(a.fd(), &message, 0), 1);
    close(own);
    if (round % 2) {
      EXPECT_EQ(read_text(b), "x");
    } else {
      std::array<std::byte, 4> memory;
      EXPECT_EQ(must(b.read(std::span(memory))), 1u);
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace rouse::net
