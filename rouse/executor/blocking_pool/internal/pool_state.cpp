#include <rouse/executor/blocking_pool/internal/pool_state.hpp>

#include <rouse/base/log.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>

#include <cstdio>
#include <new>

namespace rouse::internal {
namespace {

/// How often a lingering thread gives way: some 3 us on a free processor.
constexpr int lingering_looks = 8;
/// How many of those that sleep are left alone because they came last.
constexpr int latest_passed_over = 3;

constinit thread_local const pool_state* pool_here = nullptr;

/// Signals are the application's business, and must not interrupt a stranger's call: only those
/// stay that a fault of the thread itself raises, or a profiler.
sys::signal_set foreign_signals() noexcept {
  constexpr int of_the_thread[] = {4, 5,  6,  7,
                                   8, 11, 27, 31};  // ILL TRAP ABRT BUS FPE SEGV PROF SYS
  sys::signal_set all = sys::signal_set::all();
  for (const int signal : of_the_thread)
    all.remove(signal);
  return all;
}

/// "name-7" in at most 15 bytes, the number whole.
std::string thread_name(const std::string& pool, unsigned number) {
  constexpr std::size_t bytes_max = 15;
  const std::string suffix = "-" + std::to_string(number);
  return pool.substr(0, bytes_max - suffix.size()) + suffix;
}

class_queue::caps class_caps(const blocking_pool_options& options) noexcept {
  const unsigned half = (options.threads_max + 1) / 2;
  const auto chosen = [](unsigned cap, unsigned otherwise) { return cap ? cap : otherwise; };
  return {chosen(options.general_threads_max, options.threads_max),
          chosen(options.files_threads_max, half), chosen(options.names_threads_max, half)};
}

void join_and_free(pool_thread* t) noexcept {
  t->handle.join();
  delete t;
}

}  // namespace

pool_state::pool_state(const blocking_pool_options& options)
    : options_(options),
      name_(options.name),
      queue_(class_caps(options)),
      threads_(options.threads_max) {
  ROUSE_ASSERT(options.threads_max > 0);
  forks_ = fork_count();
}

bool pool_state::is_forked() const noexcept { return forks_ != fork_count(); }

pool_state::~pool_state() { ROUSE_ASSERT(live_ == 0 && !gone_); }

const pool_state* pool_state::serving_here() noexcept { return pool_here; }

// ---- submitting

result<void> pool_state::enqueue(pool_job& job) noexcept {
  if (is_forked()) [[unlikely]]
    return std::unexpected(error("submit", errc::forked));
  int no_thread = 0;
  {
    const lock_guard lock(lock_);
    if (is_closed_) return std::unexpected(error("submit", errc::runtime_shut_down));
    queue_.push(job);
    if (queue_.startable() > free_threads() && live_ < options_.threads_max)
      no_thread = start_thread();
    call_thread();
    if (live_ == 0) {
      queue_.remove(job);
      return std::unexpected(error("submit", no_thread));
    }
    if (waiting(job.kind()) > options_.queue_max) {
      queue_.remove(job);
      return std::unexpected(error("submit", errc::at_capacity));
    }
    retain();
    job.pool_ = this;
    job.references_.fetch_add(1, order::relaxed);
  }
  if (no_thread != 0) {
    ROUSE_LOG(warning, "%s: cannot make another thread (errno %d), going on with fewer",
              name_.c_str(), no_thread);
  }
  return {};
}

void pool_state::call_thread() noexcept {
  if (claimed_ != 0 || queue_.startable() == 0) return;
  pool_thread* t = std::exchange(lingering_, nullptr);
  if (t) {
    t->is_called.store(true, order::relaxed);
  } else if ((t = next_idle())) {
    t->unlink();
    t->woken.notify_one();
  } else {
    return;
  }
  t->is_claimed = true;
  ++claimed_;
}

pool_thread* pool_state::next_idle() noexcept {
  pool_thread* t = idle_.back();
  for (int passed = 0; t && passed < latest_passed_over; ++passed) {
    pool_thread* const earlier = idle_.previous(*t);
    if (!earlier) break;
    t = earlier;
  }
  return t;
}

int pool_state::start_thread() noexcept {
  unsigned number = 0;
  while (threads_[number])
    ++number;
  auto* fresh = new (std::nothrow) pool_thread;
  if (!fresh) return ENOMEM;
  fresh->pool = this;
  fresh->number = number;
  fresh->is_claimed = true;

  const sys::scoped_signal_block block(foreign_signals());
  auto started = thread::start(&enter, fresh, options_.stack_bytes, options_.start_thread);
  if (!started) {
    delete fresh;
    return started.error().code;
  }
  fresh->handle =
      std::move(*started);  // the new thread waits for our lock before it looks at anything
  threads_[number] = fresh;
  ++live_;
  ++claimed_;
  retain();
  return 0;
}

bool pool_state::take_back(pool_job& job) noexcept {
  const lock_guard lock(lock_);
  if (!job.is_linked()) return false;
  queue_.remove(job);
  return true;
}

blocking_pool_status pool_state::status() const noexcept {
  const lock_guard lock(lock_);
  blocking_pool_status s{live_, queue_.running(), queue_.queued(), {}};
  for (std::size_t i = 0; i < job_classes; ++i)
    s.classes[i] = queue_.status(static_cast<job_class>(i));
  return s;
}

// ---- one thread's life

void* pool_state::enter(void* thread) noexcept {
  auto& me = *static_cast<pool_thread*>(thread);
  pool_state* pool = me.pool;
  pool_here = pool;
  pool->serve(me);
  pool->release();
  return nullptr;
}

void pool_state::serve(pool_thread& me) noexcept {
  sys::name_this_thread(thread_name(name_, me.number).c_str());
  call_hook(options_.after_start, me);
  serve_queue(me);
  if (me.is_left_behind) {  // nobody else refers to it now, nor is there anybody to tell
    delete &me;
    return;
  }
  call_hook(options_.before_stop, me);
  if (me.joins) join_and_free(me.joins);
}

void pool_state::serve_queue(pool_thread& me) noexcept {
  const lock_guard lock(lock_);
  for (;;) {
    if (std::exchange(me.is_claimed, false)) --claimed_;
    if (pool_job* job = queue_.begin()) {
      call_thread();
      run(me, *job);
    } else if (is_closed_) {
      return await_turn(me);
    } else if (linger(me)) {
      continue;
    } else if (!await_claim(me)) {
      return leave(me);
    }
  }
}

void pool_state::run(pool_thread& me, pool_job& job) noexcept {
  me.is_running = true;
  me.job_name = job.name();
  me.job_kind = job.kind();
  lock_.unlock();
  job.run(&me);
  lock_.lock();
  me.is_running = false;
  if (me.is_left_behind) return;  // no longer counted
  queue_.end(me.job_kind);
  if (is_closed_ && queue_.running() == 0) quiet_.notify_all();
}

void pool_state::leave(pool_thread& me) noexcept {
  threads_[me.number] = nullptr;
  --live_;
  me.joins = std::exchange(gone_, &me);
}

bool pool_state::linger(pool_thread& me) noexcept {
  if (lingering_) return false;
  lingering_ = &me;
  me.is_called.store(false, order::relaxed);
  lock_.unlock();
  for (int i = 0; i < lingering_looks && !me.is_called.load(order::relaxed); ++i)
    sys::yield_thread();
  lock_.lock();
  if (me.is_claimed) return true;
  lingering_ = nullptr;
  return is_closed_;
}

bool pool_state::await_claim(pool_thread& me) noexcept {
  idle_.push_back(me);
  const instant until = options_.keep_alive == no_limit
                            ? never
                            : saturating_add(sys::monotonic_now(), options_.keep_alive);
  while (!me.is_claimed && !is_closed_) {
    const nanoseconds left = until == never ? no_limit : time_left(sys::monotonic_now(), until);
    if (left <= nanoseconds(0)) {
      me.unlink();
      return queue_.startable() != 0;  // a job whose thread is on its way: ours is here already
    }
    me.woken.wait_for(lock_, left);
  }
  me.unlink();
  return true;
}

void pool_state::await_turn(pool_thread& me) noexcept {
  while (turn_ <= me.number && !me.is_left_behind)
    me.woken.wait(lock_);
}

void pool_state::call_hook(void (*hook)(unsigned, void*), const pool_thread& me) const noexcept {
  if (hook) hook(me.number, options_.hook_data);
}

// ---- shutting down

result<std::vector<stuck_job>> pool_state::shutdown(nanoseconds limit) {
  if (is_forked()) return std::vector<stuck_job>();  // its threads are the parent's
  if (pool_here == this) return std::unexpected(error("pool shutdown", errc::would_deadlock));
  refuse_all();
  await_quiet(limit);
  auto stuck = end_threads();
  for (const stuck_job& s : stuck)
    ROUSE_LOG(warning, "%s is left behind with a job that does not end: %s", s.thread.c_str(),
              s.job.empty() ? "(no name)" : s.job.c_str());
  return stuck;
}

void pool_state::refuse_all() noexcept {
  for (;;) {
    pool_job* job = nullptr;
    {
      const lock_guard lock(lock_);
      is_closed_ = true;  // idle threads are told in end_threads()
      job = queue_.pop();
      if (!job) return;
    }
    job->refuse(
        error("blocking job", ECANCELED));  // strangers' destructors and wakers: outside the lock
  }
}

void pool_state::await_quiet(nanoseconds limit) noexcept {
  const instant until = limit == no_limit ? never : saturating_add(sys::monotonic_now(), limit);
  const lock_guard lock(lock_);
  while (queue_.running() != 0) {
    const nanoseconds left = until == never ? no_limit : time_left(sys::monotonic_now(), until);
    if (left <= nanoseconds(0)) return;
    quiet_.wait_for(lock_, left);
  }
}

std::vector<stuck_job> pool_state::end_threads() {
  std::vector<stuck_job> stuck;
  for (unsigned number = 0; number < options_.threads_max; ++number) {
    pool_thread* t = nullptr;
    {
      const lock_guard lock(lock_);
      t = threads_[number];
      turn_ = number + 1;
      if (!t) continue;
      if (t->is_running) {
        stuck.push_back(describe(*t));
        t->is_left_behind = true;
        queue_.end(t->job_kind);
        t->handle.detach();
        t = nullptr;
      } else {
        t->woken.notify_one();
      }
      threads_[number] = nullptr;
      --live_;
    }
    if (t) join_and_free(t);
  }
  pool_thread* last = nullptr;
  {
    const lock_guard lock(lock_);
    last = std::exchange(gone_, nullptr);
  }
  if (last) join_and_free(last);
  return stuck;
}

stuck_job pool_state::describe(const pool_thread& t) const {
  return {thread_name(name_, t.number), t.job_name};
}

void pool_state::report_unjoined(const char* job, std::exception_ptr thrown) const noexcept {
  if (options_.on_unjoined) return options_.on_unjoined(job, std::move(thrown));
  const char* const name = *job ? job : "a job";
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& e) {
    ROUSE_LOG(error, "%s: %s threw, and nobody awaits it: %s", name_.c_str(), name, e.what());
  } catch (...) {
    ROUSE_LOG(error, "%s: %s threw, and nobody awaits it", name_.c_str(), name);
  }
}

