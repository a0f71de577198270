#include <rouse/process/child.hpp>

#include <rouse/base/fork.hpp>
#include <rouse/core/current.hpp>
#include <rouse/process/internal/launch.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>
#include <rouse/time/timeout.hpp>

namespace rouse::process {

std::string wait_operation::subject() const { return of_->subject(); }

poll_result<rouse::result<exit_status>> wait_operation::poll(context& cx) noexcept {
  for (;;) {
    // Before the first poll, and after each that came for nothing.
    if (readable_.is_idle()) {
      auto end = of_->try_wait();
      if (!end) return std::unexpected(end.error());
      if (*end) return rouse::result<exit_status>(**end);
      readable_.readable(of_->process_);
    }
    if (!readable_.poll(cx)) return pending;
    if (readable_.result() < 0) return std::unexpected(readable_.failure());
    auto end = of_->try_wait();
    if (!end) return std::unexpected(end.error());
    if (*end) return rouse::result<exit_status>(**end);
    readable_.reset();
  }
}

result<void> child::usable(const char* operation) const noexcept {
  if (!process_) return std::unexpected(error(operation, errc::closed));
  if (forks_ != fork_count()) return std::unexpected(error(operation, errc::forked));
  return {};
}

result<std::optional<exit_status>> child::try_wait() noexcept {
  if (status_) return status_;
  if (auto may = usable("wait"); !may) return std::unexpected(may.error());
  const auto end = sys::take_end(process_.fd());
  if (!end && end.error().code != ECHILD) return std::unexpected(end.error());
  if (!end)
    status_ = exit_status::unknown();
  else if (*end)
    status_ = (*end)->signalled ? exit_status::signalled((*end)->code)
                                : exit_status::exited((*end)->code);
  return status_;
}

result<void> child::send_signal(int number) noexcept {
  if (auto may = usable("kill"); !may) return may;
  return sys::send_signal(process_.fd(), number);
}
result<void> child::kill() noexcept { return send_signal(sys::signal_kill); }
result<void> child::terminate() noexcept { return send_signal(sys::signal_terminate); }

result<void> child::send_group_signal(int number) noexcept {
  if (auto may = usable("kill group"); !may) return may;
  if (!leads_group_) return std::unexpected(error("kill group", errc::invalid_input));
  return sys::send_group_signal(process_.fd(), pid_, number);
}
result<void> child::kill_group() noexcept { return send_group_signal(sys::signal_kill); }
result<void> child::terminate_group() noexcept { return send_group_signal(sys::signal_terminate); }

fallible_task<exit_status> child::stop(nanoseconds grace) {
  constexpr auto work = [](child& of, nanoseconds patience) -> task<result<exit_status>> {
    const auto send = [&of](int number) {
      return of.leads_group_ ? of.send_group_signal(number) : of.send_signal(number);
    };
    (void)send(sys::signal_terminate);  // one that has ended is waited for all the same
    auto end = co_await timeout(patience, of.wait()).result();
    if (end || !end.error().is_timed_out()) co_return end;
    (void)send(sys::signal_kill);
    auto killed = co_await of.wait().result();
    co_return killed;
  };
  return {work(*this, grace), subject()};
}

int child::detach() && noexcept {
  const int number = pid_;
  if (process_ && !has_ended() && usable("detach"))
    internal::abandon(std::move(process_), internal::fate::lives_on);
  let_go();
  return number;
}

bool child::has_ended() noexcept {
  const auto end = try_wait();
  return end && *end;
}

void child::let_go() noexcept {
  input_.close();
  output_.close();
  errors_.close();
  if (!usable("kill")) return process_.close();
  if (has_ended()) {
    process_.close();
    internal::give_place_back();
    return;
  }
  const bool dies = internal::kill_all_of(process_.fd(), pid_, leads_group_);
  internal::abandon(std::move(process_),
                    dies ? internal::fate::was_killed : internal::fate::lives_on);
}

void child::take(child& other) noexcept {
  process_ = std::move(other.process_);
  pid_ = std::exchange(other.pid_, -1);
  forks_ = other.forks_;
  leads_group_ = other.leads_group_;
  status_ = std::exchange(other.status_, std::nullopt);
  input_ = std::move(other.input_);
  output_ = std::move(other.output_);
  errors_ = std::move(other.errors_);
}

namespace internal {

result<child> take_over(launched fresh) {
  if (fresh.failure.code != 0) return std::unexpected(fresh.failure);
  reactor* here = current<reactor>::get();
  if (!here) return std::unexpected(error("spawn", errc::no_context));
  source pipes[3];
  for (int i = 0; i < 3; i++) {
    if (!fresh.pipes[i]) continue;
    auto attached = here->attach(std::move(fresh.pipes[i]));
    if (!attached) return std::unexpected(attached.error());
    pipes[i] = std::move(*attached);
  }
  auto process = here->attach(std::move(fresh.process));
  if (!process) {
    // Its descriptor is closed; its number is still its own.
    if (auto again = sys::open_process(fresh.pid))
      fresh.process = std::move(*again);
    else
      give_place_back();
    return std::unexpected(process.error());
  }
  child c;
  c.process_ = std::move(*process);
  c.pid_ = fresh.pid;
  c.forks_ = fork_count();
  c.leads_group_ = fresh.leads_group;
  c.input_ = pipe_writer(std::move(pipes[0]), "standard input");
  c.output_ = pipe_reader(std::move(pipes[1]), "standard output");
  c.errors_ = pipe_reader(std::move(pipes[2]), "standard error");
  return c;
}

}  // namespace internal

}  // namespace rouse::process
