// The scenario `loop_queues`: timers, immediates, ticks, microtasks, hooks and what is deferred;
// jobs on another thread, which ring a bell and post.
#include <rouse/loop/loop_async.hpp>
#include <rouse/loop/loop_jobs.hpp>

#include <tests/faults/looped.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>

namespace faults {

using namespace rouse;
using namespace std::chrono_literals;

namespace {

class queues final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  void begin() override {
    each_queue();
    each_hook();
    intervals();
    jobs();
    on().on_before_exit([this] { before_exits_++; });
  }

  /// Several of each, so that the queues grow.
  void each_queue() {
    for (int i = 0; i < 20; i++) {
      ask(timeouts_, [&] { on().set_timeout(i * 10us, [this] { timeouts_.came(out); }); });
      ask(immediates_, [this] { on().set_immediate([this] { immediates_.came(out); }); });
      ask(ticks_, [this] { on().next_tick([this] { ticks_.came(out); }); });
      ask(microtasks_, [this] { on().queue_microtask([this] { microtasks_.came(out); }); });
      ask(deferred_, [this] { on().defer([this] { defer_again(); }); });
      ask(closings_, [this] { on().call_when_closed([this] { closings_.came(out); }); });
    }
  }
  void defer_again() {
    deferred_.came(out);
    ask(deferred_, [this] { on().defer([this] { deferred_.came(out); }); });
  }
  void each_hook() {
    ask(hooks_, [this] { hook_ids_[0] = on().add_idle([this] { hooked(0); }); });
    ask(hooks_, [this] { hook_ids_[1] = on().add_prepare([this] { hooked(1); }); });
    ask(hooks_, [this] { hook_ids_[2] = on().add_check([this] { hooked(2); }); });
  }
  void hooked(unsigned i) {
    hooks_.came(out);
    if (!on().remove(hook_ids_[i])) out.note_wrong("hook", "had gone");
  }
  void intervals() {
    ask(intervals_, [this] {
      interval_ = on().set_interval(100us, [this] {
        if (++beats_ != 3) return;
        intervals_.came(out);
        on().clear_interval(interval_);
      });
    });
  }

  void jobs() {
    ask(job_, [this] {
      on().jobs().run([] { return 42; },
                      [this](const result<int>& number) {
                        if (came(job_, number) && *number != 42) out.note_wrong("job", "another");
                      });
    });
    ask(thrower_, [this] {
      on().jobs().run([]() -> int { throw std::runtime_error("on purpose"); },
                      [this](const result<int>& number, const std::exception_ptr& thrown) {
                        thrower_.came(out);
                        if (number) out.note_wrong("throw", "was caught");
                        if (number.error() == errc::threw && !thrown)
                          out.note_wrong("throw", "and what?");
                        if (number.error() != errc::threw) fail("throw", number.error());
                      });
    });
    ask(cancelled_, [this] {
      const request_id last = on().jobs().run([] {},
                                              [this](const result<void>& end) {
                                                cancelled_.came(out);
                                                if (end) out.note_wrong("cancel", "was not");
                                              });
      if (!on().cancel(last)) out.note_wrong("cancel", "had ended");
    });
    call_in();
  }
  /// From another thread.
  void call_in() {
    ask(bell_, [this] {
      bell_of_.emplace(on(), [this] {
        bell_.came(out);
        bell_of_->close();
      });
    });
    if (!bell_of_) return;
    ask(caller_, [this] {
      hold_ = on().hold();
      auto call = [this, bell = bell_of_->sender(), loop = on().handle()]() -> result<void> {
        for (int i = 0; i < 3; i++)
          if (auto rung = bell.send(); !rung) return rung;
        return loop.post([this] { posted(); });
      };
      post_.expect();
      on().jobs().run(std::move(call), [this](const result<void>& end) {
        caller_.came(out);
        if (end) return;
        post_.waive();
        fail("caller", end.error());
      });
    });
  }
  void posted() {
    post_.came(out);
    hold_ = loop_hold();
  }

  void let_go() noexcept override {
    hold_ = loop_hold();
    if (bell_of_) bell_of_->close();
    for (const hook_id id : hook_ids_)
      (void)on().remove(id);
    (void)on().clear_interval(interval_);
  }
  void settle() noexcept override {
    for (const due_calls* each : {&timeouts_, &immediates_, &ticks_, &microtasks_, &deferred_,
                                  &closings_, &job_, &thrower_, &cancelled_, &caller_})
      each->settle(out);
    if (is_over()) return;
    for (const due_calls* each : {&hooks_, &intervals_, &bell_, &post_})
      each->settle(out);
    if (before_exits_ != 1) out.note_wrong("before_exit", "not called once");
    out.note_complete();
  }

  std::array<hook_id, 3> hook_ids_;
  timer_id interval_;
  unsigned beats_ = 0;
  unsigned before_exits_ = 0;
  std::optional<loop_async> bell_of_;
  loop_hold hold_;
  due_calls timeouts_{"timeout"}, immediates_{"immediate"}, ticks_{"tick"},
      microtasks_{"microtask"}, deferred_{"deferred"}, closings_{"closing"}, hooks_{"hook"},
      intervals_{"interval"}, job_{"job"}, thrower_{"throw"}, cancelled_{"cancel"}, bell_{"bell"},
      caller_{"caller"}, post_{"post"};
};

}  // namespace

void run_loop_queues(const looped_site& at, outcome& out) { queues(at, out).run(); }

}  // namespace faults
