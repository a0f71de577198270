// The byte stream that TCP and Unix sockets share, and its operations. `tcp_stream` and
// `unix_stream` are thin faces of it; code that does not care, such as HTTP, takes a
// `net::stream&`.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>
#include <rouse/io/within.hpp>
#include <rouse/net/address.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>

namespace rouse::net {

using io::bounded;
using io::io_options;
using rouse::slice;
class stream;

enum class direction : std::uint8_t { read, write, both };

/// `stream.read()`: leases a buffer of the driver's, for exactly as long as bytes are in it.
class [[nodiscard]] read_operation : public fallible<read_operation> {
 public:
  read_operation(read_operation&&) noexcept = default;
  poll_result<rouse::result<lease>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  /// For hand-written pollables: one that has given its bytes may be polled again, for the next.
  void reset() noexcept { operation_.reset(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  explicit read_operation(stream& from) noexcept : from_(&from) {}
  bool try_now(rouse::result<lease>& into, context& cx) noexcept;
  poll_result<rouse::result<lease>> poll_operation(context& cx) noexcept;
  stream* from_;
  operation operation_;
};

/// `stream.read(span)`: into the caller's memory.
class [[nodiscard]] read_into_operation : public fallible<read_into_operation> {
 public:
  read_into_operation(read_into_operation&&) noexcept = default;
  poll_result<rouse::result<std::size_t>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  read_into_operation(stream& from, std::span<std::byte> into) noexcept
      : from_(&from), into_(into) {}
  stream* from_;
  std::span<std::byte> into_;
  operation operation_;
};

/// `stream.write_all(bytes)`, `stream.write_some(bytes)`.
template <bool All>
class [[nodiscard]] basic_write_operation : public fallible<basic_write_operation<All>> {
 public:
  using value_type = std::conditional_t<All, void, std::size_t>;
  basic_write_operation(basic_write_operation&&) noexcept = default;
  /// Adds to the cursor what had been sent.
  ~basic_write_operation();
  poll_result<rouse::result<value_type>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  basic_write_operation(stream& to, std::span<const std::byte> bytes, std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor) {}
  stream* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;  // null: own_
  std::size_t own_ = 0;
  operation operation_;
};
using write_operation = basic_write_operation<true>;
using write_some_operation = basic_write_operation<false>;
extern template class basic_write_operation<true>;
extern template class basic_write_operation<false>;

/// `stream.write_all(slices)`, `stream.write_some(slices)`: gathered from several places, one call
/// for up to 1024 of them.
template <bool All>
class [[nodiscard]] basic_gather_operation : public fallible<basic_gather_operation<All>> {
 public:
  using value_type = std::conditional_t<All, void, std::size_t>;
  basic_gather_operation(basic_gather_operation&&) noexcept = default;
  ~basic_gather_operation();
  poll_result<rouse::result<value_type>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  basic_gather_operation(stream& to, std::span<const slice> slices, std::size_t* cursor) noexcept
      : to_(&to), slices_(slices), cursor_(cursor) {}
  [[nodiscard]] std::size_t& at() noexcept { return cursor_ ? *cursor_ : own_; }
  void advance(std::size_t bytes) noexcept;
  stream* to_;
  std::span<const slice> slices_;  // what is not yet sent in full
  std::size_t in_first_ = 0;       // bytes of slices_[0] that are sent
  std::size_t* cursor_;
  std::size_t own_ = 0;
  operation operation_;
  bool placed_ = false;  // slices_ stands where the cursor says
};
using gather_operation = basic_gather_operation<true>;
using gather_some_operation = basic_gather_operation<false>;
extern template class basic_gather_operation<true>;
extern template class basic_gather_operation<false>;

/// `stream.send_file(...)`: a part of an open file, from the page cache to the socket without a
/// copy.
class [[nodiscard]] send_file_operation : public fallible<send_file_operation> {
 public:
  send_file_operation(send_file_operation&&) noexcept = default;  // before the first poll
  poll_result<rouse::result<std::size_t>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  send_file_operation(stream& to, int file, std::uint64_t offset, std::size_t bytes) noexcept
      : to_(&to), file_(file), offset_(offset), bytes_(bytes) {}
  stream* to_;
  int file_;
  std::uint64_t offset_;
  std::size_t bytes_;
  operation operation_;
};

/// `stream.shutdown(...)`: done at the first poll.
class [[nodiscard]] shutdown_operation : public fallible<shutdown_operation> {
 public:
  poll_result<rouse::result<void>> poll(context&) noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend stream;
  shutdown_operation(stream& on, direction which) noexcept : on_(&on), which_(which) {}
  stream* on_;
  direction which_;
};

class read_half;
class write_half;

/// A connected stream socket. Made by connect and accept, or adopted.
///
/// One reader and one writer at a time, on the thread of its reactor; both may wait at once. Stays
/// where it is while an operation on it is pending. Destroying it closes the socket after taking
/// pending operations out of the kernel: they end with ECANCELED. Closing with unread bytes makes
/// TCP reset the connection, so shut down and read to the end for a clean one.
/// @example  `while (auto bytes = co_await stream.read()) co_await stream.write_all(bytes);`
class stream {
 public:
  /// Waits for bytes and leases the buffer they are in; empty at the end of the stream. An idle
  /// connection holds no memory.
  /// @errors  ECONNRESET, ETIMEDOUT (of the connection), ...
  /// @cancel  Safe: bytes that arrived stay in the stream for the next read.
  /// @cost    One kernel operation, no allocation.
  [[nodiscard]] read_operation read() noexcept { return read_operation(*this); }
  /// The same, but silence is bounded. @errors  ETIMEDOUT after `within`; the stream stays usable.
  [[nodiscard]] bounded<read_operation> read(io_options options) noexcept {
    return {read(), options, "receive"};
  }
  /// Reads whatever has arrived into `into` (1 byte or more); gives the count, 0 at the end of the
  /// stream.
  /// @cancel  Safe, as above; the bytes are then copied out of `into`.
  [[nodiscard]] read_into_operation read(std::span<std::byte> into) noexcept {
    return {*this, into};
  }
  [[nodiscard]] bounded<read_into_operation> read(std::span<std::byte> into,
                                                  io_options options) noexcept {
    return {read(into), options, "receive"};
  }

  /// Writes all of `bytes`, which are lent until it completes.
  /// @errors  EPIPE, ECONNRESET, ...; never a SIGPIPE.
  /// @cancel  How far it came is lost without a cursor.
  [[nodiscard]] write_operation write_all(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] write_operation write_all(std::string_view text) noexcept {
    return write_all(io::as_bytes(text));
  }
  /// Writes what follows the first `cursor` bytes; `cursor` moves along and is exact whenever the
  /// operation is gone.
  /// @cancel  Safe: call again with the same arguments.
  [[nodiscard]] write_operation write_all(std::span<const std::byte> bytes,
                                          std::size_t& cursor) noexcept {
    return {*this, bytes, &cursor};
  }
  [[nodiscard]] bounded<write_operation> write_all(std::span<const std::byte> bytes,
                                                   io_options options) noexcept {
    return {write_all(bytes), options, "send"};
  }
  [[nodiscard]] bounded<write_operation> write_all(std::span<const std::byte> bytes,
                                                   std::size_t& cursor,
                                                   io_options options) noexcept {
    return {write_all(bytes, cursor), options, "send"};
  }
  /// Writes as much as the kernel takes at once, 1 byte or more; gives the count.
  [[nodiscard]] write_some_operation write_some(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  /// The same from several places; the array of slices is lent too.
  [[nodiscard]] gather_operation write_all(std::span<const slice> slices) noexcept {
    return {*this, slices, nullptr};
  }
  [[nodiscard]] gather_operation write_all(std::span<const slice> slices,
                                           std::size_t& cursor) noexcept {
    return {*this, slices, &cursor};
  }
  [[nodiscard]] bounded<gather_operation> write_all(std::span<const slice> slices,
                                                    io_options options) noexcept {
    return {write_all(slices), options, "send"};
  }
  [[nodiscard]] gather_some_operation write_some(std::span<const slice> slices) noexcept {
    return {*this, slices, nullptr};
  }

  /// As write_some(), but never waits: 0 when the kernel takes nothing now, another write is under
  /// way, or the reactor does not write by plain calls (mock_reactor).
  [[nodiscard]] rouse::result<std::size_t> try_write(std::span<const std::byte> bytes) noexcept {
    const long n = bytes.empty() ? 0 : source_.try_send(bytes);
    if (n == source::not_now) return 0;
    if (n < 0) return std::unexpected(error("send", static_cast<int>(-n)));
    return static_cast<std::size_t>(n);
  }

  /// Sends up to `bytes` (1 or more) of the open file `file` from `offset`; gives the count, at
  /// most 1 MiB a call; 0 at the end of the file. What is not in the page cache makes the thread
  /// wait for the disk: ask fs::file::is_cached() first.
  /// @errors  EPIPE, ECONNRESET, ...; EINVAL: no file that can be mapped. Never a SIGPIPE.
  /// @cancel  How far it came is lost.
  [[nodiscard]] send_file_operation send_file(int file, std::uint64_t offset,
                                              std::size_t bytes) noexcept {
    return {*this, file, offset, bytes};
  }
  [[nodiscard]] bounded<send_file_operation> send_file(int file, std::uint64_t offset,
                                                       std::size_t bytes,
                                                       io_options options) noexcept {
    return {send_file(file, offset, bytes), options, "send"};
  }

  /// Says that no more will be written (the peer reads the end of the stream), or read, or both.
  /// @errors  ENOTCONN when the connection is gone.
  [[nodiscard]] shutdown_operation shutdown(direction which = direction::write) noexcept {
    return {*this, which};
  }
  /// The next read gives these first. No read may be pending. The copying form may throw
  /// std::bad_alloc.
  void unread(lease bytes) noexcept;
  void unread(std::span<const std::byte> bytes);

  /// Two views of this stream, one to read and one to write, for two tasks; the stream outlives
  /// both.
  [[nodiscard]] std::pair<read_half, write_half> split() noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(source_); }
  /// Who is at the other end, as it was when the connection was made.
  [[nodiscard]] const address& peer_address() const noexcept { return peer_; }
  [[nodiscard]] result<address> local_address() const noexcept;
  [[nodiscard]] int fd() const noexcept { return source_.fd(); }
  /// For messages.
  [[nodiscard]] std::string subject() const { return peer_.to_string(); }

  /// Closes now; no more than the destructor does.
  void close() noexcept { source_.close(); }
  /// Closes and throws away what is not yet sent: TCP sends a reset.
  void reset() noexcept;
  /// Detaches and gives the descriptor to the caller. Bytes that were unread are lost unless
  /// take_unread() was asked first.
  [[nodiscard]] int release() noexcept;
  /// What a cancelled read had got, or unread() gave back.
  [[nodiscard]] lease take_unread() noexcept { return source_.take_pushed_back(); }

  /// Sizes of the kernel's buffers, in bytes as asked for; it doubles them. TCP negotiates its
  /// window when connecting, so ask in the connect or listen options for more than the default.
  result<void> set_receive_buffer(std::size_t bytes) noexcept;
  result<void> set_send_buffer(std::size_t bytes) noexcept;
  [[nodiscard]] result<std::size_t> receive_buffer() const noexcept;
  [[nodiscard]] result<std::size_t> send_buffer() const noexcept;

 protected:
  stream() noexcept = default;
  stream(source from, address peer) noexcept : source_(std::move(from)), peer_(std::move(peer)) {}
  stream(stream&&) noexcept = default;
  stream& operator=(stream&&) noexcept = default;
  ~stream() = default;

  source source_;
  address peer_;

 private:
  friend read_operation;
  friend read_into_operation;
  friend send_file_operation;
  friend shutdown_operation;
  template <bool>
  friend class basic_write_operation;
  template <bool>
  friend class basic_gather_operation;
};

/// The reading side of a borrowed stream. Copies refer to the same stream: one reader at a time.
class read_half {
 public:
  explicit read_half(stream& whole) noexcept : whole_(&whole) {}
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] read_operation read() const noexcept { return whole_->read(); }
  [[nodiscard]] bounded<read_operation> read(io_options options) const noexcept {
    return whole_->read(options);
  }
  [[nodiscard]] read_into_operation read(std::span<std::byte> into) const noexcept {
    return whole_->read(into);
  }
  [[nodiscard]] bounded<read_into_operation> read(std::span<std::byte> into,
                                                  io_options options) const noexcept {
    return whole_->read(into, options);
  }
  void unread(lease bytes) const noexcept { whole_->unread(std::move(bytes)); }
  void unread(std::span<const std::byte> bytes) const { whole_->unread(bytes); }
  [[nodiscard]] const address& peer_address() const noexcept { return whole_->peer_address(); }
  [[nodiscard]] std::string subject() const { return whole_->subject(); }

 private:
  stream* whole_;
};

/// The writing side of a borrowed stream.
class write_half {
 public:
  explicit write_half(stream& whole) noexcept : whole_(&whole) {}
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  template <class... Args>
  [[nodiscard]] auto write_all(Args&&... args) const noexcept {
    return whole_->write_all(std::forward<Args>(args)...);
  }
  [[nodiscard]] write_some_operation write_some(std::span<const std::byte> bytes) const noexcept {
    return whole_->write_some(bytes);
  }
  [[nodiscard]] gather_some_operation write_some(std::span<const slice> slices) const noexcept {
    return whole_->write_some(slices);
  }
  /// The peer reads the end of the stream.
  [[nodiscard]] shutdown_operation shutdown() const noexcept {
    return whole_->shutdown(direction::write);
  }
  [[nodiscard]] const address& peer_address() const noexcept { return whole_->peer_address(); }
  [[nodiscard]] std::string subject() const { return whole_->subject(); }

 private:
  stream* whole_;
};

inline std::pair<read_half, write_half> stream::split() noexcept {
  return {read_half(*this), write_half(*this)};
}

}  // namespace rouse::net
