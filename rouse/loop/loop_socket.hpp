// A connected stream socket in callbacks, TCP or Unix: what Node calls a net.Socket.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>
#include <rouse/net/address.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace rouse {

namespace internal {
class socket_state;
}

/// Trivial members only.
struct loop_socket_options {
  /// Bytes that wait to be sent above which `write` answers false, and after which on_drain is
  /// called when all are sent.
  std::size_t high_water_mark = 16 * 1024;
  /// The peer's end does not end our side too.
  bool allow_half_open = false;
};

/// A handle; copies are handles of the same socket. The loop's thread only. The socket lives until
/// its close event, whoever holds a handle; what is asked of a closed one does nothing.
///
/// Events come in this order: on_connect, then any number of on_data and on_drain, on_end or
/// on_error, and last, in the closing phase, on_close. Callbacks are destroyed with that event, so
/// they may hold a handle of their own socket. An error that no on_error takes goes where
/// exceptions of callbacks go.
class loop_socket {
 public:
  using error_callback = callback<void(const error&)>;

  loop_socket() noexcept = default;  ///< of no socket: closed, and only to be assigned to
  loop_socket(const loop_socket& other) noexcept;
  loop_socket(loop_socket&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  loop_socket& operator=(loop_socket other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_socket();

  /// The connection is there; called for `connect` only.
  const loop_socket& on_connect(callback<void()> f) const;
  /// Bytes have arrived; they are lent for the call. Nothing is read, and so no end is seen, before
  /// this is set, or `resume` called, or our side has ended: then what arrives is dropped.
  const loop_socket& on_data(callback<void(std::span<const std::byte>)> f) const;
  /// Everything that `write` had been given is sent, after it had answered false, and `end` was not
  /// called. Comes before what those writes are told.
  const loop_socket& on_drain(callback<void()> f) const;
  /// The peer has finished.
  const loop_socket& on_end(callback<void()> f) const;
  /// The socket fails, and closes.
  const loop_socket& on_error(error_callback f) const;
  /// It is closed; `failed`: by an error.
  const loop_socket& on_close(callback<void(bool failed)> f) const;

  /// Sends a copy of `bytes`, in order, as soon as the kernel takes them. False: more than the
  /// high-water mark waits now, go on at on_drain; or nothing more is sent, and they are dropped:
  /// who waits for on_drain then waits in vain, so look at on_close too.
  /// @param sent  called when the last of them was handed to the kernel, or with why not: `closed`
  /// after `end` or `destroy`, ECANCELED, or what the socket failed of.
  bool write(std::span<const std::byte> bytes, callback<void(result<void>)> sent = {}) const;
  bool write(std::string_view text, callback<void(result<void>)> sent = {}) const;
  /// Says that nothing more will be written, when all is sent.
  void end() const;
  /// The same after one last write.
  void end(std::string_view text) const;
  /// Closes now; what is not sent is lost. The close event follows in the next closing phase.
  void destroy() const;
  /// No on_data until `resume`; the kernel's buffers fill up, and the peer has to wait.
  void pause() const;
  void resume() const;
  /// Whether the socket keeps its loop alive; it does at first.
  void ref() const;
  void unref() const;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] bool is_closed() const noexcept;
  /// Bytes that `write` was given and the kernel has not taken.
  [[nodiscard]] std::size_t buffered_bytes() const noexcept;
  /// Received and sent so far.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_written() const noexcept;
  /// Who is at the other end; names nothing before it is connected.
  [[nodiscard]] net::address peer_address() const;
  friend bool operator==(const loop_socket&, const loop_socket&) noexcept = default;

 private:
  friend internal::socket_state;
  explicit loop_socket(internal::socket_state& counted) noexcept : state_(&counted) {}
  [[nodiscard]] internal::socket_state& state() const noexcept;
  internal::socket_state* state_ = nullptr;
};

}  // namespace rouse
