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

#include <cerrno>
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

/// What somebody else's poll() is to wait for, see `outside_park`.
struct outside_wait {
  int descriptor = -1;   ///< becomes readable when there is something to do; never read from it
  nanoseconds limit{0};  ///< wait no longer than this; 0: only look, no_limit: no bound
  /// `limit` as poll() wants it: rounded up, so that no timer is waited for in vain; -1 for ever.
  [[nodiscard]] constexpr int milliseconds() const noexcept {
    constexpr nanoseconds::rep most = 0x7fff'ffff;
    if (limit == no_limit) return -1;
    const auto ms = limit.count() / 1'000'000 + (limit.count() % 1'000'000 > 0);
    return static_cast<int>(ms < most ? ms : most);
  }
};

/// Optional: a park whose sleep another event loop can make. `begin_wait(limit)` is what
/// park(limit) does before it sleeps, and says what to wait for; `end_wait()` is what park does
/// afterwards, whatever has ended the wait. Between the two unpark() makes the descriptor readable,
/// also when the token was there before; one begin_wait at a time, and no park() in between.
template <class P>
concept outside_park = park<P> && requires(P& p, nanoseconds limit) {
  { p.begin_wait(limit) } -> std::same_as<result<outside_wait>>;
  { p.end_wait() } -> std::same_as<result<park_outcome>>;
};

/// A park of any type, by reference: what a compiled executor holds. Two pointers.
class park_ref {
 public:
  template <park P>
    requires(!std::same_as<P, park_ref>)
  explicit park_ref(P& p) noexcept : object_(&p), table_(&table_for<P>) {}

  result<park_outcome> park(nanoseconds limit) { return table_->park(object_, limit); }
  [[nodiscard]] rouse::unparker unparker() const { return table_->unparker(object_); }
  [[nodiscard]] bool has_work() const noexcept { return table_->has_work(object_); }
  /// Errors: also EOPNOTSUPP, when the park behind is no outside_park.
  result<outside_wait> begin_wait(nanoseconds limit) { return table_->begin_wait(object_, limit); }
  result<park_outcome> end_wait() { return table_->end_wait(object_); }

 private:
  struct table {
    result<park_outcome> (*park)(void*, nanoseconds);
    rouse::unparker (*unparker)(void*);
    bool (*has_work)(void*) noexcept;
    result<outside_wait> (*begin_wait)(void*, nanoseconds);
    result<park_outcome> (*end_wait)(void*);
  };
  static error cannot_wait_outside() noexcept { return error("begin_wait", EOPNOTSUPP); }
  template <class P>
  static constexpr table table_for{
      [](void* p, nanoseconds limit) { return static_cast<P*>(p)->park(limit); },
      [](void* p) { return static_cast<P*>(p)->unparker(); },
      [](void* p) noexcept { return rouse::has_work(*static_cast<P*>(p)); },
      [](void* p, nanoseconds limit) -> result<outside_wait> {
        if constexpr (outside_park<P>) return static_cast<P*>(p)->begin_wait(limit);
        return std::unexpected(cannot_wait_outside());
      },
      [](void* p) -> result<park_outcome> {
        if constexpr (outside_park<P>) return static_cast<P*>(p)->end_wait();
        return std::unexpected(cannot_wait_outside());
      },
  };
  void* object_;
  const table* table_;
};

}  // namespace rouse
