// A stream read in larger pieces than it is asked for: what parsers and small reads stand on.
#pragma once

#include <rouse/io/buffer.hpp>
#include <rouse/io/stream.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace rouse::io {

template <async_read S>
class buffered_reader;

/// `reader.fill()`, `reader.read(span)`.
template <async_read S, bool Fill>
class [[nodiscard]] buffered_read_operation : public fallible<buffered_read_operation<S, Fill>> {
  using read_operation = decltype(std::declval<S&>().read(std::span<std::byte>()));

 public:
  buffered_read_operation(buffered_reader<S>& from, std::span<std::byte> into) noexcept
      : from_(&from), into_(into) {}
  buffered_read_operation(buffered_read_operation&& other) noexcept  // before the first poll
      : from_(other.from_), into_(other.into_) {}

  poll_result<rouse::result<std::size_t>> poll(context& cx) {
    if constexpr (!Fill)
      if (!reading_ && !from_->bytes().empty()) return serve(cx);
    // A read of much goes past the buffer, which is empty.
    const bool is_direct = !Fill && into_.size() >= from_->piece_bytes_;
    if (!reading_) {
      if (cancelled_) return pending;
      reading_.emplace(from_->from_->read(is_direct ? into_ : from_->room()));
    }
    auto answer = reading_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto count = answer.take();
    reading_.reset();
    if (!count || is_direct) return count;
    from_->content_.commit(*count);
    if constexpr (Fill) return count;
    return rouse::result<std::size_t>(take());
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (reading_) return rouse::poll_cancel(*reading_, cx);
    return ready;
  }
  void disown() noexcept {
    if (reading_) rouse::disown(*reading_);
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const { return from_->subject(); }

 private:
  poll_result<rouse::result<std::size_t>> serve(context& cx) {
    if (cancelled_ || !cx.spend()) return pending;
    return rouse::result<std::size_t>(take());
  }
  std::size_t take() noexcept {
    const auto held = from_->bytes();
    const std::size_t count = std::min(held.size(), into_.size());
    if (count) std::memcpy(into_.data(), held.data(), count);
    from_->consume(count);
    return count;
  }

  buffered_reader<S>* from_;
  std::span<std::byte> into_;
  std::optional<read_operation> reading_;
  bool cancelled_ = false;
};

/// Reads ahead of whoever asks; models async_read itself.
/// @threads  One reader at a time. Movable while no operation is pending. What is read ahead and
/// not
///           taken goes with it, so keep one for as long as the stream is read.
template <async_read S>
class buffered_reader {
 public:
  /// @param from         outlives this.
  /// @param piece_bytes  1 or more: what the stream is asked for at a time.
  explicit buffered_reader(S& from, std::size_t piece_bytes = 8192) noexcept
      : from_(&from), piece_bytes_(piece_bytes) {
    ROUSE_ASSERT(piece_bytes > 0);
  }

  /// Whatever comes, 1 byte or more, up to the size of `into`; 0 at the end.
  /// @cancel  Safe: bytes stay here or in the stream.
  [[nodiscard]] buffered_read_operation<S, false> read(std::span<std::byte> into) noexcept {
    return {*this, into};
  }
  /// Waits for more bytes behind those that are held; gives how many, 0 at the end.
  /// @cancel  Safe, as above.
  [[nodiscard]] buffered_read_operation<S, true> fill() noexcept { return {*this, {}}; }

  /// Read ahead and not taken; ends with the next operation.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return content_.bytes(); }
  /// Takes the first `count` of them.
  void consume(std::size_t count) noexcept { content_.consume(count); }
  /// The same as the buffer itself, for decoders.
  [[nodiscard]] buffer& content() noexcept { return content_; }
  /// The next read gives these first. @errors std::bad_alloc
  void unread(std::span<const std::byte> bytes) {
    buffer fresh;
    fresh.append(bytes);
    fresh.append(content_.bytes());
    content_ = std::move(fresh);
  }
  /// For messages.
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { from_->subject(); }) return from_->subject();
    return {};
  }

 private:
  template <async_read, bool>
  friend class buffered_read_operation;
  [[nodiscard]] std::span<std::byte> room() {
    return content_.prepare(piece_bytes_).first(piece_bytes_);
  }
  S* from_;
  std::size_t piece_bytes_;
  buffer content_;
};

}  // namespace rouse::io
