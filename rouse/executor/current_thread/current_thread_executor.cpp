#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/executor/current_thread/internal/inject_queue.hpp>
#include <rouse/trace/probe.hpp>

#include <exception>

namespace rouse {

namespace {

constexpr unsigned polls_per_clock_read = 16;
constexpr unsigned idle_frames_per_class = 64;

}  // namespace

current_thread_executor::current_thread_executor(park_ref below, executor_options options)
    : below_(below),
      unparker_(below.unparker()),
      options_(options),
      handle_(new internal::inject_queue(*this, unparker_, options.inject_limit)) {
  ROUSE_ASSERT(options_.polls_per_look > 0);
}

current_thread_executor::~current_thread_executor() {
  ROUSE_ASSERT(!is_running_here());  // not from one of its own tasks
  std::size_t taken = 0;
  task_header* fresh = handle_.queue_->close();
  while (fresh) {
    task_header* next = fresh->next;
    adopt(*fresh);
    fresh = next;
    ++taken;
  }
  handle_.queue_->taken(taken);
  close_all(error("executor", errc::runtime_shut_down));
}

bool current_thread_executor::run_batch(const task_header* root) noexcept {
  bool polled = false;
  bool watched = false;
  instant until{};
  for (unsigned n = 0; n < options_.polls_per_look; ++n) {
    if (root && root->completed) return polled;
    if (n % polls_per_clock_read == polls_per_clock_read - 1 && below_.has_work()) {
      const instant now = std::chrono::steady_clock::now();
      if (watched && now >= until) return polled;
      if (!watched) until = saturating_add(now, options_.time_per_look);
      watched = true;
    }
    if (!run_one()) return polled;
    polled = true;
  }
  return polled;
}

void current_thread_executor::park_once(nanoseconds limit) {
  task_header* fresh = handle_.in_flight() != 0 ? handle_.queue_->take_all() : nullptr;
  std::size_t taken = 0;
  while (fresh) {
    task_header* next = fresh->next;
    adopt(*fresh);
    fresh = next;
    ++taken;
  }
  if (taken != 0) handle_.queue_->taken(taken);
  if (is_idle()) wake_idle_waiter();  // a place that was reserved may have been given back

  const bool may_sleep = !has_ready() && limit > nanoseconds(0) && begin_sleep();
  if (!may_sleep) limit = nanoseconds(0);
  if (limit == nanoseconds(0) && !below_.has_work()) {
    if (may_sleep) end_sleep();
    return;
  }
  if (limit == no_limit) internal::trim_frame_cache(idle_frames_per_class);
  trace::probe_point(trace::event::park_begin, this);
  const auto outcome = below_.park(limit);
  trace::probe_point(trace::event::park_end, this);
  if (may_sleep) end_sleep();
  if (!outcome) throw_error(outcome.error());
}

void current_thread_executor::drive(task_header& root) {
  for (;;) {
    run_batch(&root);
    if (root.completed) return;
    park_once(no_limit);
  }
}

bool current_thread_executor::turn(nanoseconds limit, std::source_location site) {
  const enter guard = enter::enter_or_throw(site);
  running_scope here(*this);
  park_once(limit);
  return run_batch(nullptr);
}

poll_result<void> current_thread_executor::idle_operation::poll(context& cx) noexcept {
  if (executor_->is_idle()) return ready;
  executor_->set_idle_waiter(cx.borrow_waker());
  return pending;
}

void current_thread_executor::on_unjoined_failure(task_header& t, std::exception_ptr failure) noexcept {
  if (options_.on_failure.report) return options_.on_failure.report(options_.on_failure.argument, t, std::move(failure));
  ROUSE_LOG(error, "%s failed and nobody joins it: %s", describe(t).c_str(), describe(failure).c_str());
  std::terminate();
}

}  // namespace rouse
