// Descriptors that were opened by somebody else as streams: standard input, output and error above
// all, whether they are a terminal, a pipe, a socket or a file.
//
// Such a descriptor is often shared with the parent, and O_NONBLOCK would be set for both: the
// shell would then find its own terminal non-blocking. So that flag is never touched. A terminal or
// pipe is opened anew for this process, a socket is asked not to wait call by call, and what is
// left (files, and terminals of another user) is read and written by the blocking pool.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>
#include <rouse/reactor/operation.hpp>

#include <bits/unique_ptr.h>

#include <string>

namespace rouse::fs {

namespace internal {
struct input_state;
struct output_state;
}  // namespace internal

/// `stream.read(span)`.
class [[nodiscard]] input_read : public fallible<input_read> {
 public:
  input_read(input_read&&) noexcept = default;  // before the first poll
  ~input_read() { disown(); }
  poll_result<rouse::result<std::size_t>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend class input_stream;
  input_read(internal::input_state& from, std::span<std::byte> into) noexcept
      : from_(&from), into_(into) {}
  poll_result<rouse::result<std::size_t>> poll_source(context& cx);
  poll_result<rouse::result<std::size_t>> poll_pool(context& cx);
  internal::input_state* from_;
  std::span<std::byte> into_;
  rouse::operation operation_;
  bool cancelled_ = false;
  bool waits_ = false;  // for the job of the stream
};

/// A stream to read from; models io::async_read.
/// @threads  That of the reactor of its first read; one reader at a time. Movable while none reads.
class input_stream {
 public:
  /// What `fd` refers to, which is not taken over: closing it does not end the stream. `name` is
  /// for messages. Nothing is done before the first read.
  explicit input_stream(int fd, std::string name = {});
  input_stream(input_stream&&) noexcept;
  input_stream& operator=(input_stream&&) noexcept;
  ~input_stream();

  /// Up to `into.size()` bytes, 1 or more; 0 at the end. Takes no more from the descriptor than it
  /// gives, so that another program may go on where this one stops.
  /// @errors  EIO, EISDIR, ...; no_context.
  /// @cancel  Safe: bytes that have come are given to the next read.
  [[nodiscard]] input_read read(std::span<std::byte> into) noexcept { return {*state_, into}; }
  /// For messages.
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  std::unique_ptr<internal::input_state> state_;
};

/// `stream.write_all(bytes)`, `stream.write_some(bytes)`.
template <bool All>
class [[nodiscard]] output_write : public fallible<output_write<All>> {
  using value_type = std::conditional_t<All, void, std::size_t>;

 public:
  output_write(output_write&&) noexcept = default;  // before the first poll
  ~output_write() { disown(); }
  poll_result<rouse::result<value_type>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend class output_stream;
  output_write(internal::output_state& to, std::span<const std::byte> bytes,
               std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor) {}
  [[nodiscard]] std::size_t& at() noexcept { return cursor_ ? *cursor_ : own_; }
  /// Ready: bytes that went out now.
  poll_result<rouse::result<std::size_t>> poll_source(context& cx);
  poll_result<rouse::result<std::size_t>> poll_pool(context& cx);
  internal::output_state* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;  // null: own_
  std::size_t own_ = 0;
  std::size_t handed_over_ = 0;  // to the job that runs, by us
  rouse::operation operation_;
  bool cancelled_ = false;
  bool waits_ = false;  // for the job of the stream
};
extern template class output_write<true>;
extern template class output_write<false>;

/// A stream to write to; models io::async_write.
///
/// Bytes that the blocking pool was given count as written. The next write, also one of nothing,
/// waits until they are, and says so should that have failed.
/// @threads  That of the reactor of its first write; one writer at a time. Movable while none
///           writes.
class output_stream {
 public:
  /// As input_stream.
  explicit output_stream(int fd, std::string name = {});
  output_stream(output_stream&&) noexcept;
  output_stream& operator=(output_stream&&) noexcept;
  ~output_stream();

  /// @errors  EPIPE, ENOSPC, EIO, ...; no_context. Never a SIGPIPE.
  /// @cancel  Safe with a cursor.
  [[nodiscard]] output_write<true> write_all(std::span<const std::byte> bytes) noexcept {
    return {*state_, bytes, nullptr};
  }
  [[nodiscard]] output_write<true> write_all(std::string_view text) noexcept {
    return write_all(io::as_bytes(text));
  }
  [[nodiscard]] output_write<true> write_all(std::span<const std::byte> bytes,
                                             std::size_t& cursor) noexcept {
    return {*state_, bytes, &cursor};
  }
  [[nodiscard]] output_write<false> write_some(std::span<const std::byte> bytes) noexcept {
    return {*state_, bytes, nullptr};
  }
  /// For messages.
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  std::unique_ptr<internal::output_state> state_;
};

/// Of this process. Make each once: two that read share the bytes between them.
[[nodiscard]] input_stream standard_input();
[[nodiscard]] output_stream standard_output();
[[nodiscard]] output_stream standard_error();

}  // namespace rouse::fs
