// Processes by descriptor, this process and this thread.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace rouse::sys {

/// A descriptor that becomes readable when process `pid` ends. Close-on-exec. Errors: ESRCH,
/// EMFILE, ...
[[nodiscard]] result<descriptor> open_process(int pid);
/// 0 sends none and tells whether it has been waited for. Errors: ESRCH, EPERM, EINVAL.
[[nodiscard]] result<void> send_signal(int process_fd, int signal);
/// To the group that `pid`, whose descriptor this is, leads. Before Linux 6.9 only while the leader
/// has not been waited for. Errors: ESRCH, EPERM, EINVAL.
[[nodiscard]] result<void> send_group_signal(int process_fd, int pid, int signal);

struct process_end {
  bool signalled = false;  ///< true: `code` is a signal; false: it is the exit code
  int code = 0;
  friend bool operator==(const process_end&, const process_end&) = default;
};
/// How a child ended, once; none while it runs. Never waits. Errors: ECHILD.
[[nodiscard]] result<std::optional<process_end>> take_end(int process_fd);
/// Waits until a child has ended, and lets it go. False when it cannot be waited for.
bool wait_for_end(int process_fd) noexcept;

[[nodiscard]] int process_id() noexcept;
[[nodiscard]] int thread_id() noexcept;
/// Processors this process may run on, at least 1.
[[nodiscard]] unsigned processor_count() noexcept;
/// Lets other threads of this processor run first.
void yield_thread() noexcept;
/// At most 15 bytes are kept; what a debugger and `top -H` show.
void name_this_thread(const char* name) noexcept;
[[nodiscard]] std::string this_thread_name();

/// Fills `into` from the kernel's generator.
[[nodiscard]] result<void> random_bytes(std::span<std::byte> into);

}  // namespace rouse::sys
