#include <rouse/process/internal/launch.hpp>

#include <rouse/process/orphans.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>
#include <rouse/sys/socket.hpp>

#include <new>
#include <string_view>

namespace rouse::process::internal {
namespace {

/// Of libc's execvp, where the environment has none.
constexpr std::string_view default_path = "/bin:/usr/bin";

std::string_view path_of(const std::vector<std::string>& environment) noexcept {
  for (const std::string& variable : environment)
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  return default_path;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    all.push_back(text.c_str());
  all.push_back(nullptr);
  return all;
}

/// What the child gets as stream `number`; ends of pipes and the like that are closed here once it
/// has them.
result<int> open_stream(planned_stream& plan, int number, sys::descriptor& ours,
                        sys::descriptor& childs) {
  switch (plan.how.how()) {
    case redirect::kind::inherited:
    case redirect::kind::same_as_output: return -1;
    case redirect::kind::descriptor: return plan.own.get();
    case redirect::kind::null_device: {
      auto null = sys::open_at(sys::current_directory, "/dev/null",
                               {.mode = number == 0 ? sys::access::read : sys::access::write});
      if (!null) return std::unexpected(null.error());
      childs = std::move(*null);
      return childs.get();
    }
    case redirect::kind::piped: break;
  }
  // Only our end is non-blocking: programs do not expect that of theirs.
  auto ends = sys::open_pipe(false);
  if (!ends) return std::unexpected(ends.error());
  ours = std::move(number == 0 ? ends->write : ends->read);
  childs = std::move(number == 0 ? ends->read : ends->write);
  if (auto set = sys::set_nonblocking(ours.get(), true); !set) return std::unexpected(set.error());
  return childs.get();
}

result<std::vector<sys::passed_descriptor>> open_streams(launch_plan& plan,
                                                         sys::descriptor (&ours)[3],
                                                         sys::descriptor (&childs)[3]) {
  std::vector<sys::passed_descriptor> all;
  int numbers[3];
  for (int i = 0; i < 3; i++) {
    auto fd = open_stream(plan.streams[i], i, ours[i], childs[i]);
    if (!fd) return std::unexpected(fd.error());
    numbers[i] = *fd;
  }
  if (plan.streams[2].how.how() == redirect::kind::same_as_output)
    numbers[2] = numbers[1] < 0 ? 1 : numbers[1];
  for (int i = 0; i < 3; i++)
    if (numbers[i] >= 0) all.push_back({numbers[i], i});
  for (const planned_descriptor& one : plan.passed)
    all.push_back({one.own.get(), one.as});
  return all;
}

launched start(launch_plan& plan) {
  launched fresh;
  sys::descriptor childs[3];
  auto passed = open_streams(plan, fresh.pipes, childs);
  if (!passed) return launched(passed.error());
  const auto programs = pointers(plan.candidates);
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  sys::spawn_order order;
  order.programs = programs.data();
  order.arguments = arguments.data();
  order.environment = environment.data();
  order.folder = plan.has_folder ? plan.folder.c_str() : nullptr;
  order.passed = passed->data();
  order.passed_count = passed->size();
  order.own_group = plan.new_group;
  order.own_session = plan.new_session;
  take_place();
  auto child = sys::spawn(order);
  if (!child) {
    give_place_back();
    launched none(child.error().why);
    none.is_of_folder = child.error().step == sys::spawn_step::folder;
    return none;
  }
  fresh.process = std::move(child->process);
  fresh.pid = child->pid;
  fresh.leads_group = plan.new_group || plan.new_session;
  return fresh;
}

}  // namespace

void launch_plan::add_descriptor(int fd, int as) {
  auto own = sys::duplicate(fd);
  if (!own)
    flaw = own.error();
  else
    passed.push_back({std::move(*own), as});
}

launched::~launched() {
  if (!process) return;
  for (sys::descriptor& end : pipes)
    end.reset();
  const bool dies = kill_all_of(process.get(), pid, leads_group);
  abandon(std::move(process), dies ? fate::was_killed : fate::lives_on);
}

launched launch(launch_plan& plan) noexcept {
  if (plan.flaw.code != 0) return launched(plan.flaw);
  (void)orphans();
  try {
    return start(plan);
  } catch (const std::bad_alloc&) {
    return launched(error("start a process", ENOMEM));
  }
}

std::vector<std::string> candidates_of(const std::string& program,
                                       const std::vector<std::string>& environment) {
  std::vector<std::string> all;
  if (program.find('/') != std::string::npos) {
    all.push_back(program);
    return all;
  }
  std::string_view rest = path_of(environment);
  for (;;) {
    const std::size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    all.push_back(folder.empty() ? "./" + program : std::string(folder) + "/" + program);
    if (colon == std::string_view::npos) return all;
    rest.remove_prefix(colon + 1);
  }
}

bool kill_all_of(int process_fd, int pid, bool leads_group) noexcept {
  if (leads_group) (void)sys::send_group_signal(process_fd, pid, sys::signal_kill);
  const auto sent = sys::send_signal(process_fd, sys::signal_kill);
  return sent || sent.error().code == ESRCH;
}

}  // namespace rouse::process::internal
