// Messages out of a stream.
#pragma once

#include <rouse/io/buffered_reader.hpp>
#include <rouse/io/codec.hpp>

#include <utility>

namespace rouse::io {

/// The next message that `Codec` finds in a reader. `Codec` may be a reference.
template <async_read S, class Codec>
class [[nodiscard]] next_frame_operation : public fallible<next_frame_operation<S, Codec>> {
  using fill_operation = decltype(std::declval<buffered_reader<S>&>().fill());
  using frame = typename std::remove_cvref_t<Codec>::frame;

 public:
  next_frame_operation(buffered_reader<S>& from, Codec&& codec)
      : from_(&from), codec_(std::forward<Codec>(codec)) {}
  next_frame_operation(next_frame_operation&& other) noexcept  // before the first poll
      : from_(other.from_), codec_(std::forward<Codec>(other.codec_)) {}

  poll_result<rouse::result<std::optional<frame>>> poll(context& cx) {
    for (;;) {
      if (!filling_) {
        if (cancelled_ || !cx.spend()) return pending;
        auto message = codec_.decode(from_->content(), searched_);
        if (!message || *message) return message;
        cx.refund();
        filling_.emplace(from_->fill());
      }
      auto answer = filling_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto count = answer.take();
      filling_.reset();
      if (!count) return std::unexpected(count.error());
      if (*count == 0) return codec_.decode_end(from_->content());
    }
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;  // what is read meanwhile waits in the reader
    if (filling_) return filling_->poll_cancel(cx);
    return ready;
  }
  void disown() noexcept {
    if (filling_) filling_->disown();
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const { return from_->subject(); }

 private:
  buffered_reader<S>* from_;
  Codec codec_;
  std::size_t searched_ = 0;
  std::optional<fill_operation> filling_;
  bool cancelled_ = false;
};

/// Reads messages; see codec.hpp for what they are.
/// @threads  One reader at a time. Movable while no operation is pending.
/// @example
///   io::frame_reader lines(stream, io::line_codec(1000));
///   while (auto line = co_await lines.next()) use(*line);
template <async_read S, frame_decoder Codec>
class frame_reader {
 public:
  /// @param from  outlives this; what is read ahead of the last message goes with this.
  frame_reader(S& from, Codec codec, std::size_t piece_bytes = 8192)
      : in_(from, piece_bytes), codec_(std::move(codec)) {}

  /// The next message; none at the end of the stream.
  /// @errors  those of the stream; too_large, and end_of_stream within a message, as the codec has
  ///          it: no further message can then be found.
  /// @cancel  Safe: what has come of a message waits for the next call.
  [[nodiscard]] next_frame_operation<S, Codec&> next() noexcept { return {in_, codec_}; }
  /// The bytes behind the last message, for who goes on without messages.
  [[nodiscard]] buffered_reader<S>& rest() noexcept { return in_; }

 private:
  buffered_reader<S> in_;
  Codec codec_;
};

}  // namespace rouse::io
