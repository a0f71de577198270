// A bound on how long something may take. No arm and no waker of its own: whoever is woken polls
// the inner work first, so that a result which is there wins even past the deadline.
#pragma once

#include <rouse/core/stream.hpp>
#include <rouse/time/sleep.hpp>

#include <optional>
#include <string>

namespace rouse {

/// See `timeout`. `P` is a value, or a reference to what the caller keeps.
template <class P>
class [[nodiscard]] timeout_operation : public fallible<timeout_operation<P>> {
  using inner_type = std::remove_reference_t<P>;
  using raw_type = raw_output<inner_type>;
  static constexpr bool owned = !std::is_reference_v<P>;
  static_assert(owned || disownable<inner_type>,
                "what is given as an lvalue outlives the timeout, so it must be able to forget the "
                "waker: give it disown(), or "
                "move it in");

 public:
  using value_type = typename internal::unwrap_result<raw_type>::type;

  timeout_operation(P&& inner, sleep_operation&& timer)
      : inner_(hold(inner)), timer_(std::move(timer)) {}
  timeout_operation(timeout_operation&& other)
      : inner_(std::move(other.inner_)), timer_(std::move(other.timer_)) {
    ROUSE_ASSERT(other.phase_ == phase::running);
    if constexpr (!owned) other.inner_ = nullptr;
  }
  ~timeout_operation() {
    if constexpr (!owned)
      if (inner_) inner_->disown();
  }

  poll_result<rouse::result<value_type>> poll(context& cx) {
    if (phase_ == phase::running) {
      if (auto answer = inner_->poll(cx); answer.is_ready()) return deliver(answer, cx);
      auto over = timer_.poll(cx);
      if (!over.is_ready()) return pending;
      why_ = error("timeout", ETIMEDOUT);
      if (auto fired = over.take(); !fired) why_ = error("timeout", fired.error().code);
      if constexpr (!owned) {
        inner_->disown();
        phase_ = phase::over;
        return std::unexpected(why_);
      }
      phase_ = phase::cancelling;
    }
    if (phase_ == phase::cancelling) {
      if (!rouse::poll_cancel(*inner_, cx).is_ready()) return pending;
      phase_ = phase::cancelled;
      // A value that beat the cancel wins; a body that it resumes may finish, or not.
      if (auto answer = inner_->poll(cx); answer.is_ready()) return deliver(answer, cx);
      phase_ = phase::closing;
    }
    if (phase_ == phase::closing) {
      if (!rouse::poll_cancel(*inner_, cx).is_ready()) return pending;
      drop();
      phase_ = phase::over;
      return std::unexpected(why_);
    }
    if (phase_ == phase::cancelled) {  // from outside: the one more poll
      if constexpr (owned)
        if (auto answer = inner_->poll(cx); answer.is_ready()) return deliver(answer, cx);
    }
    return pending;
  }
  poll_result<void> poll_cancel(context& cx) {
    if (phase_ == phase::over) return ready;
    (void)timer_.poll_cancel(cx);
    if constexpr (owned) {
      if (!rouse::poll_cancel(*inner_, cx).is_ready()) return pending;
    } else {
      inner_->disown();
    }
    phase_ = phase::cancelled;
    return ready;
  }
  void disown() noexcept
    requires disownable<inner_type>
  {
    if (inner_) inner_->disown();
    timer_.disown();
  }
  [[nodiscard]] bool borrows() const noexcept {
    return !owned || (inner_ && borrows_from_caller(*inner_));
  }
  [[nodiscard]] std::string subject() const
    requires requires(const inner_type& p) { p.subject(); }
  {
    return inner_ ? std::string(inner_->subject()) : std::string();
  }

  [[nodiscard]] instant deadline() const noexcept { return timer_.deadline(); }

 private:
  enum class phase : unsigned char {
    running,
    cancelling,  // the deadline has passed, the inner work is asked to let go
    closing,     // it was looked at once more, and had nothing: let go for good
    cancelled,   // from outside
    over,
  };

