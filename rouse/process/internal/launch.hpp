// From a command to a running process, on whatever thread may wait for the exec.
#pragma once

#include <rouse/process/internal/abandon.hpp>
#include <rouse/process/redirect.hpp>
#include <rouse/sys/spawn.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rouse::process::internal {

struct planned_stream {
  redirect how = inherited;
  sys::descriptor own;  // of `descriptor`: a duplicate
};
struct planned_descriptor {
  sys::descriptor own;
  int as = -1;
};

/// All that a child is made from; refers to nothing outside.
struct launch_plan {
  std::string program;                  // as it was asked for
  std::vector<std::string> candidates;  // paths of it
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::string folder;
  bool has_folder = false;
  planned_stream streams[3];
  std::vector<planned_descriptor> passed;
  bool new_group = false;
  bool new_session = false;
  error flaw;  // nothing is started then

  void add_descriptor(int fd, int as);
};

/// A process that has just begun. Unless it is taken over it is killed, and let go, by the
/// destructor, which waits for that: a job that nobody waits for any more ends so.
struct launched {
  sys::descriptor process;
  int pid = -1;
  bool leads_group = false;
  sys::descriptor pipes[3];  // our ends
  error failure;             // then there is none
  bool is_of_folder = false;

  launched() noexcept = default;
  explicit launched(const error& why) noexcept : failure(why) {}
  launched(launched&&) noexcept = default;
  launched& operator=(launched&&) = delete;
  ~launched();
};

[[nodiscard]] launched launch(launch_plan& plan) noexcept;

/// The paths at which `program` is looked for.
[[nodiscard]] std::vector<std::string> candidates_of(const std::string& program,
                                                     const std::vector<std::string>& environment);

/// Kills a process that has not been waited for, with its group if it leads one. False when it may
/// not, or it is another process's child since a fork.
bool kill_all_of(int process_fd, int pid, bool leads_group) noexcept;

}  // namespace rouse::process::internal
