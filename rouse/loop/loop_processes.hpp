// Child processes in callbacks: what `rouse::process` has for tasks.
#pragma once

#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_child.hpp>
#include <rouse/process/command.hpp>

#include <string_view>

namespace rouse {

/// `loop.processes()`. A light object: the loop, seen from here.
/// @threads  The loop's.
class loop_processes {
 public:
  using site = loop::site;
  using exit_callback = callback<void(process::exit_status)>;
  using run_callback = callback<void(result<process::run_result>)>;

  explicit loop_processes(loop& of) noexcept : loop_(&of) {}

  /// Starts a child; where its streams lead is the command's to say, and unlike in Node.js they are
  /// inherited else. It is started on a thread of the pool, so its id is known from on_spawn on.
  /// @errors  as process::spawn_operation, to on_error. Throws io_error(closed) once the loop has
  ///          closed.
  /// @example
  ///   auto child = loop.processes().spawn(process::command("sort").input(piped).output(piped));
  ///   child.output().on_data([](auto piece) { std::cout << io::as_text(piece); });
  ///   child.input().end("b\na\n");
  loop_child spawn(const process::command& what, exit_callback on_exit = {},
                   site at = site::current());

  /// Starts it, writes `input` to it, and gives all that it said when it has ended.
  /// @returns  what `loop::cancel` takes: that kills the child.
  /// @errors   as process::run_operation, to `done`. Throws as spawn.
  request_id run(const process::command& what, std::string_view input, run_callback done,
                 site at = site::current()) {
    return run(what, input, process::run_options(), std::move(done), at);
  }
  request_id run(const process::command& what, std::string_view input,
                 const process::run_options& options, run_callback done, site at = site::current());

 private:
  loop* loop_;
};

inline loop_processes loop::processes() noexcept { return loop_processes(*this); }

}  // namespace rouse
