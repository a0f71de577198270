// A new process that runs another program.
//
// clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD): the child borrows this thread's memory until its
// exec, so it costs the same however much memory we have, tells its errors through that memory, and
// is known by a descriptor from its first moment on, whatever becomes of SIGCHLD. Refused: fork
// (copies page tables: milliseconds for a large process), posix_spawn (one errno for six steps, and
// a number that may mean another process by the time it is made a descriptor).
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rouse::sys {

/// `fd` of ours is `as` in the child.
struct passed_descriptor {
  int fd = -1;
  int as = -1;
};

/// What to start. Lent, all text NUL-terminated, arrays of it ending with null. Trivial members
/// only.
struct spawn_order {
  const char* const* programs = nullptr;  ///< paths; the first that can be executed
  const char* const* arguments = nullptr;
  const char* const* environment = nullptr;
  const char* folder = nullptr;         ///< null: ours
  passed_descriptor* passed = nullptr;  ///< besides 0, 1 and 2; used as scratch memory
  std::size_t passed_count = 0;
  bool own_group = false;    ///< setpgid
  bool own_session = false;  ///< setsid, which makes a group as well
};

/// Where it failed.
enum class spawn_step : std::uint8_t { start, group, folder, descriptors, exec };
/// "start a process", "change folder", "exec", ...: the word in error messages.
[[nodiscard]] const char* name_of(spawn_step step) noexcept;

/// What the table's `spawn` fills in.
struct spawn_answer {
  int pid = -1;
  int process_fd = -1;
  spawn_step step = spawn_step::start;  ///< of a failure
};

struct spawned {
  int pid = -1;
  descriptor process;  ///< readable when it has ended
};
struct spawn_failure {
  error why;
  spawn_step step = spawn_step::start;
};

/// Starts a process. This thread waits until it has executed the program or failed to: 0.1 to 1 ms,
/// more when the program must come from a disk.
///
/// The child has descriptors 0, 1, 2 and those in `passed`, no other, whether they were marked
/// close-on-exec or not; no signal blocked; default actions for all signals but those that this
/// process ignores, SIGPIPE excepted, which has its default action too.
/// @errors  of exec (ENOENT, EACCES, ENOEXEC, E2BIG, ...), of the folder, EAGAIN, ENOMEM, EMFILE.
/// There is no child then, and no zombie.
[[nodiscard]] std::expected<spawned, spawn_failure> spawn(const spawn_order& order) noexcept;

/// The environment of this process, "NAME=value" each. Not while another thread changes it.
[[nodiscard]] std::vector<std::string> environment();

}  // namespace rouse::sys
