// A task for models: its work is the scenario's, its memory is a block of the scenario's heap.
#pragma once

#include <rouse/core/task_header.hpp>
#include <rouse/core/worker.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {

class probe_task final : public task_header {
 public:
  /// What the task does, and what became of it; outlives it.
  class work {
   public:
    /// True: done.
    virtual bool poll(probe_task& self, context& cx) = 0;

    tally polls;
    tally cancels;
    tally destroyed;  // the work
    tally released;   // the memory
    tally failed;     // ended by an error instead of by itself

   protected:
    ~work() = default;
  };

  /// Not yet adopted.
  static probe_task& make(work& what, worker& of) { return *new probe_task(what, of); }

 private:
  probe_task(work& what, worker& of) noexcept : task_header(how, of), work_(&what) {}
  static probe_task& self(task_header& t) noexcept { return static_cast<probe_task&>(t); }

  work* work_;

  static const task_table how;
};

inline constexpr task_table probe_task::how{
    internal::task_wakes,
    [](task_header& t, context& cx) noexcept {
      work& w = *self(t).work_;
      w.polls.add();
      if (!w.poll(self(t), cx)) return false;
      w.destroyed.add();
      return true;
    },
    [](task_header& t, context&) noexcept {
      self(t).work_->cancels.add();
      return true;
    },
    [](task_header& t) noexcept { self(t).work_->destroyed.add(); },
    [](task_header& t) noexcept {
      self(t).work_->released.add();
      delete &self(t);
    },
    [](task_header& t, const error&) noexcept { self(t).work_->failed.add(); },
    [](task_header&) noexcept { return std::exception_ptr(); },
};

}  // namespace rouse::model
