// The one idea of the house: everything that waits models `park`, and every layer is a park around
// a park.
//
// Contract of park(limit): blocks until a token is available and consumes it, or until `limit` has
// passed (0: just look, no_limit: no bound), or until there is something to do, such as events. A
// token left by unpark() before park() makes it return at once. Spurious returns are allowed:
// callers loop. A layer calls the one below at most once per call, with 0 when it has something due
// itself; an idle layer does one bit of work per call. Errors propagate to whoever runs the
// executor.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>
#include <rouse/park/unparker.hpp>

#include <concepts>

namespace rouse {

enum class park_outcome : unsigned char {
  woken,      ///< a token was consumed
  events,     ///< the layer, or one below, had something happen: wakes were sent
  timed_out,  ///< the limit passed, or it was 0 and nothing had happened
};

/// Something that can wait. Used by one thread at a time; its unparker by any.
template <class P>
concept park = requires(P& p, nanoseconds limit) {
  { p.park(limit) } -> std::same_as<result<park_outcome>>;
  { p.unparker() } -> std::same_as<rouse::unparker>;
};

/// Optional: `has_work()` is false when nothing is registered in this layer or below, so that a
/// busy executor need not look.
template <class P>
[[nodiscard]] bool has_work(P& p) noexcept {
  if constexpr (requires { p.has_work(); }) return p.has_work();
  return true;
}

/// A park of any type, by reference: what a compiled executor holds. Two pointers.
class park_ref {
 public:
  template <park P>
    requires(!std::same_as<P, park_ref>)
  explicit park_ref(P& p) noexcept : object_(&p), table_(&table_for<P>) {}

  result<park_outcome> park(nanoseconds limit) { return table_->park(object_, limit); }
  [[nodiscard]] rouse::unparker unparker() const { return table_->unparker(object_); }
  [[nodiscard]] bool has_work() const noexcept { return table_->has_work(object_); }

 private:
  struct table {
    result<park_outcome> (*park)(void*, nanoseconds);
    rouse::unparker (*unparker)(void*);
    bool (*has_work)(void*) noexcept;
  };
  template <class P>
  static constexpr table table_for{
      [](void* p, nanoseconds limit) { return static_cast<P*>(p)->park(limit); },
      [](void* p) { return static_cast<P*>(p)->unparker(); },
      [](void* p) noexcept { return rouse::has_work(*static_cast<P*>(p)); },
  };
  void* object_;
  const table* table_;
};

}  // namespace rouse
