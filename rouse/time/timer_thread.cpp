#include <rouse/time/timer_thread.hpp>

#include <rouse/park/thread_park.hpp>
#include <rouse/sys/signals.hpp>
#include <rouse/time/timer_park.hpp>

#include <new>

namespace rouse {

/// Counted by handles, and by the thread. The last handle ends the thread; whoever is last frees
/// this.
class timer_thread::worker {
 public:
  explicit worker(clock& c)
      : stack_(c), handle(stack_.driver().handle()), unparker_(stack_.unparker()) {}

  [[nodiscard]] result<void> start(thread_starter how) noexcept {
    references_.fetch_add(1, order::relaxed);
    const sys::scoped_signal_block no_signals(sys::signal_set::all());  // inherited by the thread
    auto started = thread::start(run, this, 0, how);
    if (!started) {
      references_.fetch_sub(1, order::relaxed);
      return std::unexpected(error("timer thread", started.error().code));
    }
    thread_ = std::move(*started);
    return {};
  }
  void retain_handle() noexcept { handles_.fetch_add(1, order::relaxed); }
  void release_handle() noexcept {
    // acq_rel: pairs with the other handles, so that the last one sees all they did
    if (handles_.fetch_sub(1, order::acq_rel) != 1) return;
    stop_.store(true, order::release);
    unparker_.unpark();
    if (here == this)
      thread_.detach();
    else
      thread_.join();
    release();
  }
  void release() noexcept {
    // acq_rel: pairs with the other release
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

 private:
  static void* run(void* self) noexcept {
    pthread_setname_np(pthread_self(), "rouse-timer");
    auto& w = *static_cast<worker*>(self);
    here = &w;
    // acquire: pairs with the last handle's store
    while (!w.stop_.load(order::acquire))
      (void)w.stack_.park(no_limit);  // a thread_park never fails
    w.stack_.reset();
    w.release();
    return nullptr;
  }

  /// Destroyed on its own thread, so that what is woken then is woken there, too.
  class stack {
   public:
    explicit stack(clock& c) { ::new (static_cast<void*>(&park_)) timer_park<thread_park>(c); }
    ~stack() { reset(); }
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;
    void reset() noexcept {
      if (std::exchange(alive_, false)) park_.~timer_park<thread_park>();
    }
    result<park_outcome> park(nanoseconds limit) { return park_.park(limit); }
    timer_driver& driver() noexcept { return park_.driver(); }
    rouse::unparker unparker() { return park_.unparker(); }

   private:
    union {
      timer_park<thread_park> park_;
    };
    bool alive_ = true;
  };

  stack stack_;

 public:
  const timer_handle handle;

 private:
  const unparker unparker_;
  atomic<bool> stop_{false};
  atomic<long> handles_{1};
  atomic<int> references_{1};  // the handles together, and the thread
  thread thread_;
  inline static constinit thread_local worker* here = nullptr;  // whose thread this is
};

result<timer_thread> timer_thread::start(clock& c, thread_starter how) noexcept {
  worker* w = nullptr;
  try {
    w = new worker(c);
  } catch (const std::bad_alloc&) {
    return std::unexpected(error("timer thread", ENOMEM));
  }
  if (const auto started = w->start(how); !started) {
    w->release();
    return std::unexpected(started.error());
  }
  return timer_thread(w);
}

timer_thread::timer_thread(const timer_thread& other) noexcept : thread_(other.thread_) {
  if (thread_) thread_->retain_handle();
}

timer_thread::~timer_thread() {
  if (thread_) thread_->release_handle();
}

result<timer_registration> timer_thread::register_at(instant at, waker w) const noexcept {
  return thread_->handle.register_at(at, std::move(w));
}

result<timer_registration> timer_thread::register_after(nanoseconds d, waker w) const noexcept {
  return thread_->handle.register_after(d, std::move(w));
}

timer_handle timer_thread::handle() const noexcept { return thread_->handle; }

}  // namespace rouse
