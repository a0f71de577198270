// The thread-safe end of a park: ends somebody's sleep from anywhere, at any time.
#pragma once

#include <rouse/base/atomic.hpp>

#include <utility>

namespace rouse {

/// What an unparker refers to: one token and a way to interrupt the sleep. Counted, so that
/// unparking is harmless after the park is gone. Bottom parks derive from it.
class unpark_target {
 public:
  unpark_target(const unpark_target&) = delete;
  unpark_target& operator=(const unpark_target&) = delete;

  /// Makes the token available. Idempotent, any thread; one exchange, and one `interrupt` only when
  /// the owner sleeps.
  void unpark() noexcept {
    // release: what was written before unpark() is seen after the park that consumes the token.
    // acquire: interrupt() sees what the owner made before it slept; pairs with begin_sleep()
    if (state_.exchange(token, order::acq_rel) == sleeping) interrupt();
  }
  /// Owner, before it blocks: false when a token was there; it is consumed and the owner does not
  /// block.
  [[nodiscard]] bool begin_sleep() noexcept {
    unsigned seen = idle;
    if (state_.compare_exchange_strong(seen, sleeping, order::release)) return true;
    (void)end_sleep();
    return false;
  }
  /// Owner, between begin_sleep and end_sleep: false as soon as somebody has unparked.
  [[nodiscard]] bool is_sleeping() const noexcept {
    return state_.load(order::relaxed) == sleeping;  // end_sleep() acquires
  }
  /// Owner, after it blocked: consumes the token; true when somebody had unparked.
  bool end_sleep() noexcept { return state_.exchange(idle, order::acquire) == token; }
  /// Owner, without blocking: consumes the token; true when there was one.
  bool consume() noexcept { return state_.load(order::relaxed) != idle && end_sleep(); }

  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: pairs with the other releases, so that the last one sees all they did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

 protected:
  unpark_target() noexcept = default;
  virtual ~unpark_target() = default;
  /// Called at most once per sleep, from any thread, after the token was set: ends the wait that
  /// the owner is in or about to enter. It may also come late, when that sleep has ended for
  /// another reason: it must then do no harm.
  virtual void interrupt() noexcept = 0;

 private:
  enum : unsigned { idle, sleeping, token };
  atomic<unsigned> state_{idle};
  atomic<long> references_{1};
};

/// Handle: clonable, any thread, outlives moves and the end of the park.
class unparker {
 public:
  unparker() noexcept = default;
  /// Counts a reference to `target`.
  explicit unparker(unpark_target& target) noexcept : target_(&target) { target.retain(); }
  /// Takes over the reference that a new target is born with.
  static unparker adopt(unpark_target* fresh) noexcept {
    unparker u;
    u.target_ = fresh;
    return u;
  }
  unparker(const unparker& other) noexcept : target_(other.target_) {
    if (target_) target_->retain();
  }
  unparker(unparker&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  unparker& operator=(unparker other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~unparker() {
    if (target_) target_->release();
  }

  explicit operator bool() const noexcept { return target_ != nullptr; }
  /// Makes the token available; the next or current park returns. Nothing happens on an empty
  /// handle.
  void unpark() const noexcept {
    if (target_) target_->unpark();
  }

 private:
  unpark_target* target_ = nullptr;
};

}  // namespace rouse
