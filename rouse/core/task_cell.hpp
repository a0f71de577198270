// A spawned pollable that is no coroutine: header, work and outcome in one block. (A `task<T>`
// brings its header and outcome in the prefix of its own frame, see coro/frame.hpp.)
#pragma once

#include <rouse/core/frame_memory.hpp>
#include <rouse/core/outcome.hpp>
#include <rouse/core/task_header.hpp>

#include <optional>

namespace rouse::internal {

/// A header with its outcome, not yet adopted by a worker.
template <class T>
struct new_task {
  task_header* header;
  outcome<T>* end;
};

template <pollable P>
class task_cell final : public task_header {
 public:
  using value_type = output<P>;
  static new_task<value_type> make(P&& work, worker& w) {
    static_assert(alignof(task_cell) <= frame_alignment,
                  "over-aligned work does not fit a task: keep it on the heap");
    void* memory = allocate_frame(sizeof(task_cell));
    try {
      auto* cell = ::new (memory) task_cell(std::move(work), w);
      return {cell, &cell->end_};
    } catch (...) {
      free_frame(memory, sizeof(task_cell));
      throw;
    }
  }

 private:
  task_cell(P&& work, worker& w) : task_header(how, w), work_(std::move(work)) {}
  ~task_cell() {
    if (has_work_) end_work();
  }
  // Not an optional, whose reset() is noexcept: what a destructor throws is reported with the
  // task's name.
  void end_work() noexcept {
    has_work_ = false;
    try {
      work_.~P();
    } catch (...) {
      end_by_destructor(*this);
    }
  }
  static task_cell& self(task_header& t) noexcept { return static_cast<task_cell&>(t); }

  union {
    P work_;
  };
  bool has_work_ = true;
  outcome<value_type> end_;

  // No lambda: from a long one clang makes two functions.
  static bool poll(task_header& t, context& cx) noexcept {
    if (!poll_into(self(t).work_, cx, self(t).end_)) return false;
    self(t).end_work();
    return true;
  }
  static constexpr task_table how{
      task_wakes,
      poll,
      [](task_header& t, context& cx) noexcept {
        return rouse::poll_cancel(self(t).work_, cx).is_ready();
      },
      [](task_header& t) noexcept { self(t).end_work(); },
      [](task_header& t) noexcept {
        self(t).~task_cell();
        free_frame(&self(t), sizeof(task_cell));
      },
      [](task_header& t, const error& e) noexcept {
        if (!self(t).end_.is_set()) self(t).end_.set_error(e);
      },
      [](task_header& t) noexcept { return self(t).end_.take_exception(); },
  };
};

/// Makes the header of spawned work. Work that brings its own block says so with
/// `into_task(worker&)`.
template <pollable P>
auto make_task(P&& work, worker& owner) {
  static_assert(!std::is_reference_v<P>, "spawn takes the pollable: move it in");
  if constexpr (requires { std::move(work).into_task(owner); })
    return std::move(work).into_task(owner);
  else
    return task_cell<P>::make(std::move(work), owner);
}

}  // namespace rouse::internal
