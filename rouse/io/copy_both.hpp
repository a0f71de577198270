// Two streams joined: what comes from each goes to the other, until both have ended.
#pragma once

#include <rouse/io/copy.hpp>

namespace rouse::io {

/// How many bytes went each way.
struct copied_both {
  std::uint64_t first_to_second = 0;
  std::uint64_t second_to_first = 0;
};

namespace internal {

/// One direction: copies, then tells the target that no more will come.
template <async_read R, async_write W>
class copy_and_shut {
 public:
  copy_and_shut(R& from, W& to, const copy_options& options, std::uint64_t& total)
      : to_(&to), copying_(from, to, options, &total) {}

  poll_result<rouse::result<void>> poll(context& cx) {
    if (phase_ == phase::copying) {
      auto answer = copying_.poll(cx);
      if (!answer.is_ready()) return pending;
      auto copied = answer.take();
      if (!copied) return std::unexpected(copied.error());
      phase_ = phase::shutting;
    }
    if (phase_ == phase::shutting) {
      if (!shutting_) {
        if (cancelled_) return pending;
        shutting_.emplace(to_->shutdown());
      }
      auto answer = shutting_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto shut = answer.take();
      if (!shut) return shut;
      phase_ = phase::done;
    }
    return rouse::result<void>();
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (phase_ == phase::copying) return copying_.poll_cancel(cx);
    if (shutting_ && phase_ == phase::shutting) return rouse::poll_cancel(*shutting_, cx);
    return ready;
  }
  void disown() noexcept {
    copying_.disown();
    if (shutting_) rouse::disown(*shutting_);
  }
  [[nodiscard]] std::string subject() const { return copying_.subject(); }

 private:
  enum class phase : std::uint8_t { copying, shutting, done };
  using shutdown_operation = decltype(std::declval<W&>().shutdown());

  W* to_;
  copy_operation<R, W> copying_;
  std::optional<shutdown_operation> shutting_;
  phase phase_ = phase::copying;
  bool cancelled_ = false;
};

}  // namespace internal

template <async_stream A, async_stream B>
  requires can_shut_down<A> && can_shut_down<B>
class [[nodiscard]] copy_both_operation : public fallible<copy_both_operation<A, B>> {
 public:
  copy_both_operation(A& first, B& second, const copy_options& options,
                      copied_both* totals) noexcept
      : first_(&first), second_(&second), options_(options), totals_(totals) {}
  copy_both_operation(copy_both_operation&& other) noexcept  // before the first poll
      : first_(other.first_),
        second_(other.second_),
        options_(other.options_),
        totals_(other.totals_) {}

  poll_result<rouse::result<copied_both>> poll(context& cx) {
    if (!forth_) {
      if (cancelled_) return pending;
      forth_.emplace(*first_, *second_, options_, totals().first_to_second);
      back_.emplace(*second_, *first_, options_, totals().second_to_first);
    }
    if (!failed_) {
      const bool one = step(*forth_, cx);
      const bool other = !failed_ && step(*back_, cx);
      if (!failed_ && !(one && other)) return pending;
    }
    if (!failed_) return rouse::result<copied_both>(totals());
    if (!cancel_both(cx)) return pending;
    forth_.reset();  // what was read and not written goes back
    back_.reset();
    return std::unexpected(why_);
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (!forth_ || cancel_both(cx)) return ready;
    return pending;
  }
  void disown() noexcept {
    if (forth_) forth_->disown();
    if (back_) back_->disown();
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  /// Of the direction that failed.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  using forth = internal::copy_and_shut<A, B>;
  using back = internal::copy_and_shut<B, A>;

  [[nodiscard]] copied_both& totals() noexcept { return totals_ ? *totals_ : own_totals_; }
  /// True when this direction has ended well.
  template <class Direction>
  bool step(Direction& direction, context& cx) {
    auto answer = direction.poll(cx);
    if (!answer.is_ready()) return false;
    auto ended = answer.take();
    if (ended) return true;
    failed_ = true;
    why_ = ended.error();
    subject_ = direction.subject();
    return false;
  }
  bool cancel_both(context& cx) {
    const bool one = forth_->poll_cancel(cx).is_ready();
    const bool other = back_->poll_cancel(cx).is_ready();
    return one && other;
  }

  A* first_;
  B* second_;
  copy_options options_;
  copied_both* totals_;
  copied_both own_totals_;
  std::optional<forth> forth_;
  std::optional<back> back_;
  error why_;
  std::string subject_;
  bool failed_ = false;
  bool cancelled_ = false;
};

/// Copies both ways until both streams have ended. A stream that ends is told on to the other one
/// at once (half-close), while the other direction goes on.
///
/// @param totals  count along, also when it fails or is cancelled.
/// @param options bytes_max holds for each direction.
/// @errors  the first of either direction; the other one is then cancelled.
/// @cancel  Safe, as `copy` is in each direction.
template <async_stream A, async_stream B>
[[nodiscard]] auto copy_both(A& first, B& second, const copy_options& options = {}) noexcept {
  return copy_both_operation<A, B>(first, second, options, nullptr);
}
template <async_stream A, async_stream B>
[[nodiscard]] auto copy_both(A& first, B& second, copied_both& totals,
                             const copy_options& options = {}) noexcept {
  return copy_both_operation<A, B>(first, second, options, &totals);
}

}  // namespace rouse::io
