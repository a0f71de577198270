// Our ends of a child's standard streams.
//
// Pipes and not sockets, though these would spare a guard against SIGPIPE: a program that opens
// /dev/stdin or /dev/stdout anew cannot when it is a socket.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>

#include <optional>
#include <string>

namespace rouse::process {

class pipe_reader;
class pipe_writer;

/// `reader.read(span)`.
class [[nodiscard]] pipe_read : public fallible<pipe_read> {
 public:
  pipe_read(pipe_read&&) noexcept = default;  // before the first poll
  poll_result<rouse::result<std::size_t>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend pipe_reader;
  pipe_read(pipe_reader& from, std::span<std::byte> into) noexcept : from_(&from), into_(into) {}
  pipe_reader* from_;
  std::span<std::byte> into_;
  operation operation_;
};

/// `writer.write_all(bytes)`, `writer.write_some(bytes)`.
template <bool All>
class [[nodiscard]] pipe_write : public fallible<pipe_write<All>> {
 public:
  using value_type = std::conditional_t<All, void, std::size_t>;
  pipe_write(pipe_write&&) noexcept = default;  // before the first poll
  /// Adds to the cursor what had been written.
  ~pipe_write();
  poll_result<rouse::result<value_type>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend pipe_writer;
  pipe_write(pipe_writer& to, std::span<const std::byte> bytes, std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor) {}
  pipe_writer* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;  // null: own_
  std::size_t own_ = 0;
  operation operation_;
};
extern template class pipe_write<true>;
extern template class pipe_write<false>;

/// `writer.shutdown()`: done at the first poll.
class [[nodiscard]] pipe_shutdown : public fallible<pipe_shutdown> {
 public:
  poll_result<rouse::result<void>> poll(context&) noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  friend pipe_writer;
  explicit pipe_shutdown(pipe_writer& of) noexcept : of_(&of) {}
  pipe_writer* of_;
};

/// What a child writes; models io::async_read.
/// @threads  That of its reactor; one reader at a time. Movable while none reads.
class pipe_reader {
 public:
  pipe_reader() noexcept = default;  ///< no pipe; only to be assigned to
  explicit pipe_reader(source attached, const char* name) noexcept
      : source_(std::move(attached)), name_(name) {}

  /// Waits for bytes; gives the count, 0 at the end: every process that could write has closed it.
  /// @param into  1 byte or more; lent until it completes.
  /// @errors      closed: there is no pipe, or close() was called.
  /// @cancel      Safe: bytes that have come are given to the next read.
  [[nodiscard]] pipe_read read(std::span<std::byte> into) noexcept { return {*this, into}; }
  /// The same without waiting; none when nothing is there yet. No read may be pending.
  [[nodiscard]] result<std::optional<std::size_t>> try_read(std::span<std::byte> into) noexcept;

  explicit operator bool() const noexcept { return static_cast<bool>(source_); }
  /// The child gets EPIPE, and SIGPIPE, when it writes on.
  void close() noexcept { source_.close(); }
  /// For messages.
  [[nodiscard]] const char* subject() const noexcept { return name_; }

 private:
  friend pipe_read;
  source source_;
  const char* name_ = "";
};

/// What a child reads; models io::async_write.
/// @threads  That of its reactor; one writer at a time. Movable while none writes.
class pipe_writer {
 public:
  pipe_writer() noexcept = default;  ///< no pipe; only to be assigned to
  explicit pipe_writer(source attached, const char* name) noexcept
      : source_(std::move(attached)), name_(name) {}

  /// Writes all of `bytes`, which are lent until it completes.
  /// @errors  EPIPE: the child reads no more; never a SIGPIPE. closed: there is no pipe, or close()
  ///          was called.
  /// @cancel  How far it came is lost without a cursor.
  [[nodiscard]] pipe_write<true> write_all(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] pipe_write<true> write_all(std::string_view text) noexcept {
    return write_all(io::as_bytes(text));
  }
  /// Writes what follows the first `cursor` bytes; `cursor` moves along and is exact whenever the
  /// operation is gone.
  /// @cancel  Safe: call again with the same arguments.
  [[nodiscard]] pipe_write<true> write_all(std::span<const std::byte> bytes,
                                           std::size_t& cursor) noexcept {
    return {*this, bytes, &cursor};
  }
  /// Writes as much as the pipe takes at once, 1 byte or more; gives the count.
  [[nodiscard]] pipe_write<false> write_some(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }

  explicit operator bool() const noexcept { return static_cast<bool>(source_); }
  /// The child reads the end of the stream.
  void close() noexcept { source_.close(); }
  /// The same as an operation, for what works on any stream.
  [[nodiscard]] pipe_shutdown shutdown() noexcept { return pipe_shutdown(*this); }
  /// For messages.
  [[nodiscard]] const char* subject() const noexcept { return name_; }

 private:
  template <bool>
  friend class pipe_write;
  source source_;
  const char* name_ = "";
};

}  // namespace rouse::process
