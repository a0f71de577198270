#include <rouse/runtime/foreign_sources.hpp>

#include <rouse/base/list.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/time/timer_driver.hpp>

#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace rouse {

/// Counted by the set and by its task, which exists while there is something to wait for.
class foreign_sources::state {
 public:
  state(runtime& on, options how)
      : reactor_(on.reactor()),
        timer_driver_(on.timer()),
        executor_(on.executor()),
        handle_(on.handle()),
        options_(how),
        timer_(*this) {
    ROUSE_ASSERT(how.callbacks_per_poll > 0);
  }

  result<void> watch(int fd, foreign_interest what, ready_callback on_ready);
  bool modify(int fd, foreign_interest what) noexcept;
  void remove(int fd) noexcept;
  result<void> set_timer(nanoseconds after, timeout_callback on_timeout);
  void clear_timer() noexcept;
  [[nodiscard]] std::size_t watch_count() const noexcept { return count_; }
  [[nodiscard]] bool has_timer() const noexcept { return static_cast<bool>(on_timeout_); }

  /// The set is gone.
  void close() noexcept;
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 private:
  class task;
  class guest_watch;
  class guest_timer : public timer_entry {
   public:
    explicit guest_timer(state& of) noexcept : timer_entry(on_fire), of_(of) {}
    bool is_armed = false;
    bool is_due = false;

   private:
    static void on_fire(timer_entry& e, reason why) noexcept {
      auto& self = static_cast<guest_timer&>(e);
      self.is_armed = false;
      self.is_due = why == reason::due;
      self.of_.wake();
    }
    state& of_;
  };
  class failed_callback;

  ~state() = default;

  [[nodiscard]] guest_watch* find(int fd) noexcept {
    const auto index = static_cast<std::size_t>(fd);
    return fd >= 0 && index < by_number_.size() ? by_number_[index] : nullptr;
  }
  [[nodiscard]] bool is_idle() const noexcept { return count_ == 0 && !has_timer(); }
  result<void> ensure_task();
  /// Has the task look at what changed, unless it is looking.
  void wake() noexcept {
    if (waker_) waker_->wake();
  }

  poll_result<void> poll(context& cx);
  unsigned serve(guest_watch& w);
  void fire();
  template <class Call>
  void call(Call&& guest);

  rouse::reactor& reactor_;
  timer_driver& timer_driver_;
  current_thread_executor& executor_;
  executor_handle handle_;  // tells whether the three above are alive
  options options_;
  std::vector<guest_watch*> by_number_;
  std::size_t count_ = 0;
  list<guest_watch> ready_;        // to be looked at
  guest_watch* called_ = nullptr;  // whose callback runs; null when that has removed it
  guest_timer timer_;
  timeout_callback on_timeout_;
  wakeable* waker_ = nullptr;  // of the task, borrowed; null while it is polled or does not exist
  bool has_task_ = false;
  bool is_closed_ = false;
  unsigned references_ = 1;
};

/// One descriptor. Its operations wake it, and it puts itself among those to be looked at.
class foreign_sources::state::guest_watch final : public wakeable, public list_link {
 public:
  guest_watch(state& of, int fd, source duplicate, foreign_interest wanted,
              ready_callback on_ready) noexcept
      : wakeable(table),
        callback(std::move(on_ready)),
        of_(of),
        source_(std::move(duplicate)),
        fd_(fd),
        wanted_(wanted) {}

  /// What is so now of what is wanted; of what is not, the kernel is asked to tell.
  foreign_events look() {
    foreign_events e{.fd = fd_};
    e.readable = wanted_.readable && is_ready(read_, &operation::readable);
    e.writable = wanted_.writable && is_ready(write_, &operation::writable);
    if (is_broken_) return rest(), foreign_events{.fd = fd_, .error = true};
    e.error = (e.readable || e.writable) && sys::nonblocking::is_failed(source_.fd()) > 0;
    return e;
  }
  void want(foreign_interest what) noexcept {
    wanted_ = what;
    if (!what.readable) read_.reset();
    if (!what.writable) write_.reset();
    queue();
  }
  void queue() noexcept {
    if (!is_linked()) of_.ready_.push_back(*this);
  }
  /// Lets go of the descriptor.
  void end() noexcept {
    unlink();
    read_.reset();
    write_.reset();
    source_.close();
  }

  ready_callback callback;

 private:
  bool is_ready(std::optional<operation>& of, void (operation::*ask)(source&) noexcept) {
    if (!of) (of.emplace().*ask)(source_);
    context cx(static_cast<wakeable&>(*this));
    if (!of->poll(cx)) return false;
    is_broken_ |= of->result() < 0;
    of.reset();
    return true;
  }
  void rest() noexcept {
    is_broken_ = false;
    wanted_ = {};
    read_.reset();
    write_.reset();
  }

  static const wake_table table;

  state& of_;
  source source_;
  std::optional<operation> read_;  // while the kernel is to tell; ends before its source
  std::optional<operation> write_;
  int fd_;
  foreign_interest wanted_;
  bool is_broken_ = false;
};

// Woken on the reactor's thread only, and a watch ends its operations first: nothing is counted.
const wake_table foreign_sources::state::guest_watch::table{
    [](wakeable& self) noexcept {
      auto& w = static_cast<guest_watch&>(self);
      w.queue();
      w.of_.wake();
    },
    [](wakeable& self) noexcept -> wakeable& { return self; },
    [](wakeable&) noexcept {},
};

