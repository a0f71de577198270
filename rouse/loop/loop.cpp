#include <rouse/loop/loop.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/internal/loop_core.hpp>

#include <cerrno>
#include <new>
#include <utility>

namespace rouse {

using internal::loop_core;

/// The loop drives its thread: its parts, and itself, are the thread's defaults.
class loop::running {
 public:
  running(loop& l, const site& at)
      : core_(*l.core_), parts_(core_.stack()), loop_(&l), tasks(core_.stack().executor(), at) {}
  running(const running&) = delete;
  running& operator=(const running&) = delete;
  ~running() { core_.is_stopping = false; }

 private:
  loop_core& core_;
  runtime::entered parts_;
  rouse::current<loop>::scope loop_;

 public:
  current_thread_executor::driving tasks;
};

loop::loop(const loop_options& options) : core_(new loop_core(options)) {}

loop::~loop() {
  const result<void> closed = close();
  ROUSE_ASSERT(closed || closed.error() == errc::closed);  // not inside one of its own callbacks
}

loop_core& loop::open_core(const char* operation) const {
  if (!core_) throw_error(error(operation, errc::closed));
  return *core_;
}

bool loop::is_driven_elsewhere() const noexcept {
  return rouse::current<loop>::get() != this && core_->stack().executor().is_driven();
}

/// For what only the loop's thread may do; while nobody drives the loop, that is any one.
loop_core& loop::core(const char* operation) const {
  loop_core& c = open_core(operation);
  if (is_driven_elsewhere()) [[unlikely]]
    throw_error(error(operation, errc::wrong_thread), "(post it with a loop.handle())");
  return c;
}

runtime& loop::stack(const char* operation) const { return core(operation).stack(); }
runtime& loop::runtime() { return open_core("runtime").stack(); }

loop& loop::current() {
  loop* here = rouse::current<loop>::get();
  if (!here) throw_error(error("loop", errc::no_context));
  return *here;
}

// ---- registering

timer_id loop::set_timeout(loop_delay delay, callback<void()> f, site at) {
  ROUSE_ASSERT(f);
  loop_core& c = core("set_timeout");
  const nanoseconds d = c.options.node_compatible ? delay.as_in_node() : delay.exact();
  return c.timers.set(c.now(), d, false, std::move(f), at);
}

timer_id loop::set_interval(loop_delay period, callback<void()> f, site at) {
  ROUSE_ASSERT(f);
  loop_core& c = core("set_interval");
  const nanoseconds d = c.options.node_compatible ? period.as_in_node() : period.exact();
  if (d == nanoseconds(0)) throw_error(error("set_interval", errc::invalid_input));
  return c.timers.set(c.now(), d, true, std::move(f), at);
}

bool loop::clear_timeout(timer_id id) noexcept { return core_ && core_->timers.clear(id); }
bool loop::refresh(timer_id id) noexcept {
  return core_ && core_->timers.refresh(core_->now(), id);
}

immediate_id loop::set_immediate(callback<void()> f, site at) {
  ROUSE_ASSERT(f);
  return core("set_immediate").immediate_queue.set(std::move(f), at);
}
bool loop::clear_immediate(immediate_id id) noexcept {
  return core_ && core_->immediate_queue.clear(id);
}

void loop::next_tick(callback<void()> f) {
  ROUSE_ASSERT(f);
  core("next_tick").runner.next_tick(std::move(f));
}
void loop::queue_microtask(callback<void()> f) {
  ROUSE_ASSERT(f);
  core("queue_microtask").runner.queue_microtask(std::move(f));
}
void loop::defer(callback<void()> f) {
  ROUSE_ASSERT(f);
  loop_core& c = core("defer");
  c.enqueue(c.deferred, std::move(f));
}
void loop::call_when_closed(callback<void()> f) {
  ROUSE_ASSERT(f);
  core("close").enqueue_closing(std::move(f));
}

hook_id loop::add_idle(callback<void()> f) {
  ROUSE_ASSERT(f);
  return core("add_idle").hook_lists.add(loop_phase::idle, std::move(f));
}
hook_id loop::add_prepare(callback<void()> f) {
  ROUSE_ASSERT(f);
  return core("add_prepare").hook_lists.add(loop_phase::prepare, std::move(f));
}
hook_id loop::add_check(callback<void()> f) {
  ROUSE_ASSERT(f);
  return core("add_check").hook_lists.add(loop_phase::check, std::move(f));
}
bool loop::remove(hook_id id) noexcept { return core_ && core_->hook_lists.remove(id); }

bool loop::ref(timer_id id) noexcept { return core_ && core_->timers.set_ref(id, true); }
bool loop::ref(immediate_id id) noexcept {
  return core_ && core_->immediate_queue.set_ref(id, true);
}
bool loop::ref(hook_id id) noexcept { return core_ && core_->hook_lists.set_ref(id, true); }
bool loop::unref(timer_id id) noexcept { return core_ && core_->timers.set_ref(id, false); }
bool loop::unref(immediate_id id) noexcept {
  return core_ && core_->immediate_queue.set_ref(id, false);
}
bool loop::unref(hook_id id) noexcept { return core_ && core_->hook_lists.set_ref(id, false); }
bool loop::is_active(timer_id id) const noexcept { return core_ && core_->timers.is_active(id); }
bool loop::is_active(immediate_id id) const noexcept {
  return core_ && core_->immediate_queue.is_active(id);
}

loop_hold loop::hold() { return loop_hold(*core("hold").alive); }
loop_handle loop::handle() const { return open_core("handle").mailbox->handle(); }
instant loop::now() const { return core("now").now(); }
bool loop::is_alive() const noexcept { return core_ && core_->is_alive(); }
bool loop::is_node_compatible() const noexcept { return core_ && core_->options.node_compatible; }

loop_metrics loop::metrics() const noexcept {
  if (!core_) return {};
  loop_metrics m = core_->runner.metrics();
  m.pending_events = core_->pending_events();
  m.backlog = core_->backlog();
  return m;
}

void loop::on_before_exit(callback<void()> f) {
  core("on_before_exit").before_exit.push_back(std::move(f));
}
void loop::on_exit(callback<void(int)> f) { core("on_exit").at_exit.push_back(std::move(f)); }
void loop::on_error(callback<void(std::exception_ptr)> f) {
  core("on_error").runner.on_error(std::move(f));
}

bool loop::cancel(request_id id) noexcept {
  internal::request* r = core_ ? core_->request_table.find(id.index, id.serial) : nullptr;
  if (!r) return false;
  if (r->job)
    r->job->cancel();
  else
    r->task.abort();
  return true;
}

bool loop::set_ref(request_id id, bool refd) noexcept {
  internal::request* r = core_ ? core_->request_table.find(id.index, id.serial) : nullptr;
  if (!r) return false;
  loop_hold& hold = r->job ? r->job->hold() : r->hold;
  if (refd != static_cast<bool>(hold)) hold = refd ? this->hold() : loop_hold();
  return true;
}
bool loop::ref(request_id id) noexcept { return set_ref(id, true); }
bool loop::unref(request_id id) noexcept { return set_ref(id, false); }

void loop::keep(request_id id, join_handle<void> task) noexcept {
  core_->request_table.find(id.index, id.serial)->task = std::move(task);
}

// ---- running

/// From the pending phase to the timers of the next turn.
void loop::turn(running& here, bool may_wait) {
  core_->run_pending();
  core_->run_hooks(loop_phase::idle);
  core_->run_hooks(loop_phase::prepare);
  core_->poll(here.tasks, may_wait);
  core_->run_check();
  core_->run_closing();
  core_->run_timers();
}

/// The first timers, then turns until nothing is left.
void loop::spin(running& here) {
  core_->begin_run();
  core_->run_timers();
  while (core_->goes_on())
    turn(here, true);
}

void loop::run(site at) {
  (void)open_core("run");
  {
    running here(*this, at);
    spin(here);
    core_->runner.rethrow_failure();
    if (!core_->runner.is_exiting()) return;
    core_->run_exit();
  }
  end();
}

int loop::run(callback<void()> main, site at) {
  (void)open_core("run");
  {
    running here(*this, at);
    core_->begin_run();
    core_->run_main(main);
    main.reset();
    do
      spin(here);
    while (core_->run_before_exit());
    core_->runner.rethrow_failure();
    core_->run_exit();
  }
  return end();
}

/// Closes, and gives the code of exit; or throws what a callback of on_exit has thrown.
int loop::end() {
  const int code = core_->runner.exit_code();
  try {
    core_->runner.rethrow_failure();
  } catch (...) {
    (void)close();
    throw;
  }
  (void)close();
  return code;
}

bool loop::run_turn(bool may_wait, const site& at) {
  bool goes_on = false;
  {
    (void)open_core("run");
    running here(*this, at);
    core_->begin_run();
    core_->begin_turn();
    turn(here, may_wait);
    core_->runner.rethrow_failure();
    goes_on = core_->is_alive();
    if (!core_->runner.is_exiting()) return goes_on;
    core_->run_exit();
  }
  end();
  return false;
}
bool loop::run_once(site at) { return run_turn(true, at); }
bool loop::run_nowait(site at) { return run_turn(false, at); }

result<outside_wait> loop::begin_wait(site at) {
  loop_core& c = open_core("begin_wait");
  return c.stack().begin_wait(c.is_alive() ? c.wait_limit() : no_limit, at);
}

void loop::stop() noexcept {
  if (!core_) return;
  ROUSE_ASSERT(!is_driven_elsewhere());  // on another thread: post it
  core_->is_stopping = true;
}
void loop::exit(int code) noexcept {
  if (!core_) return;
  ROUSE_ASSERT(!is_driven_elsewhere());  // on another thread: post it
  core_->runner.exit(code);
}

result<void> loop::close() noexcept {
  if (!core_) return std::unexpected(error("close", errc::closed));
  if (core_->stack().executor().is_driven())
    return std::unexpected(error("close", errc::would_deadlock));
  delete std::exchange(core_, nullptr);
  return {};
}

// ---- work that calls back

namespace internal {

loop_request::loop_request(loop& of, const std::source_location& set_at)
    : loop_caller(of, "call_when_done"), set_at_(set_at) {
  request& fresh = core().request_table.emplace();
  fresh.hold = of.hold();
  id_ = {{requests::index_of(fresh), requests::serial_of(fresh)}};
}

loop_request::~loop_request() {
  if (id_ == request_id()) return;  // moved from
  request* mine = core().request_table.find(id_.index, id_.serial);
  std::move(mine->task).detach();
  core().request_table.erase(*mine);
}

void loop_caller::call(callback<void()> f, const char* what,
                       const std::source_location* set_at) const noexcept {
  core_->call_in_poll(std::move(f), what, set_at);
}

void loop_caller::fail(std::exception_ptr thrown) const noexcept {
  core_->runner.fail(std::move(thrown));
}

caught_error caught(const char* operation) noexcept {
  try {
    throw;
  } catch (const io_error& e) {
    return {e.reason(), true};
  } catch (const std::bad_alloc&) {
    return {error("memory", ENOMEM), true};
  } catch (...) {
    return {error(operation, errc::threw), false};
  }
}

}  // namespace internal
}  // namespace rouse
