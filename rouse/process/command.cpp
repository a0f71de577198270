#include <rouse/process/command.hpp>

#include <rouse/process/internal/launch.hpp>
#include <rouse/sys/socket.hpp>

#include <algorithm>

namespace rouse::process {
namespace {

bool has_zero(std::string_view text) noexcept { return text.find('\0') != std::string_view::npos; }

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.find('=') == std::string_view::npos && !has_zero(name);
}

void erase_variable(std::vector<std::string>& from, std::string_view name) {
  std::erase_if(from, [&](const std::string& variable) {
    return variable.size() > name.size() && variable.starts_with(name) &&
           variable[name.size()] == '=';
  });
}

}  // namespace

command& command::arg(std::string_view text) {
  arguments_.emplace_back(text);
  return *this;
}
command& command::args(const std::vector<std::string>& several) {
  arguments_.insert(arguments_.end(), several.begin(), several.end());
  return *this;
}
command& command::env(std::string_view name, std::string_view value) {
  variables_.push_back({std::string(name), std::string(value), true});
  return *this;
}
command& command::unset_env(std::string_view name) {
  variables_.push_back({std::string(name), std::string(), false});
  return *this;
}
command& command::clear_env() {
  inherits_env_ = false;
  variables_.clear();
  return *this;
}
command& command::cwd(std::string_view folder) {
  folder_ = folder;
  has_folder_ = true;
  return *this;
}
command& command::input(redirect from) {
  input_ = from;
  has_input_ = true;
  return *this;
}
command& command::output(redirect to) {
  output_ = to;
  has_output_ = true;
  return *this;
}
command& command::errors(redirect to) {
  errors_ = to;
  has_errors_ = true;
  return *this;
}
command& command::pass(int fd, int as) {
  passed_.push_back({fd, as});
  return *this;
}
command& command::new_group() {
  new_group_ = true;
  return *this;
}
command& command::new_session() {
  new_session_ = true;
  return *this;
}

std::vector<std::string> command::environment() const {
  std::vector<std::string> all;
  if (inherits_env_) all = sys::environment();
  for (const variable& v : variables_) {
    erase_variable(all, v.name);
    if (v.is_set) all.push_back(v.name + "=" + v.value);
  }
  return all;
}

internal::launch_plan_ptr command::plan() const {
  internal::launch_plan_ptr made(new internal::launch_plan);
  internal::launch_plan& p = *made;
  const auto flawed = [&](const char* what) { p.flaw = error(what, errc::invalid_input); };
  p.program = program_;
  if (program_.empty() || has_zero(program_)) flawed("program");
  p.arguments.reserve(arguments_.size() + 1);
  p.arguments.push_back(program_);
  p.arguments.insert(p.arguments.end(), arguments_.begin(), arguments_.end());
  if (std::ranges::any_of(arguments_, has_zero)) flawed("argument");
  for (const variable& v : variables_)
    if (!is_name(v.name) || has_zero(v.value)) flawed("environment");
  p.environment = environment();
  p.candidates = internal::candidates_of(program_, p.environment);
  p.folder = folder_;
  p.has_folder = has_folder_;
  if (has_folder_ && (folder_.empty() || has_zero(folder_))) flawed("folder");
  const redirect streams[] = {input_, output_, errors_};
  for (int i = 0; i < 3; i++) {
    p.streams[i].how = streams[i];
    if (streams[i].how() == redirect::kind::same_as_output && i != 2) flawed("same_as_output");
    if (streams[i].how() != redirect::kind::descriptor) continue;
    auto own = sys::duplicate(streams[i].fd());
    if (own)
      p.streams[i].own = std::move(*own);
    else
      p.flaw = own.error();
  }
  for (const passed& one : passed_) {
    const auto same = [&](const passed& other) { return other.as == one.as; };
    if (one.as < 3 || std::ranges::count_if(passed_, same) != 1) flawed("passed descriptor");
    p.add_descriptor(one.fd, one.as);
  }
  p.new_group = new_group_;
  p.new_session = new_session_;
  return made;
}

spawn_operation command::spawn() const { return spawn_operation(plan()); }

result<child> command::spawn_here() const {
  const internal::launch_plan_ptr made = plan();
  internal::launched fresh = internal::launch(*made);
  return internal::take_over(std::move(fresh));
}

run_operation command::run(std::string_view input, run_options options) const {
  internal::launch_plan_ptr made = plan();
  if (!has_input_) made->streams[0].how = input.empty() ? null_device : piped;
  if (!has_output_) made->streams[1].how = piped;
  if (!has_errors_) made->streams[2].how = piped;
  return {spawn_operation(std::move(made)), input, options};
}

}  // namespace rouse::process
