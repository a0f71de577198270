// A reactor on a thread of its own, for programs without an executor of ours: other threads watch
// descriptors through its handle. Never started behind anybody's back (DESIGN decision 20).
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/reactor/handle.hpp>
#include <rouse/reactor/reactor.hpp>

#include <utility>

namespace rouse {

/// Owns the thread, which is named `rouse-reactor` and takes no signals. Any thread may use it, one
/// at a time; its handles may be used by any. Dropping it is shutdown_now() and join().
class background_reactor {
 public:
  /// Starts the thread and waits until its reactor is open. Errors: of the thread (EAGAIN) and of
  /// the reactor.
  static result<background_reactor> start(const reactor_options& options = {});

  background_reactor(background_reactor&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  background_reactor& operator=(background_reactor&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~background_reactor();

  [[nodiscard]] reactor_handle handle() const;
  [[nodiscard]] reactor_kind kind() const noexcept;
  /// The thread ends as soon as no registration is left; watches may still be added until then.
  void shutdown_on_idle() noexcept;
  /// The thread ends now; whoever is registered is woken and gets errc::runtime_shut_down.
  void shutdown_now() noexcept;
  /// Waits for the end of the thread, which one of the two has to have asked for. Errors: what
  /// park() failed with, if it did.
  result<void> join();
  [[nodiscard]] bool is_running() const noexcept;

 private:
  struct state;
  explicit background_reactor(state* s) noexcept : state_(s) {}
  state* state_;
};

}  // namespace rouse
