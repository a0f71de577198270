#include <rouse/process/orphans.hpp>

#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/core/spawn.hpp>
#include <rouse/process/internal/abandon.hpp>
#include <rouse/sys/process.hpp>

#include <cerrno>
#include <cstddef>
#include <new>
#include <vector>

namespace rouse::process {
namespace internal {
namespace {

constinit atomic<std::size_t> waited_for{0};  // by tasks

/// It has ended, and now or before somebody has waited for it.
bool is_let_go(int process_fd) noexcept {
  const auto end = sys::take_end(process_fd);
  return end ? end->has_value() : end.error().code == ECHILD;
}

/// Those that no executor waits for.
struct left_behind {
  fork_mutex lock;
  std::vector<sys::descriptor> processes ROUSE_GUARDED_BY(lock);

  std::size_t places ROUSE_GUARDED_BY(lock) = 0;  // at most as many as there is room for

  void take_place() {
    const lock_guard guard(lock);
    if (places == processes.capacity()) processes.reserve(places < 4 ? 4 : 2 * places);
    places++;
  }
  void give_place_back() noexcept {
    const lock_guard guard(lock);
    give_back(1);
  }
  void add(sys::descriptor process) noexcept {
    const lock_guard guard(lock);
    processes.push_back(std::move(process));
  }
  std::size_t look() noexcept {
    const lock_guard guard(lock);
    give_back(std::erase_if(
        processes, [](const sys::descriptor& process) { return is_let_go(process.get()); }));
    return processes.size();
  }

 private:
  void give_back(std::size_t count) noexcept ROUSE_REQUIRES(lock) {
    places -= count;
    if (places == 0) std::vector<sys::descriptor>().swap(processes);
  }
};
left_behind& the_left_behind() {
  alignas(left_behind) static std::byte memory[sizeof(left_behind)];
  static auto* const all = new (memory) left_behind;  // never destroyed: threads may outlive main
  return *all;
}
[[maybe_unused]] const left_behind& made_before_main = the_left_behind();  // see fork_mutex

/// Waits for one, in the background.
class reaper {
 public:
  reaper(source process, fate how) noexcept : process_(std::move(process)), fate_(how) {
    waited_for.fetch_add(1, order::relaxed);
  }
  reaper(reaper&& other) noexcept  // before its first poll
      : process_(std::move(other.process_)), fate_(other.fate_) {
    waited_for.fetch_add(1, order::relaxed);
  }
  ~reaper() {
    if (process_) abandon(process_.release(), fate_);
    waited_for.fetch_sub(1, order::relaxed);
  }
  poll_result<void> poll(context& cx) noexcept {
    for (;;) {
      if (readable_.is_idle()) readable_.readable(process_);
      if (!readable_.poll(cx)) return pending;
      if (readable_.result() < 0) return ready;  // then the destructor sees to it
      readable_.reset();
      if (!is_let_go(process_.fd())) continue;  // woken for nothing
      process_.close();
      give_place_back();
      return ready;
    }
  }
  poll_result<void> poll_cancel(context& cx) noexcept { return readable_.poll_cancel(cx); }
  void disown() noexcept { readable_.disown(); }

 private:
  source process_;
  operation readable_;
  fate fate_;
};

}  // namespace

void take_place() { the_left_behind().take_place(); }
void give_place_back() noexcept { the_left_behind().give_place_back(); }

void abandon(source process, fate how) noexcept {
  if (!worker::current()) return abandon(process.release(), how);
  reaper rest(std::move(process), how);
  try {
    spawn(std::move(rest), {.name = nullptr, .background = true}).detach();
  } catch (const std::bad_alloc&) {
    // It has seen to it as it went.
  }
}

void abandon(sys::descriptor process, fate how) noexcept {
  if (how == fate::was_killed && sys::wait_for_end(process.get()))
    give_place_back();
  else
    the_left_behind().add(std::move(process));
}

}  // namespace internal

std::size_t orphans() noexcept {
  const std::size_t left = internal::the_left_behind().look();
  return left + internal::waited_for.load(order::relaxed);
}

}  // namespace rouse::process
