// A layer for work that can wait until nothing else is to be done: trimming caches, publishing
// metrics, warming up. Whenever its thread would otherwise sleep, it does one bit of work and looks
// below without waiting, so that events, timers and wakes are seen between any two bits; only when
// no work is left does it let the thread sleep. It is also the example to follow for layers of
// one's own: everything it needs is in park.hpp.
#pragma once

#include <rouse/park/park.hpp>

#include <type_traits>
#include <utility>

namespace rouse {

namespace internal {

/// Work of any type, linked into the order in which it was added.
struct idle_work {
  idle_work* next = nullptr;
  virtual ~idle_work() = default;
  /// Does one bit. True: there is more.
  virtual bool do_bit() = 0;
};

template <class F>
struct idle_function final : idle_work {
  explicit idle_function(F&& f) : function(std::move(f)) {}
  bool do_bit() override {
    if constexpr (std::is_convertible_v<decltype(function()), bool>)
      return static_cast<bool>(function());
    else
      return function(), false;
  }
  F function;
};

/// FIFO of idle_work. One thread.
class idle_queue {
 public:
  idle_queue() noexcept = default;
  idle_queue(idle_queue&& other) noexcept { take(other); }
  idle_queue& operator=(idle_queue&& other) noexcept {
    if (this != &other) clear(), take(other);
    return *this;
  }
  ~idle_queue() { clear(); }

  [[nodiscard]] bool is_empty() const noexcept { return !first_; }
  void push(idle_work* work) noexcept {
    work->next = nullptr;
    (last_ ? last_->next : first_) = work;
    last_ = work;
  }
  /// One bit of the work in front, which then goes to the back if there is more: every work moves
  /// on. If it throws, that work is dropped and the exception passes.
  void do_bit() {
    struct owner {
      idle_work* work;
      ~owner() { delete work; }
    } front{pop()};
    if (front.work->do_bit()) push(std::exchange(front.work, nullptr));
  }

 private:
  idle_work* pop() noexcept {
    idle_work* work = first_;
    first_ = work->next;
    if (!first_) last_ = nullptr;
    return work;
  }
  void clear() noexcept {
    while (first_)
      delete pop();
  }
  void take(idle_queue& other) noexcept {
    first_ = std::exchange(other.first_, nullptr);
    last_ = std::exchange(other.last_, nullptr);
  }

  idle_work* first_ = nullptr;
  idle_work* last_ = nullptr;
};

}  // namespace internal

/// A park that works instead of sleeping, while there is work. `Inner` is the layer below, by value
/// or by reference: `idle_park<thread_park>` owns it, `idle_park<thread_park&>` does not. Belongs
/// to the thread that parks; only the unparker may be used from others. Work that is left when it
/// is destroyed is dropped undone.
/// @example
///   rouse::idle_park<rouse::thread_park> layer;
///   layer.add([&] { cache.trim_one(); return !cache.is_trimmed(); });   // true: call me again
template <class Inner>
  requires park<std::remove_reference_t<Inner>>
class idle_park {
 public:
  idle_park()
    requires std::is_default_constructible_v<Inner>
  = default;
  explicit idle_park(Inner inner) noexcept(std::is_reference_v<Inner> ||
                                           std::is_nothrow_move_constructible_v<Inner>)
      : inner_(static_cast<Inner&&>(inner)) {}

  /// Queues work for idle times. Each call of `f` is one bit and should be short; where it returns
  /// something that converts to bool, true asks for another call. Works take turns. An exception
  /// leaves park(), and with it the executor's run, and drops that work. Owner's thread; one
  /// allocation.
  template <class F>
  void add(F f) {
    work_.push(new internal::idle_function<F>(std::move(f)));
  }
  /// True while some work is not done.
  [[nodiscard]] bool is_busy() const noexcept { return !work_.is_empty(); }

  /// Asked to wait: with work, one bit and a look below with 0, outcome `events` (the caller looks
  /// for ready tasks and asks again); without, whatever the layer below makes of `limit`. Asked
  /// only to look (0): looks below.
  result<park_outcome> park(nanoseconds limit) {
    if (limit <= nanoseconds(0) || work_.is_empty()) return inner_.park(limit);
    work_.do_bit();
    auto below = inner_.park(nanoseconds(0));
    if (below && *below == park_outcome::timed_out) return park_outcome::events;  // the bit was one
    return below;
  }
  /// The same around a sleep that somebody else makes: with work, the bit is done by end_wait().
  result<outside_wait> begin_wait(nanoseconds limit)
    requires outside_park<std::remove_reference_t<Inner>>
  {
    works_outside_ = limit > nanoseconds(0) && !work_.is_empty();
    return inner_.begin_wait(works_outside_ ? nanoseconds(0) : limit);
  }
  result<park_outcome> end_wait()
    requires outside_park<std::remove_reference_t<Inner>>
  {
    const bool works = std::exchange(works_outside_, false);
    auto below = inner_.end_wait();
    if (works) work_.do_bit();
    if (works && below && *below == park_outcome::timed_out) return park_outcome::events;
    return below;
  }
  [[nodiscard]] rouse::unparker unparker() { return inner_.unparker(); }
  /// A busy executor need not look here for the sake of idle work.
  [[nodiscard]] bool has_work() noexcept { return rouse::has_work(inner_); }
  [[nodiscard]] std::remove_reference_t<Inner>& inner() noexcept { return inner_; }

 private:
  Inner inner_;
  internal::idle_queue work_;
  bool works_outside_ = false;  // from begin_wait to end_wait
};

}  // namespace rouse
