// Wakers from anybody's wake object: the way in for executors and event loops that are not ours.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/core/waker.hpp>

#include <memory>  // lint: ok, the wake object is shared with its user

namespace rouse {

/// A hand-written wake strategy: `wake()` is called from any thread, any number of times, and must
/// not throw.
template <class W>
concept wake_object = requires(W& w) { w.wake(); };

namespace internal {

template <wake_object W>
class shared_wakeable final : public wakeable {
 public:
  explicit shared_wakeable(std::shared_ptr<W> target) noexcept
      : wakeable(table), target_(std::move(target)) {}

 private:
  static shared_wakeable& self(wakeable& w) noexcept { return static_cast<shared_wakeable&>(w); }
  static constexpr wake_table table{
      [](wakeable& w) noexcept { self(w).target_->wake(); },
      [](wakeable& w) noexcept -> wakeable& {
        self(w).references_.fetch_add(1, order::relaxed);
        return w;
      },
      [](wakeable& w) noexcept {
        // acq_rel: pairs with the other droppers, so that the last one sees all they did
        if (self(w).references_.fetch_sub(1, order::acq_rel) == 1) delete &self(w);
      },
  };
  std::shared_ptr<W> target_;
  atomic<long> references_{1};
};

}  // namespace internal

/// A waker that calls `target->wake()`. Keeps `target` alive; one small allocation.
/// @example  `auto w = rouse::make_waker(std::make_shared<my_wake>()); rouse::context cx(w);`
template <wake_object W>
[[nodiscard]] waker make_waker(std::shared_ptr<W> target) {
  return waker::adopt(*new internal::shared_wakeable<W>(std::move(target)));
}

}  // namespace rouse
