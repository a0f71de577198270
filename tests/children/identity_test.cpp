// setuid after the runtime has started: whatever works for a task has the new identity.
#include <rouse/sys/table.hpp>

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/children/children_on_each_reactor.hpp>
#include <tests/support/scratch_folder.hpp>

#include <cerrno>
#include <fstream>

namespace children {
namespace {

constexpr unsigned nobody = 65534;

class process_identity : public children_on_each_reactor {};
CHILDREN_ON_EACH_REACTOR(process_identity);

/// So that every open goes to the ring, or to the pool.
sys::table without_caches() {
  sys::table t = sys::real_table;
  t.openat2 = [](int directory, const char* path, const sys::open_how* how) {
    constexpr std::uint64_t cached_only = RESOLVE_CACHED;
    return (reinterpret_cast<const open_how*>(how)->resolve & cached_only) != 0
               ? -EAGAIN
               : sys::real_table.openat2(directory, path, how);
  };
  return t;
}

/// The errno of opening it; 0 when it can be.
task<int> try_open(std::string path) {
  auto file = co_await fs::open(std::move(path)).result();
  co_return file ? 0 : file.error().code;
}
task<int> try_open_in_pool(std::string path) {
  auto open = [name = std::move(path)] { return ::access(name.c_str(), R_OK) == 0 ? 0 : errno; };
  const int answer = co_await spawn_blocking(std::move(open));
  co_return answer;
}

/// In a process that may be spoilt: 0, or the number of what does not hold.
int change_identity(reactor_kind kind, const std::string& secret) {
  const sys::table t = without_caches();
  const sys::scoped_table in_force(t);
  auto rt = runtime::make({.reactor = {.kind = kind}});
  if (!rt) return 1;
  // The ring, its workers and the pool's threads are there.
  if (rt->block_on(try_open(secret)) != 0) return 2;
  if (rt->block_on(try_open_in_pool(secret)) != 0) return 3;
  if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) return 4;
  if (rt->block_on(try_open(secret)) != EACCES) return 5;
  if (rt->block_on(try_open_in_pool(secret)) != EACCES) return 6;
  auto who = rt->block_on(command("id").arg("-u").run());
  if (who.output != std::to_string(nobody) + "\n") return 7;
  return 0;
}

TEST_P(process_identity, fault_P8_setuid_after_the_start_holds_for_ring_pool_and_children) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may take another identity";
  const support::scratch_folder folder;
  const std::string secret = folder / "secret";
  std::ofstream(secret) << "x";
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const int pid = ::fork();
  if (pid == 0) {
    ::alarm(20);
    ::_exit(change_identity(GetParam(), secret));
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status >> 8, 0) << "what does not hold";
  EXPECT_EQ(status & 0x7f, 0);
}

}  // namespace
}  // namespace children
