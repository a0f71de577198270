// Reads exactly as many bytes as fit the caller's memory.
#pragma once

#include <rouse/io/stream.hpp>

#include <optional>
#include <string>

namespace rouse::io {

template <async_read S>
class [[nodiscard]] read_exact_operation : public fallible<read_exact_operation<S>> {
  using read_operation = decltype(std::declval<S&>().read(std::span<std::byte>()));

 public:
  read_exact_operation(S& from, std::span<std::byte> into, std::size_t* cursor) noexcept
      : from_(&from), into_(into), cursor_(cursor) {}
  read_exact_operation(read_exact_operation&& other) noexcept  // before the first poll
      : from_(other.from_), into_(other.into_), cursor_(other.cursor_), at_(other.at_) {}

  poll_result<rouse::result<void>> poll(context& cx) {
    std::size_t& at = cursor_ ? *cursor_ : at_;
    while (at < into_.size()) {
      if (!reading_) {
        if (cancelled_) return pending;
        reading_.emplace(from_->read(into_.subspan(at)));
      }
      auto answer = reading_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto count = answer.take();
      reading_.reset();
      if (!count) return std::unexpected(count.error());
      if (*count == 0) return std::unexpected(error("read_exact", errc::end_of_stream));
      at += *count;
    }
    return rouse::result<void>();
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
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { reading_->subject(); })
      if (reading_) return reading_->subject();
    if constexpr (requires { from_->subject(); }) return from_->subject();
    return {};
  }

 private:
  S* from_;
  std::span<std::byte> into_;
  std::size_t* cursor_;
  std::size_t at_ = 0;
  std::optional<read_operation> reading_;
  bool cancelled_ = false;
};

/// Fills `into`.
///
/// @param cursor  bytes that are there already; moves with the progress. With one of the caller's
/// own nothing is lost by
///                cancelling: call again with the same arguments.
/// @errors        end_of_stream when the stream ends first (`cursor` tells where), and those of the
/// stream.
/// @cancel        Safe with a cursor; without one the bytes read so far are in `into`, but how many
/// is not known.
template <async_read S>
[[nodiscard]] auto read_exact(S& from, std::span<std::byte> into, std::size_t& cursor) noexcept {
  return read_exact_operation<S>(from, into, &cursor);
}
template <async_read S>
[[nodiscard]] auto read_exact(S& from, std::span<std::byte> into) noexcept {
  return read_exact_operation<S>(from, into, nullptr);
}

}  // namespace rouse::io
