// What other threads leave for a reactor: watches to arm and to end. Shared and counted, so that it
// outlives both sides.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/core/waker.hpp>
#include <rouse/park/unparker.hpp>
#include <rouse/reactor/handle.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>

namespace rouse::internal {

class inbox;

/// One watch. Three parties count it: the registration, the inbox's list of all, and a command
/// under way.
///
///   idle --arm--> armed --(operation completes)--> fired --taken--> idle         any state
///   --(error)--> failed
class watch final : public list_link, public wakeable {
 public:
  enum class state : unsigned char { idle, armed, fired, failed };

  watch(inbox& box, sys::descriptor fd, interest what) noexcept;
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept;

  inbox& box;
  const interest what;
  // Under the inbox's lock:
  state current = state::idle;
  error why;
  waker to_wake;
  bool dropped = false;  // its registration is gone
  watch* next_posted = nullptr;
  bool posted = false;
  // The reactor's thread only:
  sys::descriptor descriptor;  // until it is attached
  source attached;
  operation readiness;

 private:
  ~watch() = default;
  static const wake_table table;
  atomic<long> references_{1};
};

/// Counted: the reactor, every handle, every watch.
class inbox {
 public:
  explicit inbox(unparker u) noexcept : unparker_(std::move(u)) {}
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: pairs with the other releases, so that the last one sees all they did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  // ---- any thread
  [[nodiscard]] bool is_closed() noexcept;
  /// Errors: runtime_shut_down.
  [[nodiscard]] result<void> add(watch& w, waker to_wake);
  void arm(watch& w, waker to_wake);
  [[nodiscard]] poll_result<result<void>> poll(watch& w, context& cx);
  [[nodiscard]] bool is_ready(watch& w) noexcept;
  [[nodiscard]] result<void> status(watch& w) noexcept;
  void drop(watch& w) noexcept;
  void unpark() noexcept { unparker_.unpark(); }
  [[nodiscard]] bool has_posted() const noexcept { return has_posted_.load(order::relaxed); }

  // ---- the reactor's thread
  /// Carries out what was posted; true when there was something.
  bool drain(reactor& on) noexcept;
  /// Watches that exist.
  [[nodiscard]] std::size_t watch_count() noexcept;
  /// The reactor goes: every watch fails with runtime_shut_down.
  void close() noexcept;
  /// The operation of `w` completed: called as its wake.
  void fire(watch& w) noexcept;

 private:
  void post(watch& w) noexcept ROUSE_REQUIRES(mutex_);
  void settle(watch& w, const result<void>& how) noexcept;
  void start(watch& w, reactor& on) noexcept;
  void end(watch& w) noexcept;

  fork_mutex mutex_;
  unparker unparker_;
  list<watch> all_ ROUSE_GUARDED_BY(mutex_);
  std::size_t count_ ROUSE_GUARDED_BY(mutex_) = 0;
  watch* posted_ ROUSE_GUARDED_BY(mutex_) =
      nullptr;  // newest first; order between watches does not matter
  bool closed_ ROUSE_GUARDED_BY(mutex_) = false;
  atomic<bool> has_posted_{false};
  atomic<long> references_{1};
};

}  // namespace rouse::internal
