// Reads until the stream ends, into a buffer that has a limit.
#pragma once

#include <rouse/io/buffer.hpp>
#include <rouse/io/stream.hpp>

#include <optional>
#include <string>

namespace rouse::io {

template <async_read S>
class [[nodiscard]] read_to_end_operation : public fallible<read_to_end_operation<S>> {
  using read_operation = decltype(std::declval<S&>().read(std::span<std::byte>()));

 public:
  read_to_end_operation(S& from, buffer& into, std::size_t bytes_max) noexcept
      : from_(&from), into_(&into), bytes_max_(bytes_max) {}
  read_to_end_operation(read_to_end_operation&& other) noexcept  // before the first poll
      : from_(other.from_), into_(other.into_), bytes_max_(other.bytes_max_) {}

  poll_result<rouse::result<void>> poll(context& cx) {
    for (;;) {
      if (!reading_) {
        if (cancelled_) return pending;
        // One byte more than is allowed, to tell "exactly the limit" from "over it".
        const std::size_t held = into_->size();
        const std::size_t room = held < bytes_max_ ? bytes_max_ - held : 0;
        const std::size_t most = room < no_bound ? room + 1 : room;
        const std::size_t wanted = held > piece_min ? held : piece_min;
        const std::size_t piece = wanted < most ? wanted : most;
        reading_.emplace(from_->read(into_->prepare(piece).first(piece)));
      }
      auto answer = reading_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto count = answer.take();
      reading_.reset();
      if (!count) return std::unexpected(count.error());
      if (*count == 0) return rouse::result<void>();
      into_->commit(*count);
      if (into_->size() > bytes_max_) return std::unexpected(error("read_to_end", errc::too_large));
    }
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
    if constexpr (requires { from_->subject(); }) return from_->subject();
    return {};
  }

 private:
  static constexpr std::size_t piece_min = 4096;
  static constexpr std::size_t no_bound = static_cast<std::size_t>(-1);

  S* from_;
  buffer* into_;
  std::size_t bytes_max_;
  std::optional<read_operation> reading_;
  bool cancelled_ = false;
};

/// Appends to `into` until the stream ends.
///
/// @param bytes_max  most that `into` may hold then; it never grows by more than one byte over it.
/// @errors  too_large (what was read stays in `into`), those of the stream; throws std::bad_alloc.
/// @cancel  Safe: what was read is in `into`; call again to go on.
template <async_read S>
[[nodiscard]] auto read_to_end(S& from, buffer& into, std::size_t bytes_max) noexcept {
  return read_to_end_operation<S>(from, into, bytes_max);
}

}  // namespace rouse::io
