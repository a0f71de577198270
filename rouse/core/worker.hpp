// A worker: the run queue of one thread, and the life of the tasks it owns.
//
// Executors derive from it and decide *when* to run and to sleep; what happens to a task in between
// is decided here. See task_header.hpp for the states. How a foreign push wakes a sleeping worker
// exactly once, and how a worker that goes away knows that nobody is still about to unpark it:
// before it parks it leaves the mark `asleep` in its empty inbox; the one push that finds the mark
// owes one unpark, and counts it when done; teardown waits for as many as were owed (in a copy made
// by fork() for none: who owes is not there).
#pragma once

#include <rouse/core/task_header.hpp>

#include <cstddef>

namespace rouse {

class worker {
 public:
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// The worker that runs on this thread, or null.
  [[nodiscard]] static worker* current() noexcept { return running_here; }

  /// Takes a new task in, ready to be polled. Owner's thread.
  void adopt(task_header& fresh) noexcept { adopt_child(fresh, tasks_); }
  /// The same at the head of the run queue.
  void adopt_first(task_header& fresh) noexcept;
  /// The same for a task that `children` lists instead of the worker.
  void adopt_child(task_header& fresh, list<task_header>& children) noexcept {
    enrol(fresh, children);
    push(fresh);
  }
  /// Lists a task itself, which a nursery has listed so far.
  void take_over(task_header& t) noexcept {
    t.unlink();
    tasks_.push_back(t);
  }
  /// Ends a task that no worker has adopted. Any thread.
  static void discard(task_header& fresh) noexcept;

  /// Asks a task to end: it is cancelled, awaited, destroyed. Any thread.
  static void abort(task_header& t) noexcept;
  /// Ends a task here and now by plain destruction: its owner's thread, not from inside its own
  /// poll.
  void destroy_now(task_header& t) noexcept;
  /// A join handle or nursery lets go: the outcome is dropped, an unseen failure reported. With
  /// `and_cancel` a task that has not ended is aborted first. Any thread.
  static void unjoin(task_header& t, bool and_cancel) noexcept;
  /// The same when the outcome has been taken. Any thread.
  static void forget(task_header& t) noexcept {
    if (!is_mine(t)) [[unlikely]]
      return unjoin(t, false);
    if (t.references == 0 && t.foreign.load(order::acquire) == 0 && t.completed && !t.scheduled &&
        !t.running) [[likely]]
      return release(t);
    t.joined = false;
    if (t.references <= 0) running_here->settle(t);
  }

  /// Tasks that have not completed, background ones left out. Owner's thread.
  [[nodiscard]] std::size_t live_tasks() const noexcept { return live_; }
  [[nodiscard]] bool has_ready() const noexcept { return head_ != nullptr; }
  /// Calls `f(task_header&)` for each task in the worker's own list: those of nurseries hang below
  /// their parents.
  template <class F>
  void for_each_task(F&& f) {
    for (task_header* t = tasks_.front(); t; t = tasks_.next(*t))
      f(*t);
  }

  // What wakers do; any thread.
  static bool is_mine(const task_header& t) noexcept {
    return t.owner.load(order::relaxed) == running_here;
  }
  static void wake(task_header& t) noexcept;
  static void wake_and_drop(task_header& t) noexcept;
  static void clone(task_header& t) noexcept;
  static void drop(task_header& t) noexcept;

 protected:
  worker() noexcept;
  ~worker() = default;

  /// Makes this the current worker of the thread for a block.
  class running_scope {
   public:
    explicit running_scope(worker& w) noexcept : former_(running_here) { running_here = &w; }
    running_scope(const running_scope&) = delete;
    running_scope& operator=(const running_scope&) = delete;
    ~running_scope() { running_here = former_; }

   private:
    worker* former_;
  };

  /// Ends the sleep that the executor is in. Any thread; the worker is alive until it returns.
  virtual void unpark() noexcept = 0;
  /// A task failed and nobody will ever join it.
  virtual void on_unjoined_failure(task_header& t, std::exception_ptr failure) noexcept = 0;

