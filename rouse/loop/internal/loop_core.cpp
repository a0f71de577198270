#include <rouse/loop/internal/loop_core.hpp>

#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/loop/internal/signal_group.hpp>

#include <utility>

namespace rouse::internal {
namespace {

/// As in libuv: what pending callbacks defer to each other during one poll phase.
constexpr unsigned pending_rounds_max = 8;

}  // namespace

result<runtime> loop_core::make_stack(const loop_options& options, loop_core& self) {
  runtime_options below = options.runtime;
  below.executor.on_failure = {
      [](void* core, const task_header&, std::exception_ptr failure) noexcept {
        static_cast<loop_core*>(core)->runner.fail(std::move(failure));
      },
      &self};
  return runtime::make(below);
}

namespace {

template <class T>
T value_or_throw(result<T>&& made) {
  if (!made) throw_error(made.error());
  return std::move(*made);
}

}  // namespace

loop_core::loop_core(const loop_options& chosen)
    : options(chosen),
      trace(chosen),
      stack_(value_or_throw(make_stack(chosen, *this))),
      alive(new alive_count),
      runner(stack_->timer(), options, trace),
      timers(stack_->timer(), *alive, runner, trace),
      immediate_queue(*alive, runner, trace),
      hook_lists(*alive, runner, trace),
      mailbox(new loop_mailbox(stack_->reactor().unparker())) {
  ROUSE_ASSERT(options.callbacks_per_phase > 0);
  alive->core = this;
}

loop_core::~loop_core() {
  // Strangers' destructors run from here on; what they register is refused, since the loop's
  // pointer to us is gone.
  mailbox->close();
  mail.clear();
  runner.clear();
  for (auto* queue : {&deferred, &pending})
    queue->clear();
  while (!closing.is_empty())  // the places stay: handles that close from here on hold them
    (void)closing.pop();
  before_exit.clear();
  at_exit.clear();
  timers.clear_all();
  immediate_queue.clear_all();
  hook_lists.clear();
  http_client.reset();  // with its idle connections, before the reactor
  if (trace.is_on()) trace.note("closing: the pool");
  (void)stack().blocking().shutdown();
  jobs.clear();
  if (options.on_pool_closed) options.on_pool_closed(options.hook_data);
  if (trace.is_on()) trace.note("closing: tasks and the reactor");
  stack_.reset();
  alive->core = nullptr;
  if (options.on_reactor_closed) options.on_reactor_closed(options.hook_data);
  if (trace.is_on()) trace.note("closed");
}

// ---- a run

void loop_core::run_main(callback<void()>& main) noexcept {
  if (runner.is_interrupted()) return;
  begin_phase(loop_phase::main);
  if (trace.is_on()) [[unlikely]]
    trace.callback(loop_phase::main, "the program");
  runner.start_clock();
  runner.call(loop_phase::main, main);
}

void loop_core::begin_turn() noexcept {
  if (is_turn_open || !is_alive() || runner.is_interrupted()) return;
  is_turn_open = true;
  ++runner.metrics().turns;
  if (!deferred.is_empty()) begin_deferred();
  if (trace.is_on()) [[unlikely]]
    trace.turn(runner.metrics().turns, pending_events());
  if (options.on_turn) options.on_turn(runner.metrics().turns, options.hook_data);
}

/// Behind what an earlier turn has left. Without memory for that it waits for another turn.
void loop_core::begin_deferred() noexcept {
  if (pending.is_empty()) {
    pending.swap(deferred);
    return deferred.trim();
  }
  try {
    pending.reserve(pending.size() + deferred.size());
  } catch (const std::bad_alloc&) {
    return;
  }
  while (!deferred.is_empty())
    pending.emplace(deferred.pop());
  deferred.trim();
}

bool loop_core::run_before_exit() noexcept {
  begin_phase(loop_phase::main);
  for (std::size_t i = 0; i < before_exit.size(); ++i) {
    if (runner.is_interrupted() || is_stopping) return false;
    callback<void()> f = std::move(before_exit[i]);  // the vector may grow meanwhile
    if (trace.is_on()) [[unlikely]]
      trace.callback(loop_phase::main, "before_exit");
    runner.call(loop_phase::main, f);
    if (!before_exit[i]) before_exit[i] = std::move(f);
  }
  return goes_on();
}

void loop_core::run_exit() noexcept {
  begin_phase(loop_phase::main);
  runner.exit(runner.exit_code());
  runner.is_exit_final = false;
  const std::size_t count = at_exit.size();  // what these register is not called
  for (std::size_t i = 0; i < count && !runner.is_exit_final; ++i) {
    callback<void(int)> f = std::move(at_exit[i]);
    if (trace.is_on()) [[unlikely]]
      trace.callback(loop_phase::main, "exit");
    runner.call(loop_phase::main, [&] { f(runner.exit_code()); });
  }
}

// ---- the phases

void loop_core::run_timers() noexcept {
  begin_turn();
  begin_phase(loop_phase::timers);
  if (runner.undrained() != 0) runner.drain();  // the last drain has reached its bound
  if (timers.is_empty() || runner.is_interrupted()) return;
  runner.start_clock();
  timers.run_due(now(), options.callbacks_per_phase);
}

void loop_core::run_queue(ring<callback<void()>>& queue, loop_phase phase) noexcept {
  const std::uint64_t end = queue.tail();
  for (unsigned n = 0; n < options.callbacks_per_phase && queue.head() < end; ++n) {
    if (runner.is_interrupted()) return;
    if (trace.is_on()) [[unlikely]]
      trace.callback(phase, phase == loop_phase::deferred ? "deferred" : "closed");
    runner.call(phase, [&queue] { queue.call_front(); });
    --alive->refs;
  }
  queue.trim(&queue == &closing ? promised_closings : 0);
}

void loop_core::run_pending() noexcept {
  begin_phase(loop_phase::deferred);
  if (!pending.is_empty()) run_queue(pending, loop_phase::deferred);
}

void loop_core::run_hooks(loop_phase phase) noexcept {
  begin_phase(phase);
  if (hook_lists.has(phase) && !runner.is_interrupted()) hook_lists.run(phase);
}

nanoseconds loop_core::wait_limit() noexcept {
  const bool has_more = immediate_queue.refd() != 0 || hook_lists.has(loop_phase::idle) ||
                        !closing.is_empty() || !pending.is_empty() || !deferred.is_empty() ||
                        !mail.is_empty() || mailbox->has_mail() || runner.undrained() != 0 ||
                        runner.has_failure();
  if (has_more || is_stopping || !is_alive()) return nanoseconds(0);
  return timers.is_empty() ? no_limit : timers.wait_from(now());
}

void loop_core::poll(current_thread_executor::driving& tasks, bool may_wait) {
  if (runner.is_interrupted()) return;
  const nanoseconds limit = may_wait ? wait_limit() : nanoseconds(0);
  if (trace.is_on()) [[unlikely]]
    trace.wait(limit);
  tasks.park(limit);
  if (trace.is_on()) [[unlikely]]
    trace.woken();
  runner.start_clock();
  // Swapped in when what was taken before is called: to join them could need memory.
  if (mail.is_empty() && mailbox->has_mail()) mailbox->take(mail);
  // A bound each: posts that beget posts starve no task.
  unsigned left = options.callbacks_per_phase;
  for (; left != 0 && !mail.is_empty() && !runner.is_interrupted(); --left) {
    if (trace.is_on()) [[unlikely]]
      trace.callback(loop_phase::poll, "post");
    runner.call(loop_phase::poll, [this] { mail.call_front(); });
  }
  mail.trim();
  left = options.callbacks_per_phase;
  for (; left != 0 && !runner.is_interrupted() && tasks.run_one(); --left) {
    runner.after_task();
    if (trace.is_on()) [[unlikely]]
      trace.polled();
  }
  for (unsigned round = 0; round < pending_rounds_max && !pending.is_empty(); ++round)
    run_pending();
}

void loop_core::run_check() noexcept {
  begin_phase(loop_phase::check);
  if (runner.is_interrupted()) return;
  if (hook_lists.has(loop_phase::check)) hook_lists.run(loop_phase::check);
  if (immediate_queue.has_any()) immediate_queue.run(options.callbacks_per_phase);
}

void loop_core::run_closing() noexcept {
  begin_phase(loop_phase::closing);
  if (options.node_compatible) {  // what an earlier phase has left keeps its order
    closing.reverse_from(closing_seen);
    closing_seen = closing.tail();
  }
  if (!closing.is_empty()) run_queue(closing, loop_phase::closing);
  is_turn_open = runner.is_interrupted();
}

std::size_t loop_core::backlog() const noexcept {
  return immediate_queue.size() + pending.size() + deferred.size() + closing.size() + mail.size() +
         runner.undrained();
}

}  // namespace rouse::internal
