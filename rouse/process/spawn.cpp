#include <rouse/process/spawn.hpp>

#include <rouse/core/current.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/process/internal/launch.hpp>
#include <rouse/reactor/reactor.hpp>

#include <optional>

namespace rouse::process {

namespace internal {

struct spawn_state {
  explicit spawn_state(launch_plan_ptr p)
      : plan(std::move(p)), program(plan->program), folder(plan->folder) {}
  result<void> begin();

  launch_plan_ptr plan;  // until it has begun
  const std::string program;
  const std::string folder;
  std::optional<blocking_job<launched>> job;
  bool cancelled = false;
  bool is_of_folder = false;  // the failure
};

result<void> spawn_state::begin() {
  blocking_pool* pool = current<blocking_pool>::get();
  if (!pool || !current<reactor>::get()) return std::unexpected(error("spawn", errc::no_context));
  auto work = [p = std::move(plan)] { return launch(*p); };
  auto submitted = pool->submit({.name = "spawn"}, std::move(work));
  if (!submitted) return std::unexpected(submitted.error());
  job.emplace(std::move(*submitted));
  return {};
}

}  // namespace internal

spawn_operation::spawn_operation(internal::launch_plan_ptr plan)
    : state_(std::make_unique<internal::spawn_state>(std::move(plan))) {}
spawn_operation::spawn_operation(spawn_operation&&) noexcept = default;
spawn_operation::~spawn_operation() = default;

poll_result<rouse::result<child>> spawn_operation::poll(context& cx) {
  internal::spawn_state& s = *state_;
  if (!s.job) {
    if (s.cancelled) return pending;
    if (auto begun = s.begin(); !begun) return std::unexpected(begun.error());
  }
  auto answer = s.job->poll(cx);
  if (!answer.is_ready()) return pending;
  auto fresh = answer.take();
  if (!fresh) return std::unexpected(fresh.error());
  s.is_of_folder = fresh->is_of_folder;
  return internal::take_over(std::move(*fresh));
}

poll_result<void> spawn_operation::poll_cancel(context& cx) noexcept {
  state_->cancelled = true;
  if (state_->job) return state_->job->poll_cancel(cx);
  return ready;
}

void spawn_operation::disown() noexcept {
  if (state_->job) state_->job->disown();
}

const std::string& spawn_operation::subject() const noexcept {
  return state_->is_of_folder ? state_->folder : state_->program;
}

}  // namespace rouse::process
