// A reactor as other threads see it: they may ask to be woken when a descriptor becomes ready, and
// nothing else.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/core/context.hpp>
#include <rouse/core/poll_result.hpp>
#include <rouse/core/waker.hpp>

#include <utility>

namespace rouse {

class reactor;
namespace internal {
class inbox;
class watch;
}  // namespace internal

enum class interest : unsigned char { readable, writable };

/// A descriptor that some reactor watches for us. One thread at a time, any thread. Dropping it
/// ends the watch; the waker is not woken by it after that, but a wake that is under way may still
/// arrive.
class [[nodiscard]] registration {
 public:
  registration() noexcept = default;
  registration(registration&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)) {}
  registration& operator=(registration&& other) noexcept {
    std::swap(watch_, other.watch_);
    return *this;
  }
  ~registration() {
    if (watch_) drop();
  }

  explicit operator bool() const noexcept { return watch_ != nullptr; }
  /// Ready once per readiness: the descriptor can be read (written) without waiting, or has ended.
  /// A poll after that asks anew. Errors: runtime_shut_down (the reactor is gone), ENOMEM, EMFILE.
  [[nodiscard]] poll_result<result<void>> poll(context& cx);
  /// The same without a context: asks to be woken once by `w`, at once when it is ready already.
  void arm(waker w);
  /// True when it became ready, or failed, since it was last armed.
  [[nodiscard]] bool is_ready() const noexcept;
  /// Why it will never be ready again, if so.
  [[nodiscard]] result<void> status() const noexcept;

 private:
  friend class reactor_handle;
  explicit registration(internal::watch* counted) noexcept : watch_(counted) {}
  void drop() noexcept;
  internal::watch* watch_ = nullptr;
};

/// Weak, clonable, any thread; outlives its reactor.
class reactor_handle {
 public:
  reactor_handle() noexcept = default;
  reactor_handle(const reactor_handle& other) noexcept;
  reactor_handle(reactor_handle&& other) noexcept : inbox_(std::exchange(other.inbox_, nullptr)) {}
  reactor_handle& operator=(reactor_handle other) noexcept {
    std::swap(inbox_, other.inbox_);
    return *this;
  }
  ~reactor_handle();

  explicit operator bool() const noexcept { return inbox_ != nullptr; }
  /// False once the reactor is gone.
  [[nodiscard]] bool is_alive() const noexcept;
  /// Has `w` woken once when `fd` is ready for `what`, at once when it is; registration::arm() asks
  /// again. Wakes the reactor when it sleeps. The reactor watches a duplicate, so `fd` may be
  /// closed at any time. Errors: runtime_shut_down, EMFILE, EBADF, EPERM (a regular file).
  [[nodiscard]] result<registration> watch(int fd, interest what, waker w) const;
  /// Ends a sleep of the reactor.
  void unpark() const noexcept;

 private:
  friend class reactor;
  explicit reactor_handle(internal::inbox* counted) noexcept : inbox_(counted) {}
  internal::inbox* inbox_ = nullptr;
};

}  // namespace rouse
