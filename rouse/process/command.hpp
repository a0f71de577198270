// What to run and how: a program, its arguments, environment and folder, and where its standard
// streams lead. No shell reads any of it.
//
//   auto child = co_await process::command("sort").arg("-n").input(piped).output(piped).spawn();
//   auto done = co_await process::command("git").args("rev-parse", "HEAD").run();
#pragma once

#include <rouse/process/redirect.hpp>
#include <rouse/process/run.hpp>
#include <rouse/process/spawn.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace rouse::process {

/// A description, good for any number of children. What is wrong with it, an empty name say, is
/// told when it is spawned.
/// @threads  Any, one at a time.
class command {
 public:
  /// @param program  without a slash it is looked for in the folders of the PATH that the child
  ///                 will have; with one it is a path, seen from the child's folder. It is also
  ///                 the child's first argument.
  explicit command(std::string_view program) : program_(program) {}

  command& arg(std::string_view text);
  template <class... Texts>
    requires(std::convertible_to<const Texts&, std::string_view> && ...)
  command& args(const Texts&... several) {
    (arg(several), ...);
    return *this;
  }
  command& args(const std::vector<std::string>& several);

  /// The environment is that of this process when it is spawned, changed by these in their order.
  command& env(std::string_view name, std::string_view value);
  command& unset_env(std::string_view name);
  command& clear_env();
  /// The child's current folder; this process's own else.
  command& cwd(std::string_view folder);

  /// Standard streams; `inherited` unless said (`run` has its own defaults).
  command& input(redirect from);
  command& output(redirect to);
  command& errors(redirect to);
  /// The child has our descriptor `fd` as its number `as`, 3 or more; `fd` is lent until `spawn()`
  /// has been called. All other descriptors are closed in the child.
  command& pass(int fd, int as);

  /// Makes it the leader of a new process group, which `kill_group` and the handle's end reach.
  command& new_group();
  /// And of a new session: no terminal, and so no ctrl-c from there.
  command& new_session();

  /// Starts it. See spawn_operation.
  [[nodiscard]] spawn_operation spawn() const;
  /// Starts it on this thread, which waits until the program is executed: 0.1 to 1 ms, more when
  /// it must come from a disk. For who needs the child at once and has no loop to keep waiting.
  /// @errors  as spawn_operation
  [[nodiscard]] result<child> spawn_here() const;
  /// Starts it, writes `input` to it, reads all that it says, and waits for its end. See
  /// run_operation.
  [[nodiscard]] run_operation run(std::string_view input = {}, run_options options = {}) const;

  [[nodiscard]] const std::string& program() const noexcept { return program_; }

 private:
  struct variable {
    std::string name;
    std::string value;
    bool is_set;
  };
  struct passed {
    int fd;
    int as;
  };
  [[nodiscard]] std::vector<std::string> environment() const;
  [[nodiscard]] internal::launch_plan_ptr plan() const;

  std::string program_;
  std::vector<std::string> arguments_;
  std::vector<variable> variables_;
  std::string folder_;
  std::vector<passed> passed_;
  redirect input_ = inherited;
  redirect output_ = inherited;
  redirect errors_ = inherited;
  bool has_input_ = false;  // was said
  bool has_output_ = false;
  bool has_errors_ = false;
  bool inherits_env_ = true;
  bool has_folder_ = false;
  bool new_group_ = false;
  bool new_session_ = false;
};

}  // namespace rouse::process