/// The task's work.
class foreign_sources::state::task {
 public:
  explicit task(state& of) noexcept : state_(&of) { of.references_++; }
  task(task&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ~task() {
    if (!state_) return;
    state_->has_task_ = false;
    state_->waker_ = nullptr;
    state_->release();
  }
  poll_result<void> poll(context& cx) { return state_->poll(cx); }

 private:
  state* state_;
};

/// Throws what a callback has thrown, in a task of its own.
class foreign_sources::state::failed_callback {
 public:
  explicit failed_callback(std::exception_ptr why) noexcept : why_(std::move(why)) {}
  poll_result<void> poll(context&) { std::rethrow_exception(why_); }

 private:
  std::exception_ptr why_;
};

// ---- what the guest asks for

result<void> foreign_sources::state::ensure_task() try {
  if (has_task_) return wake(), result<void>();
  if (auto alive = handle_.status(); !alive) return alive;
  task fresh(*this);
  executor_.spawn(std::move(fresh), {.name = "foreign sources", .background = options_.background})
      .detach();
  has_task_ = true;
  return {};
} catch (const std::bad_alloc&) {
  return std::unexpected(error("foreign sources", ENOMEM));
}

result<void> foreign_sources::state::watch(int fd, foreign_interest what,
                                           ready_callback on_ready) try {
  ROUSE_ASSERT(on_ready);
  remove(fd);
  if (auto alive = handle_.status(); !alive) return alive;
  auto duplicate = sys::duplicate(fd);
  if (!duplicate) return std::unexpected(duplicate.error());
  auto attached = reactor_.attach(std::move(*duplicate));
  if (!attached) return std::unexpected(attached.error());
  const auto index = static_cast<std::size_t>(fd);
  if (index >= by_number_.size()) by_number_.resize(index + 1);
  auto fresh =
      std::make_unique<guest_watch>(*this, fd, std::move(*attached), what, std::move(on_ready));
  fresh->queue();
  if (auto ensured = ensure_task(); !ensured) return ensured;
  by_number_[index] = fresh.release();
  count_++;
  return {};
} catch (const std::bad_alloc&) {
  return std::unexpected(error("watch", ENOMEM));
}

bool foreign_sources::state::modify(int fd, foreign_interest what) noexcept {
  guest_watch* w = find(fd);
  if (!w) return false;
  w->want(what);
  wake();
  return true;
}

void foreign_sources::state::remove(int fd) noexcept {
  guest_watch* w = find(fd);
  if (!w) return;
  by_number_[static_cast<std::size_t>(fd)] = nullptr;
  count_--;
  w->end();
  if (w == called_)
    called_ = nullptr;  // it goes when its callback has returned
  else
    delete w;
  wake();
}

result<void> foreign_sources::state::set_timer(nanoseconds after, timeout_callback on_timeout) {
  ROUSE_ASSERT(on_timeout);
  clear_timer();
  if (auto ensured = ensure_task(); !ensured) return ensured;
  on_timeout_ = std::move(on_timeout);
  timer_driver_.arm(timer_, saturating_add(timer_driver_.now(), after));
  timer_.is_armed = true;
  return {};
}

void foreign_sources::state::clear_timer() noexcept {
  if (std::exchange(timer_.is_armed, false)) timer_driver_.disarm(timer_);
  timer_.is_due = false;
  on_timeout_.reset();
  wake();
}

void foreign_sources::state::close() noexcept {
  is_closed_ = true;
  clear_timer();
  for (std::size_t fd = 0; fd < by_number_.size(); fd++)
    remove(static_cast<int>(fd));
  release();
}

// ---- the task

poll_result<void> foreign_sources::state::poll(context& cx) {
  waker_ = nullptr;
  unsigned left = options_.callbacks_per_poll;
  if (timer_.is_due) fire(), --left;
  list<guest_watch> batch;  // each once; whoever is ready again comes after the others
  batch.splice_back(ready_);
  while (left != 0 && !batch.is_empty() && cx.spend())
    left -= serve(*batch.pop_front());
  batch.splice_back(ready_);
  ready_.splice_back(batch);
  if (is_idle()) {
    has_task_ = false;
    return ready;
  }
  waker_ = cx.borrow_waker();
  if (!ready_.is_empty() || timer_.is_due) cx.wake();
  return pending;
}

/// Callbacks made: 0 or 1.
unsigned foreign_sources::state::serve(guest_watch& w) {
  const foreign_events e = w.look();
  if (!e.readable && !e.writable && !e.error) return 0;
  called_ = &w;
  call([&] { w.callback(e); });
  if (std::exchange(called_, nullptr) == &w)
    w.queue();  // and is looked at again
  else
    delete &w;
  return 1;
}

void foreign_sources::state::fire() {
  timer_.is_due = false;
  call([&] { on_timeout_.call_once(); });
}

/// Calls the guest; what it throws becomes a task that failed.
template <class Call>
void foreign_sources::state::call(Call&& guest) {
  try {
    guest();
  } catch (...) {
    executor_.spawn(failed_callback(std::current_exception())).detach();
  }
}

// ---- the set

foreign_sources::foreign_sources(runtime& on, options how) : state_(new state(on, how)) {}

foreign_sources::~foreign_sources() {
  if (state_) state_->close();
}

result<void> foreign_sources::watch(int fd, foreign_interest what, ready_callback on_ready) {
  return state_->watch(fd, what, std::move(on_ready));
}
bool foreign_sources::modify(int fd, foreign_interest what) noexcept {
  return state_->modify(fd, what);
}
void foreign_sources::remove(int fd) noexcept { state_->remove(fd); }
result<void> foreign_sources::set_timer(nanoseconds after, timeout_callback on_timeout) {
  return state_->set_timer(after, std::move(on_timeout));
}
void foreign_sources::clear_timer() noexcept { state_->clear_timer(); }
std::size_t foreign_sources::watch_count() const noexcept { return state_->watch_count(); }
bool foreign_sources::has_timer() const noexcept { return state_->has_timer(); }

}  // namespace rouse
