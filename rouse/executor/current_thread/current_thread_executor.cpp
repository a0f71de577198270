#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/executor/current_thread/internal/inject_queue.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/trace/probe.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace rouse {

namespace {

constexpr unsigned polls_per_clock_read = 16;
constexpr unsigned idle_frames_per_class = 64;
constexpr unsigned trimmed_at_once = 512;

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
  if (wait_ == outside::asleep) end_sleep();
  adopt_all(handle_.queue_->close());
  close_all(error("executor", errc::runtime_shut_down));
}

void current_thread_executor::adopt_all(task_header* fresh) noexcept {
  std::size_t taken = 0;
  for (; fresh; ++taken) {
    task_header* next = fresh->next;
    adopt(*fresh);
    fresh = next;
  }
  if (taken != 0) handle_.queue_->taken(taken);
}

bool current_thread_executor::run_batch(const task_header* root) noexcept {
  bool polled = false;
  instant until = never;
  for (unsigned left = options_.polls_per_look; left != 0;) {
    const unsigned ran = run_ready(std::min(left, polls_per_clock_read), root);
    polled |= ran != 0;
    left -= ran;
    if (!has_ready() || (root && root->completed)) break;
    if (left == 0 || !below_.has_work()) continue;
    const instant now = sys::monotonic_now();
    if (now >= until) break;
    if (until == never) until = saturating_add(now, options_.time_per_look);
  }
  return polled;
}

class current_thread_executor::sleep_scope {
 public:
  sleep_scope(current_thread_executor& e, bool wanted) noexcept
      : executor_(e), sleeps_(wanted && e.begin_sleep()) {}
  sleep_scope(const sleep_scope&) = delete;
  sleep_scope& operator=(const sleep_scope&) = delete;
  ~sleep_scope() {
    if (sleeps_) executor_.end_sleep();
  }
  [[nodiscard]] bool sleeps() const noexcept { return sleeps_; }

 private:
  current_thread_executor& executor_;
  bool sleeps_;
};

/// What comes before a park: takes in what was spawned elsewhere; 0 when there is no time to wait.
nanoseconds current_thread_executor::prepare_park(nanoseconds limit) {
  if (handle_.in_flight() != 0) adopt_all(handle_.queue_->take_all());
  if (is_idle()) wake_idle_waiter();  // a place that was reserved may have been given back
  if (has_ready() || limit <= nanoseconds(0)) return nanoseconds(0);
  return limit;
}

void current_thread_executor::park_once(nanoseconds limit) {
  if (wait_ != outside::no) [[unlikely]] {
    if (const auto outcome = end_wait(); !outcome) throw_error(outcome.error());
    return;
  }
  limit = prepare_park(limit);
  const sleep_scope scope(*this, limit != nanoseconds(0));
  if (!scope.sleeps()) limit = nanoseconds(0);
  if (limit == nanoseconds(0) && !below_.has_work()) return;
  // A crowd's frames go back in slices, with a look below after each.
  if (limit > nanoseconds(0) && internal::trim_frame_cache(idle_frames_per_class, trimmed_at_once))
    limit = nanoseconds(0);
  trace::probe_point(trace::event::park_begin, this);
  const auto outcome = below_.park(limit);
  trace::probe_point(trace::event::park_end, this);
  if (!outcome) throw_error(outcome.error());
}

result<outside_wait> current_thread_executor::begin_wait(nanoseconds limit,
                                                         std::source_location site) {
  const enter guard = enter::enter_or_throw(site);
  const sole_driver mine(*this, site);
  running_scope here(*this);
  if (wait_ != outside::no) {
    if (const auto ended = end_wait(); !ended) return std::unexpected(ended.error());
  }
  limit = prepare_park(limit);
  wait_ = limit != nanoseconds(0) && begin_sleep() ? outside::asleep : outside::awake;
  if (wait_ == outside::awake || internal::trim_frame_cache(idle_frames_per_class, trimmed_at_once))
    limit = nanoseconds(0);
  auto wait = below_.begin_wait(limit);
  if (wait)
    trace::probe_point(trace::event::park_begin, this);
  else if (std::exchange(wait_, outside::no) == outside::asleep)
    end_sleep();
  return wait;
}

/// The other half of the park that begin_wait() began.
result<park_outcome> current_thread_executor::end_wait() {
  trace::probe_point(trace::event::park_end, this);
  if (std::exchange(wait_, outside::no) == outside::asleep) end_sleep();
  return below_.end_wait();
}

void current_thread_executor::drive(task_header& root) {
  if (wait_ != outside::no) [[unlikely]]
    park_once(nanoseconds(0));
  for (;;) {
    run_batch(&root);
    if (root.completed) return;
    park_once(no_limit);
  }
}

void current_thread_executor::sole_driver::refuse_second_driver(const std::source_location& site) {
  throw_error(error("executor", errc::wrong_thread), describe(site));
}

bool current_thread_executor::turn(nanoseconds limit, std::source_location site) {
  driving here(*this, site);
  here.park(limit);
  return here.run_batch();
}

poll_result<void> current_thread_executor::idle_operation::poll(context& cx) noexcept {
  if (executor_->is_idle()) return ready;
  executor_->set_idle_waiter(cx.borrow_waker());
  waits_ = true;
  return pending;
}

void current_thread_executor::on_unjoined_failure(task_header& t,
                                                  std::exception_ptr failure) noexcept {
  if (options_.on_failure.report)
    return options_.on_failure.report(options_.on_failure.argument, t, std::move(failure));
  ROUSE_LOG(error, "%s failed and nobody joins it: %s", brief(t).c_str(), brief(failure).c_str());
  std::terminate();
}

}  // namespace rouse