  static auto hold(P& p) {
    if constexpr (owned)
      return std::optional<inner_type>(std::move(p));
    else
      return &p;
  }
  void drop() noexcept {
    if constexpr (owned) inner_.reset();  // frames go before the error is told
  }
  poll_result<rouse::result<value_type>> deliver(poll_result<raw_type>& answer, context& cx) {
    (void)timer_.poll_cancel(cx);
    phase_ = phase::over;
    if constexpr (internal::unwrap_result<raw_type>::is_result) {
      return answer.take();
    } else if constexpr (std::is_void_v<raw_type>) {
      answer.take();
      return rouse::result<void>();
    } else {
      return rouse::result<value_type>(answer.take());
    }
  }

  std::conditional_t<owned, std::optional<inner_type>, inner_type*> inner_;
  sleep_operation timer_;
  error why_;
  phase phase_ = phase::running;
};

/// Waits for `work`, at most for `d` from this call. Gives what it gives, as a `result`; after the
/// deadline it is cancelled, that is awaited, and a value that beat the cancel still wins.
///
/// An lvalue stays with the caller: at the deadline it is left as it is, wakes nobody, and can be
/// awaited again.
/// @errors  ETIMEDOUT with operation "timeout": the deadline. no_context or runtime_shut_down with
/// operation "timeout": the
///          timer. Else those of `work`.
/// @cancel  As `work`.
/// @example  auto bytes = co_await rouse::timeout(5s, stream.read(buffer)).result();
template <class P>
  requires pollable<std::remove_reference_t<P>>
[[nodiscard]] timeout_operation<P> timeout(nanoseconds d, P&& work) {
  return timeout_operation<P>(std::forward<P>(work), sleep(d));
}
template <class P>
  requires pollable<std::remove_reference_t<P>>
[[nodiscard]] timeout_operation<P> timeout_at(instant deadline, P&& work) {
  return timeout_operation<P>(std::forward<P>(work), sleep_until(deadline));
}

/// See `timeout_each`. `S` is a value, or a reference.
template <class S>
class timeout_stream {
  using stream_type = std::remove_reference_t<S>;
  using inner_item = stream_item<stream_type>;

 public:
  using value_type = typename internal::unwrap_result<inner_item>::type;

  timeout_stream(S&& from, nanoseconds d)
      : stream_(std::forward<S>(from)), timer_(sleep(d)), limit_(d) {}

  poll_result<std::optional<rouse::result<value_type>>> poll_next(context& cx) {
    if (auto answer = stream_.poll_next(cx); answer.is_ready()) {
      restart();
      auto item = answer.take();
      if (!item) return std::optional<rouse::result<value_type>>();
      return std::optional<rouse::result<value_type>>(std::move(*item));
    }
    auto over = timer_.poll(cx);
    if (!over.is_ready()) return pending;
    error why("timeout", ETIMEDOUT);
    if (auto fired = over.take(); !fired) why.code = fired.error().code;
    restart();
    return std::optional<rouse::result<value_type>>(std::unexpected(why));
  }
  poll_result<void> poll_cancel(context& cx) {
    timer_.disown();
    return rouse::poll_cancel(stream_, cx);
  }
  void disown() noexcept {
    timer_.disown();
    rouse::disown(stream_);
  }
  [[nodiscard]] bool borrows() const noexcept {
    return std::is_reference_v<S> || borrows_from_caller(stream_);
  }

 private:
  void restart() noexcept { timer_.reset(saturating_add(sleep_operation::now(), limit_)); }

  S stream_;
  sleep_operation timer_;
  nanoseconds limit_;
};

/// The items of `s`; whenever none came for `d`, an error (as of `timeout`) in between. The wait
/// starts anew with each.
template <class S>
  requires stream<std::remove_reference_t<S>>
[[nodiscard]] timeout_stream<S> timeout_each(nanoseconds d, S&& s) {
  return timeout_stream<S>(std::forward<S>(s), d);
}

}  // namespace rouse