  /// Runs ready tasks, at most `polls` of them, until none is left or `stop` (null: none) has
  /// completed, or one has used its whole budget; gives how many it ran. Looks into the inbox
  /// before each.
  unsigned run_ready(unsigned polls, const task_header* stop) noexcept;
  /// Before a park: true when the inbox was empty and now carries the mark, so that the next
  /// foreign wake unparks.
  [[nodiscard]] bool begin_sleep() noexcept;
  /// After that park.
  void end_sleep() noexcept;
  [[nodiscard]] bool has_mail() const noexcept {
    task_header* head = inbox_.load(order::relaxed);
    return head != nullptr && head != asleep();
  }
  void drain_inbox() noexcept;
  /// Woken once when the last task that is not in the background has completed; null: nobody.
  void set_idle_waiter(wakeable* waiter) noexcept { idle_waiter_ = waiter; }
  void wake_idle_waiter() noexcept {
    if (wakeable* waiter = idle_waiter_) {
      idle_waiter_ = nullptr;
      waiter->wake();
    }
  }
  [[nodiscard]] bool is_running_here() const noexcept { return running_here == this; }
  /// Destroys every task without resuming any, closes the mailboxes of those that wakers or handles
  /// still refer to. To be called by the derived destructor, with the layers below still alive.
  void close_all(const error& why) noexcept;

 private:
  // Not null, which threads without a worker have.
  static worker* nobody() noexcept { return reinterpret_cast<worker*>(1); }
  static task_header* asleep() noexcept { return reinterpret_cast<task_header*>(1); }
  static std::int32_t count(std::uint64_t f) noexcept {
    return static_cast<std::int32_t>(static_cast<std::int64_t>(f) >> 8);
  }

  void push(task_header& t) noexcept {
    t.next = nullptr;
    *tail_ = &t;
    tail_ = &t.next;
  }
  task_header* pop() noexcept {
    task_header* t = head_;
    if (t && !(head_ = t->next)) tail_ = &head_;
    return t;
  }

  void enrol(task_header& fresh, list<task_header>& into) noexcept {
    trace::probe_point(trace::event::spawn, &fresh, nullptr, fresh.name ? fresh.name : "",
                       fresh.spawned_at);
    if (!fresh.background) ++live_;
    into.push_back(fresh);
    fresh.scheduled = true;
  }
  bool step(task_header& t) noexcept;
  bool step_ending(task_header& t) noexcept;
  void end_step(task_header& t, bool traced) noexcept;
  void trace_end_of_poll(task_header& t) const noexcept;
  void end_abandoned(task_header& t) noexcept;
  void finish(task_header& t, bool queued) noexcept;
  void destroy_work(task_header& t, const error& why, bool queued) noexcept;
  void settle(task_header& t) noexcept;
  void fold(task_header& t, std::uint64_t f) noexcept;
  void report_unjoined(task_header& t) noexcept;
  [[nodiscard]] bool close(task_header& t) noexcept;

  static void wake_untraced(task_header& t) noexcept;
  static void wake_traced(task_header& t) noexcept;
  static void wake_foreign(task_header& t, std::uint64_t more) noexcept;
  static void drop_foreign(task_header& t) noexcept;
  static void push_inbox(task_header& t) noexcept;
  static void release(task_header& t) noexcept;
  static void release_named(task_header& t) noexcept;

  inline static constinit thread_local worker* running_here = nullptr;

  task_header* head_ = nullptr;  // owner: ready tasks, FIFO
  task_header** tail_ = &head_;  // where the next one is linked
  context cx_;                   // owner: of the poll that runs
  std::size_t live_ = 0;         // owner: tasks that have not completed, background ones left out
  wakeable* idle_waiter_ = nullptr;  // owner
  std::size_t owed_ = 0;             // owner: unparks that pushers have taken on
  const unsigned forks_;             // when it was made
  list<task_header> tasks_;          // owner: every task with memory that no nursery lists
  alignas(64) atomic<task_header*> inbox_{nullptr};  // any thread pushes, the owner takes all
  atomic<std::size_t> unparked_{0};                  // any thread, its last access to the worker
};

}  // namespace rouse
