#include <rouse/loop/loop_processes.hpp>

#include <rouse/loop/internal/child_state.hpp>

namespace rouse {

loop_child loop_processes::spawn(const process::command& what, exit_callback on_exit, site at) {
  const loop_child fresh = internal::child_state::start(*loop_, what, at);
  if (on_exit) fresh.on_exit(std::move(on_exit));
  return fresh;
}

request_id loop_processes::run(const process::command& what, std::string_view input,
                               const process::run_options& options, run_callback done, site at) {
  return loop_->call_when_done(what.run(input, options), std::move(done), at);
}

}  // namespace rouse
