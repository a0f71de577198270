// The body of a message, as it comes and as it goes. A server's exchange and a client's answer give
// the same two classes.
//
// Both ends have back-pressure by nature: nothing is read from the connection until somebody asks
// for the next piece, and a write ends when the kernel has taken it.
#pragma once

#include <rouse/coro/fallible_task.hpp>
#include <rouse/fs/file.hpp>
#include <rouse/http/output.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rouse::http {

/// Where a body comes from: a connection, whose parser takes the framing away.
class body_source {
 public:
  /// The next piece, 1 byte or more; empty at the end. Valid until the next call.
  [[nodiscard]] virtual task<result<std::span<const std::byte>>> next() = 0;
  /// Bytes of the whole body if it told them, else nothing.
  [[nodiscard]] virtual const std::uint64_t* length() const noexcept = 0;
  /// A reader did not want so much: a server answers 413 if its handler says nothing better.
  virtual void note_too_large() noexcept {}
  /// Who it comes from, for error texts.
  [[nodiscard]] virtual std::string subject() const = 0;

 protected:
  ~body_source() = default;
};

/// Reads a body. A view: copies read the same body, one at a time. Also a stream for `io`'s
/// algorithms.
/// @threads  That of the connection.
class body_reader {
 public:
  explicit body_reader(body_source& from) noexcept : from_(&from) {}
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

  /// The next piece as it came, 1 byte or more; empty at the end of the body. The bytes are lent
  /// until the next read.
  /// @errors  invalid_input: the framing is broken; too_large: beyond the limit; end_of_stream: the
  ///          peer left in the middle, which is never a short success; ETIMEDOUT.
  /// @cancel  Safe: bytes that arrived stay for the next read.
  [[nodiscard]] fallible_task<std::span<const std::byte>> read() const;
  /// Copies up to `into.size()` bytes, 1 or more; 0 at the end. Do not mix with read(): what a
  /// piece had beyond `into` is kept in this reader.
  [[nodiscard]] fallible_task<std::size_t> read(std::span<std::byte> into);
  /// All that is left.
  /// @errors  too_large beyond `bytes_max`; at once where the body tells its length.
  [[nodiscard]] fallible_task<std::string> read_to_end(std::size_t bytes_max = 1024 * 1024) const;
  /// Reads the rest and drops it; gives its bytes.
  /// @errors  too_large beyond `bytes_max`.
  [[nodiscard]] fallible_task<std::uint64_t> skip(
      std::uint64_t bytes_max = static_cast<std::uint64_t>(-1)) const;

 private:
  body_source* from_;
  std::span<const std::byte> rest_;  // of the last piece that read(into) got
};

/// How the end of a body is told.
enum class body_framing : unsigned char {
  nothing,      ///< no body may follow: to HEAD, 204, 304. What is written is counted and dropped
  length,       ///< Content-Length
  chunked,      ///< chunks, and trailers after them
  until_close,  ///< the end of the connection: to HTTP/1.0
};

/// How a file gets into a body.
enum class file_copy : unsigned char {
  through_memory,  ///< what was read is what is sent, whatever happens to the file meanwhile
  none,            ///< from the page cache where it is there
};

/// Writes a body whose head has been appended to `to`.
/// @threads  That of the connection. Stays where it is.
class body_writer {
 public:
  /// @param length  with body_framing::length; else unused.
  body_writer(output& to, body_framing framing, std::uint64_t length = 0) noexcept
      : to_(&to), framing_(framing), length_(length) {}
  body_writer(const body_writer&) = delete;
  body_writer& operator=(const body_writer&) = delete;

  /// Sends `bytes`, with the head if that is still waiting, and waits until the kernel has taken
  /// them. Each call is a system call: gather what is small, or put an io::buffered_writer before
  /// it.
  /// @errors  invalid_input, and nothing is sent: more than Content-Length promised, or finished.
  ///          ETIMEDOUT, EPIPE, ECONNRESET: the peer takes nothing or is gone.
  /// @cancel  The body cannot be finished afterwards; the connection will be cut.
  [[nodiscard]] fallible_task<void> write(std::span<const std::byte> bytes);
  [[nodiscard]] fallible_task<void> write(std::string_view text) {
    return write(io::as_bytes(text));
  }
  /// Adds `bytes` without sending them yet: they go with the next write, or with the end. For parts
  /// that are small and followed by more.
  /// @errors  invalid_input, as for write().
  [[nodiscard]] result<void> gather(std::string_view bytes);
  /// Sends a part of a file, read piece by piece.
  /// @param how  file_copy::none: what is in the page cache goes to the socket without a copy
  ///             (sendfile). Then a change of the file can still change bytes on their way.
  /// @errors  those of write() and of reading; end_of_stream: the file has become shorter, and the
  ///          body cannot be finished.
  [[nodiscard]] fallible_task<void> write_file(const fs::file& from, std::uint64_t offset,
                                               std::uint64_t bytes,
                                               file_copy how = file_copy::through_memory);
  /// A field after the last chunk, sent by finish().
  /// @errors  invalid_input: not chunked, or no field that may be a trailer.
  result<void> trailer(std::string_view name, std::string_view value);
  /// Ends the body. Who gave the writer does it too, where nobody called it and nothing failed.
  /// What has to be sent for it may wait for the next flush of the connection.
  /// @errors  invalid_input: fewer bytes than Content-Length promised.
  [[nodiscard]] result<void> finish();

  [[nodiscard]] bool is_finished() const noexcept { return finished_; }
  /// Of the body, framing apart.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] body_framing framing() const noexcept { return framing_; }

 private:
  [[nodiscard]] task<result<void>> send(std::span<const std::byte> bytes);
  [[nodiscard]] task<result<void>> send_file(fs::file from, std::uint64_t offset,
                                             std::uint64_t bytes, file_copy how);
  [[nodiscard]] bool takes(std::uint64_t bytes) const noexcept;
  void open_chunk(std::uint64_t bytes);
  [[nodiscard]] std::string_view chunk_end() const noexcept;

  output* to_;
  body_framing framing_;
  bool failed_ = false;
  bool finished_ = false;
  std::uint64_t length_;
  std::uint64_t bytes_ = 0;
  std::string trailers_;
};

/// Whether a field may stand after the body: framing, routing, conditions and credentials may not
/// (RFC 9110, section 6.5.1).
[[nodiscard]] bool is_trailer_name(std::string_view name) noexcept;

}  // namespace rouse::http
