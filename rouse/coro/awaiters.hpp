// The awaiters behind `co_await`: one for any pollable, one for a child task, one for the end of a
// body.
#pragma once

#include <rouse/coro/frame.hpp>

namespace rouse::internal {

/// Remembers, per thread, the first `co_await` that threw the exception at hand; for the report of
/// one that escapes. `is_new`: it was made there, though an older one may have lain at its address.
void note_failed_await(std::source_location site, const std::exception_ptr& thrown,
                       bool is_new) noexcept;

template <class P>
[[noreturn, gnu::noinline, gnu::cold]] void fail_await(P& p, error e, std::source_location site) {
  try {
    throw_error_of(p, e);
  } catch (...) {
    note_failed_await(site, std::current_exception(), true);
    throw;
  }
}

/// Throws the exception that is handled again, with its place noted.
[[noreturn]] void rethrow_noted(std::source_location site);

/// What an awaited pollable has answered, until its frame takes it.
template <class P>
class kept_answer {
  static constexpr bool may_throw = !noexcept(std::declval<P&>().poll(std::declval<context&>()));
  using answer_type = poll_result<raw_output<P>>;

 public:
  /// Polls; true when there is an answer, or an exception.
  bool ask(P& p, context& cx) noexcept {
    if constexpr (may_throw) {
      try {
        renew(p, cx);
      } catch (...) {
        ::new (static_cast<void*>(&answer_)) answer_type(pending);
        thrown_ = std::current_exception();
        return true;
      }
    } else {
      renew(p, cx);
    }
    return answer_.is_ready();
  }
  [[nodiscard]] bool is_there() const noexcept {
    if constexpr (may_throw) {
      if (thrown_) return true;
    }
    return answer_.is_ready();
  }
  output<P> take(P& p, std::source_location site) {
    if constexpr (may_throw) {
      if (thrown_) [[unlikely]] {
        note_failed_await(site, thrown_, false);
        std::rethrow_exception(std::exchange(thrown_, nullptr));
      }
    }
    if constexpr (throws_errors<P>) {
      if (answer_.failed()) [[unlikely]]
        fail_await(p, answer_.get().error(), site);
    }
    return deliver(p, std::move(answer_));
  }

 private:
  // The answer is made where it stays. What was there was "pending", which needs no destructor.
  void renew(P& p, context& cx) noexcept(!may_throw) {
    ::new (static_cast<void*>(&answer_)) answer_type(p.poll(cx));
  }

  struct never_throws {};
  answer_type answer_ = pending;
  [[no_unique_address]] std::conditional_t<may_throw, std::exception_ptr, never_throws> thrown_{};
};

/// The same of one that keeps its answer itself.
template <two_step P>
class kept_answer<P> {
 public:
  bool ask(P& p, context& cx) noexcept { return there_ = p.poll_end(cx); }
  [[nodiscard]] bool is_there() const noexcept { return there_; }
  output<P> take(P& p, std::source_location site) {
    try {
      auto end = p.take_end();
      if constexpr (throws_errors<P>) {
        if (!end) [[unlikely]]
          fail_await(p, end.error(), site);
        if constexpr (!std::is_void_v<output<P>>) return std::move(*end);
      } else {
        return end;
      }
    } catch (...) {
      rethrow_noted(site);
    }
  }

 private:
  bool there_ = false;
};

/// Polls a pollable that lives elsewhere. `Kept`: it outlives the await, so a frame that dies
/// waiting has it forget the waker.
template <class P, bool Kept>
class leaf_awaiter : public leaf {
 public:
  leaf_awaiter(P& pollable, frame& awaiting, std::source_location at) noexcept
      : leaf{&how_to, &awaiting, at}, pollable_(pollable) {}
  leaf_awaiter(const leaf_awaiter&) = delete;
  leaf_awaiter& operator=(const leaf_awaiter&) = delete;
  ~leaf_awaiter()
    requires(!(Kept && disownable<P>))
  = default;
  ~leaf_awaiter()
    requires(Kept && disownable<P>)
  {
    if (!answer_.is_there()) pollable_.disown();
  }

  // Polled here, where the frame need not be suspended when the answer is there. One that gives way
  // is not polled at all: an answer must not lie in a frame that may still be cancelled.
  bool await_ready() noexcept {
    context& cx = *waiting->root->cx;
    return cx.go_on() && attempt(cx);
  }
  void await_suspend(std::coroutine_handle<>) noexcept {
    trace::probe_point(trace::event::wait, nullptr, &pollable_, "", site);
    waiting->root->wait_for(*this);
  }
  output<P> await_resume() { return answer_.take(pollable_, site); }

 private:
  bool attempt(context& cx) noexcept {
    if constexpr (disownable<P>) {
      return answer_.ask(pollable_, cx);
    } else {
      context mine(*cx.borrowed_target(), cx.budget());
      const bool done = answer_.ask(pollable_, mine);
      borrowed_ = mine.is_borrowed();
      if (borrowed_) cx.mark_borrowed();
      return done;
    }
  }
  bool cancel(context& cx) noexcept {
    const bool done = rouse::poll_cancel(pollable_, cx).is_ready();
    if constexpr (!disownable<P>) borrowed_ = !done && cx.is_borrowed();
    return done;
  }
  void forget_waker() noexcept {
    if constexpr (disownable<P>)
      pollable_.disown();
    else
      ROUSE_ASSERT(!borrowed_);  // the waker goes: under an lvalue arm what borrows needs disown()
  }

  struct can_forget {};
  P& pollable_;
  kept_answer<P> answer_;
  [[no_unique_address]] std::conditional_t<disownable<P>, can_forget, bool> borrowed_{};

  static constexpr leaf::table how_to{
      [](leaf& l, context& cx) noexcept { return static_cast<leaf_awaiter&>(l).attempt(cx); },
      [](leaf& l, context& cx) noexcept { return static_cast<leaf_awaiter&>(l).cancel(cx); },
      [](leaf& l) noexcept { static_cast<leaf_awaiter&>(l).forget_waker(); },
  };
};

/// Owns a child from the moment it is awaited, wherever the task object was.
template <class T>
class child_awaiter {
 public:
  explicit child_awaiter(frame* child) noexcept : child_(child) {}
  child_awaiter(const child_awaiter&) = delete;
  child_awaiter& operator=(const child_awaiter&) = delete;
  ~child_awaiter() {
    if (child_) child_->handle().destroy();
  }

  bool await_ready() noexcept { return false; }
  [[gnu::always_inline]] bool await_suspend(std::coroutine_handle<> h) noexcept {
    frame& parent = frame::of(h);
    ROUSE_ASSERT(child_ != nullptr);  // awaited once
    return child_->join_chain(parent, &child_);
  }
  T await_resume() {
    if constexpr (std::is_void_v<T>)
      outcome_of<T>(*child_).take();
    else
      return outcome_of<T>(*child_).take();
  }

 private:
  frame* child_;
};

/// Lets everything else that is ready run first; needs no leaf.
class give_way_awaiter {
 public:
  explicit give_way_awaiter(frame& awaiting) noexcept : frame_(awaiting) {}
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) noexcept { frame_.root->give_way_in(frame_); }
  void await_resume() noexcept {}

 private:
  frame& frame_;
};

struct final_awaiter {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept {
    frame& f = frame::of(h);
    if (f.root == &f)
      f.finish();
    else
      f.root->hop_to(*f.parent);
  }
  void await_resume() noexcept {}
};

}  // namespace rouse::internal
