// Bytes that come by themselves: a file that is read, the body of an answer.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rouse {

namespace internal {
class flow_state;
}

/// A handle to such a stream, as in Node.js: set what is to be called, pause, resume, destroy.
///
/// Nothing is read before `on_data` is set, or `resume` called, and nothing while it is paused. The
/// callbacks come in this order: data, any number of times; then end, or error; then close. Each is
/// called in the poll phase, close in the closing phase, and none before the callback or function
/// returns that made the handle.
///
/// Handles may be copied, and may outlive the stream and the loop: then they do nothing. Letting go
/// of all of them does not end the stream; it keeps the loop alive until it has closed.
/// @threads  The loop's.
class loop_flow {
 public:
  /// A handle to nothing.
  loop_flow() noexcept = default;
  loop_flow(const loop_flow& other) noexcept;
  loop_flow(loop_flow&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  loop_flow& operator=(loop_flow other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_flow();

  /// The next piece, 1 byte or more, lent until `f` returns. Without it pieces are dropped. Begins
  /// to read, as `resume` does.
  const loop_flow& on_data(callback<void(std::span<const std::byte> piece)> f) const;
  /// Everything was read.
  const loop_flow& on_end(callback<void()> f) const;
  /// It ended in the middle. Without it the error is thrown as an io_error, as by a callback.
  const loop_flow& on_error(callback<void(const error& why)> f) const;
  /// The last one, also after `destroy`; what was read from is closed.
  const loop_flow& on_close(callback<void()> f) const;

  /// No data until `resume`. What is read from it waits: a file, or the sender.
  void pause() const noexcept;
  void resume() const noexcept;
  /// Ends it where it is: no data, end or error from here on, only close.
  void destroy() const noexcept;
  /// Whether it keeps its loop alive; it does at first.
  void ref() const noexcept;
  void unref() const noexcept;

  [[nodiscard]] bool is_paused() const noexcept;
  /// It has ended, in whatever way.
  [[nodiscard]] bool is_closed() const noexcept;

 private:
  friend class internal::flow_state;
  explicit loop_flow(internal::flow_state* counted) noexcept : state_(counted) {}
  internal::flow_state* state_ = nullptr;
};

}  // namespace rouse
