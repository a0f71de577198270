// A byte stream in memory: two ends, two bounded queues. For tests of protocols, and for pipelines
// inside one process.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>

#include <utility>

namespace rouse::io {

namespace internal {
struct duplex_state;
class duplex_end;
}  // namespace internal

class duplex_stream;

/// Reads what the other end has written; 0 at the end.
class [[nodiscard]] duplex_read : public fallible<duplex_read> {
 public:
  duplex_read(duplex_read&& other) noexcept : from_(other.from_), into_(other.into_) {}
  ~duplex_read() { disown(); }
  poll_result<rouse::result<std::size_t>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context&) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  friend duplex_stream;
  duplex_read(duplex_stream& from, std::span<std::byte> into) noexcept
      : from_(&from), into_(into) {}
  duplex_stream* from_;
  std::span<std::byte> into_;
  wakeable* waiting_ = nullptr;
  bool cancelled_ = false;
};

namespace internal {
/// Both kinds of write: `some` ends after the first bytes taken.
class duplex_write_base {
 public:
  duplex_write_base(duplex_write_base&& other) noexcept
      : to_(other.to_), bytes_(other.bytes_), cursor_(other.cursor_), at_(other.at_) {}
  ~duplex_write_base() { disown(); }
  poll_result<void> poll_cancel(context&) noexcept;
  void disown() noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 protected:
  duplex_write_base(duplex_stream& to, std::span<const std::byte> bytes,
                    std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor) {}
  /// Takes what there is room for. Ready: bytes taken, or an error.
  poll_result<rouse::result<std::size_t>> attempt(context& cx) noexcept;
  [[nodiscard]] std::size_t& at() noexcept { return cursor_ ? *cursor_ : at_; }
  [[nodiscard]] std::size_t left() noexcept { return bytes_.size() - at(); }

 private:
  duplex_stream* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;
  std::size_t at_ = 0;
  wakeable* waiting_ = nullptr;
  bool cancelled_ = false;
};
}  // namespace internal

/// Writes as much as there is room for, 1 byte or more.
class [[nodiscard]] duplex_write_some : public internal::duplex_write_base,
                                        public fallible<duplex_write_some> {
 public:
  poll_result<rouse::result<std::size_t>> poll(context& cx) noexcept;

 private:
  friend duplex_stream;
  using duplex_write_base::duplex_write_base;
};

/// Writes all; the cursor tells how far it came.
class [[nodiscard]] duplex_write_all : public internal::duplex_write_base,
                                       public fallible<duplex_write_all> {
 public:
  poll_result<rouse::result<void>> poll(context& cx) noexcept;

 private:
  friend duplex_stream;
  using duplex_write_base::duplex_write_base;
};

/// Says that no more will be written.
class [[nodiscard]] duplex_shutdown : public fallible<duplex_shutdown> {
 public:
  poll_result<rouse::result<void>> poll(context&) noexcept;
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  friend duplex_stream;
  explicit duplex_shutdown(duplex_stream& on) noexcept : on_(&on) {}
  duplex_stream* on_;
};

/// One end. Reading gives what the other end wrote, then 0 once that end is shut down or gone;
/// writing to an end that is gone is EPIPE. At most `bytes_max` are under way in each direction; a
/// writer waits for room.
/// @threads  Both ends on one thread. One reader and one writer at a time per end. Movable while no
/// operation is pending.
class duplex_stream {
 public:
  duplex_stream(duplex_stream&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  duplex_stream& operator=(duplex_stream&& other) noexcept;
  ~duplex_stream();

  [[nodiscard]] duplex_read read(std::span<std::byte> into) noexcept { return {*this, into}; }
  [[nodiscard]] duplex_write_some write_some(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] duplex_write_all write_all(std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] duplex_write_all write_all(std::span<const std::byte> bytes,
                                           std::size_t& cursor) noexcept {
    return {*this, bytes, &cursor};
  }
  [[nodiscard]] duplex_write_all write_all(std::string_view text) noexcept {
    return write_all(as_bytes(text));
  }
  /// The next read gives these first. @errors std::bad_alloc
  void unread(std::span<const std::byte> bytes);
  /// No more will be written here: the other end reads what is there, then 0.
  void shutdown_write() noexcept;
  /// The same as an operation, which is done at its first poll.
  [[nodiscard]] duplex_shutdown shutdown() noexcept { return duplex_shutdown(*this); }

 private:
  friend duplex_read;
  friend internal::duplex_write_base;
  friend std::pair<duplex_stream, duplex_stream> duplex(std::size_t);
  explicit duplex_stream(internal::duplex_end& end) noexcept : end_(&end) {}
  internal::duplex_end* end_;
};

/// Two connected ends. `bytes_max`: 1 or more, the room in each direction.
[[nodiscard]] std::pair<duplex_stream, duplex_stream> duplex(std::size_t bytes_max = 64 * 1024);

}  // namespace rouse::io