// ---- jobs

pool_job::~pool_job() {
  if (pool_) pool_->release();
}

bool pool_job::poll_finished(context& cx) noexcept {
  if (is_finished()) return true;
  wakeable* const mine = cx.get_waker().release();
  // release: who ends the job wakes what is whole; acquire: what the job has done
  wakeable* const former = waiter_.exchange(mine, order::acq_rel);
  const bool has_ended = former == &job_has_ended;
  if (has_ended) waiter_.store(&job_has_ended, order::relaxed);  // it looks at this no more
  wakeable* const unused = has_ended ? mine : former;
  if (unused) waker::adopt(*unused).reset();
  return has_ended;
}

void pool_job::forget_waker() noexcept {
  wakeable* mine = waiter_.load(order::relaxed);
  if (!mine || mine == &job_has_ended) return;
  if (waiter_.compare_exchange_strong(mine, nullptr, order::relaxed)) waker::adopt(*mine).reset();
}

bool pool_job::take_back() noexcept {
  if (!pool_ || is_finished() || !pool_->take_back(*this)) return false;
  discard();
  release();  // the queue's; the handle still holds its own
  return true;
}

void pool_job::run(const void* thread) noexcept {
  trace::probe_point(trace::event::poll_begin, this, thread);
  execute();
  finish();
  trace::probe_point(trace::event::complete, this, thread);
  release();
}

void pool_job::refuse(const error& why) noexcept {
  discard();
  set_error(why);
  finish();
  release();
}

void pool_job::finish() noexcept {
  // release: pairs with is_finished() and poll_finished(); acquire: what is woken is whole
  wakeable* const waiter = waiter_.exchange(&job_has_ended, order::acq_rel);
  if (waiter) waker::adopt(*waiter).wake_and_reset();
}

void pool_job::report_unjoined(const std::exception_ptr& thrown) noexcept {
  pool_->report_unjoined(name_, thrown);
}

}  // namespace rouse::internal
