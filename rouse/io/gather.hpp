// Several pieces of memory written as one.
#pragma once

#include <rouse/io/stream.hpp>

#include <optional>
#include <string>

namespace rouse::io {

/// One piece after the other, for streams that cannot gather.
template <async_write S>
class [[nodiscard]] write_pieces_operation : public fallible<write_pieces_operation<S>> {
  using write_operation = decltype(std::declval<S&>().write_all(std::span<const std::byte>(),
                                                                std::declval<std::size_t&>()));

 public:
  write_pieces_operation(S& to, std::span<const slice> pieces, std::size_t& cursor) noexcept
      : to_(&to), pieces_(pieces), cursor_(&cursor) {}
  write_pieces_operation(write_pieces_operation&& other) noexcept  // before the first poll
      : to_(other.to_), pieces_(other.pieces_), cursor_(other.cursor_) {}
  ~write_pieces_operation() { end(); }

  poll_result<rouse::result<void>> poll(context& cx) {
    for (;;) {
      if (!writing_) {
        const auto rest = piece_at(*cursor_);
        if (rest.empty()) return rouse::result<void>();
        if (cancelled_) return pending;
        writing_.emplace(to_->write_all(rest, written_));
      }
      auto answer = writing_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto wrote = answer.take();
      end();
      if (!wrote) return wrote;
    }
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (writing_) return rouse::poll_cancel(*writing_, cx);
    return ready;
  }
  void disown() noexcept {
    if (writing_) rouse::disown(*writing_);
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { to_->subject(); }) return to_->subject();
    return {};
  }

 private:
  /// What is left of the piece in which byte `at` of all lies; empty behind the last.
  [[nodiscard]] std::span<const std::byte> piece_at(std::size_t at) const noexcept {
    for (const slice& piece : pieces_) {
      if (at < piece.size) return piece.bytes().subspan(at);
      at -= piece.size;
    }
    return {};
  }
  void end() noexcept {
    if (!writing_) return;
    writing_.reset();  // its destructor brings the count up to date
    *cursor_ += std::exchange(written_, 0);
  }

  S* to_;
  std::span<const slice> pieces_;
  std::size_t* cursor_;
  std::size_t written_ = 0;  // of one piece, by the running write
  std::optional<write_operation> writing_;
  bool cancelled_ = false;
};

/// Writes all of `pieces` behind the first `cursor` bytes: in one call where the stream gathers,
/// else one after the other. The array is lent too.
/// @errors  those of the stream.
/// @cancel  Safe: `cursor` is exact; call again with the same arguments.
template <async_write S>
[[nodiscard]] auto write_gathered(S& to, std::span<const slice> pieces,
                                  std::size_t& cursor) noexcept {
  if constexpr (gathering_write<S>)
    return to.write_all(pieces, cursor);
  else
    return write_pieces_operation<S>(to, pieces, cursor);
}

}  // namespace rouse::io
