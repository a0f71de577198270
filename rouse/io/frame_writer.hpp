// Messages into a stream.
#pragma once

#include <rouse/io/buffered_writer.hpp>
#include <rouse/io/codec.hpp>

#include <utility>

namespace rouse::io {

template <async_write S, frame_encoder Codec>
class frame_writer;

/// `writer.send(message)`.
template <async_write S, frame_encoder Codec>
class [[nodiscard]] send_frame_operation : public fallible<send_frame_operation<S, Codec>> {
 public:
  send_frame_operation(frame_writer<S, Codec>& to, typename Codec::frame_view message) noexcept
      : to_(&to), message_(message), draining_(*to.to_, to.content_) {}
  send_frame_operation(send_frame_operation&&) noexcept = default;  // before the first poll

  poll_result<rouse::result<void>> poll(context& cx) {
    if (draining_.is_pending() || to_->content_.size() >= to_->bytes_max_) {
      auto drained = draining_.poll(cx);
      if (!drained.is_ready()) return pending;
      if (auto wrote = drained.take(); !wrote) return wrote;
    }
    if (cancelled_ || !cx.spend()) return pending;
    return to_->codec_.encode(message_, to_->content_);
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    return draining_.poll_cancel(cx);
  }
  void disown() noexcept { draining_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { to_->to_->subject(); }) return to_->to_->subject();
    return {};
  }

 private:
  frame_writer<S, Codec>* to_;
  typename Codec::frame_view message_;
  internal::drain<S> draining_;
  bool cancelled_ = false;
};

/// Writes messages; see codec.hpp for what they are. They gather here up to the high-water mark:
/// flush when the other side shall have them, and before the end.
/// @threads  One writer at a time. Movable while no operation is pending.
template <async_write S, frame_encoder Codec>
class frame_writer {
 public:
  /// @param to  outlives this.
  frame_writer(S& to, Codec codec, buffered_writer_options options = {})
      : to_(&to), codec_(std::move(codec)), bytes_max_(options.bytes_max) {
    ROUSE_ASSERT(bytes_max_ > 0);
  }

  /// Waits while the high-water mark is reached, then takes the message whole.
  /// @errors  those of the stream; what the codec refuses, and then nothing is taken.
  /// @cancel  Safe: a message is taken when this is done, and not before.
  [[nodiscard]] send_frame_operation<S, Codec> send(typename Codec::frame_view message) noexcept {
    return {*this, message};
  }
  /// Until the stream has all that was taken. @cancel Safe: what is not written stays.
  [[nodiscard]] flush_operation<S> flush() noexcept { return {*to_, content_}; }
  /// Taken and not written.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return content_.size(); }

 private:
  friend send_frame_operation<S, Codec>;
  S* to_;
  Codec codec_;
  std::size_t bytes_max_;
  buffer content_;
};

}  // namespace rouse::io
