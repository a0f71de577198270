// Stands in for rouse/base/condition.hpp in models. Waits end spuriously too, and one with a limit
// may run out at any step of the others: the clock jumps there.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/mutex.hpp>

namespace rouse {

class condition {
 public:
  condition() noexcept : cell_(model::make_condition()) {}
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;
  ~condition() {
    if (cell_) model::drop_condition(cell_);
  }

  void wait(mutex& m, model::place at = model::place::here()) noexcept {
    model::wait(cell_, m.cell_, at);
  }
  bool wait_for(mutex& m, nanoseconds limit, model::place at = model::place::here()) noexcept {
    if (limit == no_limit) return wait(m, at), true;
    return model::wait_for(cell_, m.cell_, limit.count(), at);
  }
  void notify_one(model::place at = model::place::here()) noexcept {
    model::notify(cell_, false, at);
  }
  void notify_all(model::place at = model::place::here()) noexcept {
    model::notify(cell_, true, at);
  }

 private:
  void* cell_;
};

}  // namespace rouse
