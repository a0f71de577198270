// What a connection is about to send: small parts are gathered, large ones follow them in the same
// call.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/net/stream.hpp>

#include <cstdint>
#include <string>

namespace rouse::http {

/// The sending side of one connection, of a server or a client. Never holds more than its writer
/// appended: whoever sends waits until the kernel has taken it all, which is the whole of the
/// back-pressure.
/// @threads  One at a time. Stays where it is while something is being sent.
class output {
 public:
  /// @param within  longest time that the peer may take nothing of one piece.
  output(net::stream& to, nanoseconds within) noexcept : to_(&to), within_(within) {}
  /// For none yet: see attach().
  explicit output(nanoseconds within) noexcept : to_(nullptr), within_(within) {}
  output(const output&) = delete;
  output& operator=(const output&) = delete;

  /// Begins anew with another connection; the memory stays.
  void attach(net::stream& to) noexcept {
    to_ = &to;
    text_.clear();
    sent_ = 0;
    has_sent_ = false;
  }

  /// What is gathered and not sent: append to it.
  [[nodiscard]] std::string& text() noexcept { return text_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Bytes that were appended or sent since this was made.
  [[nodiscard]] std::uint64_t total() const noexcept { return sent_ + text_.size(); }
  /// True once something was handed to the kernel, or was tried to: it cannot be taken back.
  [[nodiscard]] bool has_sent() const noexcept { return has_sent_; }
  void forget_sent() noexcept { has_sent_ = false; }

  /// Sends what is gathered.
  /// @errors  ETIMEDOUT: the peer took nothing for too long; EPIPE, ECONNRESET.
  /// @cancel  How far it came is not known: the connection cannot be used again.
  [[nodiscard]] task<result<void>> flush();
  /// Sends what is gathered, then `bytes`, then `tail`, in one call where the kernel takes it.
  [[nodiscard]] task<result<void>> send(std::span<const std::byte> bytes,
                                        std::string_view tail = {});

  /// Sends some of an open file, without a copy: see net::stream::send_file().
  /// @pre  nothing is gathered.
  [[nodiscard]] task<result<std::size_t>> send_file(int file, std::uint64_t offset,
                                                    std::size_t bytes);

  [[nodiscard]] net::stream& stream() noexcept { return *to_; }
  [[nodiscard]] nanoseconds within() const noexcept { return within_; }
  /// For who sends by other means: what is gathered has been sent, and `more` behind it.
  void note_sent(std::uint64_t more = 0) noexcept {
    sent_ += text_.size() + more;
    has_sent_ = true;
    text_.clear();
  }
  /// The same of the first `bytes` that are gathered, which belong to what was before.
  void note_front_sent(std::size_t bytes) {
    text_.erase(0, bytes);
    sent_ += bytes;
  }

 private:
  net::stream* to_;
  nanoseconds within_;
  std::string text_;
  std::uint64_t sent_ = 0;
  bool has_sent_ = false;
};

}  // namespace rouse::http
