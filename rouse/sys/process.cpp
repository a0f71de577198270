#include <rouse/sys/process.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rouse::sys {

result<descriptor> open_process(int pid) {
  const int fd = calls().pidfd_open(pid, 0);  // close-on-exec always
  if (fd < 0) return std::unexpected(internal::failure("pidfd_open", fd));
  return descriptor(fd);
}

result<void> send_signal(int process_fd, int signal) {
  return internal::done("kill", calls().pidfd_send_signal(process_fd, signal, 0));
}

result<void> send_group_signal(int process_fd, int pid, int signal) {
  constexpr unsigned to_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
  const int n = calls().pidfd_send_signal(process_fd, signal, to_group);
  if (n != -EINVAL) return internal::done("kill group", n);
  // By its number, then, which is its own for as long as the process has not been waited for.
  if (auto there = send_signal(process_fd, 0); !there) return there;
  return internal::done("kill group", ::kill(-pid, signal) < 0 ? -errno : 0);
}

result<std::optional<process_end>> take_end(int process_fd) {
  siginfo_t info{};
  const int n = internal::uninterrupted(
      [&]() noexcept { return calls().waitid(process_fd, &info, WEXITED | WNOHANG); });
  if (n < 0) return std::unexpected(internal::failure("waitid", n));
  if (info.si_pid == 0) return std::optional<process_end>();
  return std::optional<process_end>(process_end{info.si_code != CLD_EXITED, info.si_status});
}

bool wait_for_end(int process_fd) noexcept {
  siginfo_t info{};
  const int n = internal::uninterrupted(
      [&]() noexcept { return calls().waitid(process_fd, &info, WEXITED); });
  return n == 0 || n == -ECHILD;
}

int process_id() noexcept { return ::getpid(); }
int thread_id() noexcept { return static_cast<int>(::syscall(SYS_gettid)); }

unsigned processor_count() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return static_cast<unsigned>(CPU_COUNT(&set));
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

void yield_thread() noexcept { ::sched_yield(); }

void name_this_thread(const char* name) noexcept {
  char kept[16] = {};
  std::strncpy(kept, name, sizeof kept - 1);
  ::pthread_setname_np(::pthread_self(), kept);
}

std::string this_thread_name() {
  char name[16] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

result<void> random_bytes(std::span<std::byte> into) {
  while (!into.empty()) {
    const long n = internal::uninterrupted(
        [&]() noexcept { return calls().getrandom(into.data(), into.size()); });
    if (n < 0) return std::unexpected(internal::failure("getrandom", n));
    into = into.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace rouse::sys
