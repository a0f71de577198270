// One run of a scenario, and the place in it where the work under test is interrupted.
//
// A *point* is a moment at which the work can be cancelled: it has just suspended; it is about to
// be polled again; some other task of the runtime was polled while it waits. Points are numbered in
// the order in which they come, so that a number names a place in the whole interplay, not only in
// the work: what a peer, a child or a companion had done by then is part of it.
#pragma once

#include <rouse/core/outcome.hpp>
#include <rouse/core/pollable.hpp>
#include <rouse/trace/probe.hpp>

#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rouse::testing {

class trial;

/// How the work under test is ended.
enum class way : unsigned char {
  none,             ///< not at all: the run that counts the points
  cancel,           ///< cancelled, awaited, destroyed: as `select`, `abort` and a scope do
  cancel_and_poll,  ///< the same, but polled once more in between: as `timeout` does
  destroy,          ///< destroyed where it stands
};

/// "not interrupted", "cancelled", ...
[[nodiscard]] const char* name_of(way how) noexcept;

namespace internal {

/// interrupt_operation without its type.
class interruption {
 public:
  interruption(trial& of, std::source_location at) noexcept : trial_(&of), site_(at) {}
  interruption(interruption&& other) noexcept : trial_(other.trial_), site_(other.site_) {
    ROUSE_ASSERT(!other.has_begun_);  // moves before its first poll only
  }
  ~interruption() { leave(); }

 protected:
  /// Before a poll of the work: true when it is to be interrupted instead.
  [[nodiscard]] bool is_due_before(context& cx) noexcept;
  /// After one that ended pending: true when it is to be interrupted now.
  [[nodiscard]] bool is_due_after() noexcept;
  /// From here on it is; gives how.
  way begin_interruption() noexcept;
  /// The work has ended, or nobody can interrupt it any more.
  void leave() noexcept;
  void forget_waker() noexcept { up_ = nullptr; }
  [[nodiscard]] way how() const noexcept;

 private:
  friend trial;
  trial* trial_;
  wakeable* up_ = nullptr;  // borrowed, and not counted as a wake that will come
  std::source_location site_;
  bool has_begun_ = false;
  bool is_due_ = false;  // at a point elsewhere
};

}  // namespace internal

/// See trial::interrupt.
template <pollable P>
class [[nodiscard]] interrupt_operation : private internal::interruption {
 public:
  using value_type = std::optional<value_or_unit<output<P>>>;

  interrupt_operation(trial& of, P&& work, std::source_location at)
      : interruption(of, at), work_(std::move(work)) {}

  poll_result<value_type> poll(context& cx) {
    if (stage_ == stage::running) {
      if (!is_due_before(cx)) {
        if (auto answer = work().poll(cx); answer.is_ready()) return finish(answer);
        if (!is_due_after()) return pending;
      }
      stage_ = begin_interruption() == way::destroy ? stage::closed : stage::cancelling;
    }
    if (stage_ == stage::cancelling) {
      if (!rouse::poll_cancel(work(), cx).is_ready()) return pending;
      stage_ = stage::closed;
      if (how() == way::cancel_and_poll) {
        if (auto answer = work().poll(cx); answer.is_ready()) return finish(answer);
        stage_ = stage::closing;
      }
    }
    if (stage_ == stage::closing) {
      if (!rouse::poll_cancel(work(), cx).is_ready()) return pending;
      stage_ = stage::closed;
    }
    if (stage_ == stage::closed) {
      work_.reset();
      return value_type();
    }
    // Cancelled by the scenario itself, and polled once more.
    if (auto answer = work().poll(cx); answer.is_ready()) return finish(answer);
    return pending;
  }
  poll_result<void> poll_cancel(context& cx) {
    if (!work_) return ready;
    leave();
    if (!rouse::poll_cancel(work(), cx).is_ready()) return pending;
    stage_ = stage::cancelled;
    return ready;
  }
  void disown() noexcept
    requires disownable<P>
  {
    forget_waker();
    if (work_) work_->disown();
  }
  [[nodiscard]] bool borrows() const noexcept { return true; }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { work_->subject(); })
      if (work_) return std::string(work_->subject());
    return {};
  }

 private:
  enum class stage : unsigned char { running, cancelling, closing, closed, cancelled };

  /// It is there until this has given its end.
  [[nodiscard]] P& work() noexcept {
    ROUSE_ASSERT(work_.has_value());
    return *work_;
  }
  value_type finish(poll_result<raw_output<P>>& answer) {
    leave();
    if constexpr (std::is_void_v<output<P>>) {
      rouse::internal::deliver(work(), std::move(answer));
      work_.reset();
      return value_type(std::in_place);
    } else {
      value_type value(std::in_place, rouse::internal::deliver(work(), std::move(answer)));
      work_.reset();
      return value;
    }
  }

  std::optional<P> work_;
  stage stage_ = stage::running;
};

/// One run. The scenario gets it by reference and builds everything else itself, anew each time.
class trial {
 public:
  trial(unsigned point, way how) noexcept : at_(point), how_(how) {}
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;

  /// Runs the work under test. In one of the runs each of its points is the one where it is
  /// cancelled or destroyed; then this gives nothing, else what the work gives (`unit` for void). A
  /// value that beat the cancel counts. One at a time; several may follow each other.
  /// @errors   what awaiting the work throws.
  /// @example  `if (auto bytes = co_await run.interrupt(stream.read())) ...`
  template <pollable P>
  [[nodiscard]] interrupt_operation<P> interrupt(
      P work, std::source_location site = std::source_location::current()) {
    return interrupt_operation<P>(*this, std::move(work), site);
  }

  /// What must hold in every run, wherever the work was interrupted; a failure is reported with
  /// that place. The run goes on.
  void expect(bool holds, std::string_view what,
              std::source_location site = std::source_location::current());

  /// The work was cancelled or destroyed, whether or not a value beat the cancel.
  [[nodiscard]] bool was_interrupted() const noexcept { return interrupted_; }
  /// How this run interrupts it; `none` in the one that counts.
  [[nodiscard]] way how() const noexcept { return how_; }
  /// "cancelled at point 3, as it suspended at main.cpp:12": for messages of the scenario's own.
  [[nodiscard]] std::string to_string() const;

  // ---- For the kit.
  void fail(std::string what);
  void on_probe(const trace::record& r) noexcept;
  [[nodiscard]] unsigned points() const noexcept { return points_; }
  [[nodiscard]] const std::vector<std::string>& failures() const noexcept { return failures_; }
  /// Where a task, or a polled one's innermost frame, was last seen to wait; line 0: not seen.
  [[nodiscard]] std::source_location site_of(const void* task) const noexcept;

 private:
  friend internal::interruption;
  enum class moment : unsigned char { suspended, woken, elsewhere };
  /// True when this is the point.
  bool count(moment when) noexcept;
  void forget_site_of(const void* task) noexcept;

  const unsigned at_;
  const way how_;
  unsigned points_ = 0;
  bool interrupted_ = false;
  moment when_ = moment::suspended;  // of the point
  std::source_location where_;       // likewise
  internal::interruption* active_ = nullptr;
  const void* polled_ = nullptr;  // the task whose poll runs
  const void* own_ = nullptr;     // the task that awaits the work
  struct wait {
    const void* task;
    std::source_location site;
  };
  std::vector<wait> waits_;
  std::vector<std::string> failures_;
};

}  // namespace rouse::testing
