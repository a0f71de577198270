// Bytes that go by themselves, as fast as they are taken: a file that is written, the body of a
// request. The other direction: loop_flow.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace rouse {

namespace internal {
class sink_state;
}

/// A handle to such a stream, as Node's Writable.
///
/// The callbacks come in this order: drain, any number of times; then finish, or error, or, when
/// what follows the last byte fails (a flush, an answer), both; then close. Each is called in the
/// poll phase, close in the closing phase, and none before the callback or function returns that
/// made the handle.
///
/// Handles may be copied, and may outlive the stream and the loop: then they do nothing. Letting go
/// of all of them does not end the stream, which waits for `end` or `destroy`, and keeps the loop
/// alive until it has closed.
/// @threads  The loop's.
class loop_sink {
 public:
  /// Bytes that wait above which `write` answers false, unless said otherwise.
  static constexpr std::size_t high_water_mark = 16 * 1024;

  /// A handle to nothing: closed, and only to be assigned to.
  loop_sink() noexcept = default;
  loop_sink(const loop_sink& other) noexcept;
  loop_sink(loop_sink&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  loop_sink& operator=(loop_sink other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_sink();

  /// All that waited is written, after `write` had answered false, and `end` was not called.
  const loop_sink& on_drain(callback<void()> f) const;
  /// All is written, after `end`.
  const loop_sink& on_finish(callback<void()> f) const;
  /// It ended in the middle. Without it the error is thrown as an io_error, as by a callback.
  const loop_sink& on_error(callback<void(const error& why)> f) const;
  /// The last one, also after `destroy`; what was written to is closed.
  const loop_sink& on_close(callback<void()> f) const;

  /// Writes a copy of `bytes`, in order. False: more than the high-water mark waits now, go on at
  /// on_drain; or it takes no more, and they are dropped.
  /// @param written  called when the last of them is written, or with why not: `closed` after `end`
  /// or close, ECANCELED, or what it failed of. Without it a write after `end` fails the stream.
  bool write(std::span<const std::byte> bytes, callback<void(result<void>)> written = {}) const;
  bool write(std::string_view text, callback<void(result<void>)> written = {}) const;
  /// Says that nothing more will be written.
  void end() const;
  /// The same after one last write.
  void end(std::string_view text) const;
  /// Ends it where it is: no drain, finish or error from here on, only close. What waits is lost;
  /// what is under way may still be written.
  void destroy() const noexcept;
  /// Whether it keeps its loop alive; it does at first.
  void ref() const noexcept;
  void unref() const noexcept;

  /// Bytes that `write` was given and that are not written.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;
  [[nodiscard]] std::uint64_t bytes_written() const noexcept;
  /// It has ended, in whatever way.
  [[nodiscard]] bool is_closed() const noexcept;

 private:
  friend class internal::sink_state;
  explicit loop_sink(internal::sink_state* counted) noexcept : state_(counted) {}
  [[nodiscard]] internal::sink_state& state() const noexcept;
  internal::sink_state* state_ = nullptr;
};

}  // namespace rouse
