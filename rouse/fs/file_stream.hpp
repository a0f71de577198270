// Files of our own as streams: a position that moves on. So lines, messages and copies work on
// files as they do on sockets. (What somebody else has opened, and shares the position:
// byte_streams.hpp.)
#pragma once

#include <rouse/fs/file.hpp>

#include <optional>

namespace rouse::fs {

class file_reader;
class file_writer;

/// `reader.read(span)`.
class [[nodiscard]] file_read : public fallible<file_read> {
 public:
  file_read(file_read&& other) noexcept : from_(other.from_), into_(other.into_) {}
  poll_result<rouse::result<std::size_t>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  friend file_reader;
  file_read(file_reader& from, std::span<std::byte> into) noexcept : from_(&from), into_(into) {}
  file_reader* from_;
  std::span<std::byte> into_;
  std::optional<read_operation> reading_;
  bool cancelled_ = false;
};

/// Reads a file from a position on; models io::async_read.
/// @threads  One at a time. Movable while no read is pending.
/// @example
///   fs::file_reader file(co_await fs::open("words"));
///   io::buffered_reader in(file);
///   while (auto word = co_await io::read_line(in)) use(*word);
class file_reader {
 public:
  explicit file_reader(file from, std::uint64_t offset = 0) noexcept
      : file_(std::move(from)), offset_(offset) {}

  /// Up to `into.size()` bytes; 0 at the end of the file, also when it grows later.
  /// @cancel  Safe: the position moves when a read is done, and not before.
  /// @cost    A copy. No thread hop where the caches have it.
  [[nodiscard]] file_read read(std::span<std::byte> into) noexcept { return {*this, into}; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  void seek(std::uint64_t offset) noexcept { offset_ = offset; }
  /// For messages.
  [[nodiscard]] const std::string& subject() const noexcept { return file_.path(); }

 private:
  friend file_read;
  file file_;
  std::uint64_t offset_;
  io::buffer spare_;  // of the last read
};

/// `writer.write_all(bytes)`, `writer.write_some(bytes)`.
template <bool All>
class [[nodiscard]] file_write : public fallible<file_write<All>> {
  using value_type = std::conditional_t<All, void, std::size_t>;

 public:
  file_write(file_write&& other) noexcept
      : to_(other.to_), bytes_(other.bytes_), cursor_(other.cursor_) {}
  /// Counts what it knows to be written.
  ~file_write() { end(); }
  poll_result<rouse::result<value_type>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  friend file_writer;
  file_write(file_writer& to, std::span<const std::byte> bytes, std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor) {}
  [[nodiscard]] std::size_t& at() noexcept { return cursor_ ? *cursor_ : own_; }
  /// Gives what came of the piece.
  std::size_t end() noexcept;
  file_writer* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;  // null: own_
  std::size_t own_ = 0;
  std::size_t done_ = 0;  // of the piece under way
  std::optional<operation<written>> writing_;
  bool cancelled_ = false;
};
extern template class file_write<true>;
extern template class file_write<false>;

/// Writes a file from a position on; models io::async_write. Not for one that was opened to append,
/// where a write that is repeated after a cancel would be there twice.
/// @threads  One at a time. Movable while no write is pending.
class file_writer {
 public:
  explicit file_writer(file to, std::uint64_t offset = 0) noexcept
      : file_(std::move(to)), offset_(offset) {}

  /// @errors  ENOSPC, EFBIG, EIO, ...
  /// @cancel  Safe with a cursor: bytes that it does not count may be in the file, and are written
  ///          to the same place by the next call.
  [[nodiscard]] file_write<true> write_all(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] file_write<true> write_all(std::string_view text) noexcept {
    return write_all(io::as_bytes(text));
  }
  [[nodiscard]] file_write<true> write_all(std::span<const std::byte> bytes,
                                           std::size_t& cursor) noexcept {
    return {*this, bytes, &cursor};
  }
  [[nodiscard]] file_write<false> write_some(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  void seek(std::uint64_t offset) noexcept { offset_ = offset; }
  /// To sync and close it.
  [[nodiscard]] const file& get() const noexcept { return file_; }
  /// For messages.
  [[nodiscard]] const std::string& subject() const noexcept { return file_.path(); }

 private:
  template <bool>
  friend class file_write;
  file file_;
  std::uint64_t offset_;
  io::buffer spare_;  // of the last write
};

}  // namespace rouse::fs
