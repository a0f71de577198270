// What the heads of requests and responses have in common. A head holds no text of its own: every
// view points into the bytes the parser was given, and what is stored are 16-bit offsets, so a head
// costs 0.9 KiB inside its parser, nothing is allocated, and the text may be moved elsewhere and
// the head follow it (`rebase`).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rouse::http {

/// How the body goes on after the head.
enum class body_kind : std::uint8_t {
  none,         ///< the message ends with its head
  length,       ///< `content_length()` bytes, 0 included
  chunked,      ///< chunks until the empty one; the parser takes the framing away
  until_close,  ///< of a response only: all bytes until the connection ends
};

struct header_field {
  std::string_view name = {};  ///< as it was sent, any case
  std::string_view value =
      {};  ///< without surrounding blanks; may hold bytes above 0x7f and tabs, no other control
};

/// Fields and framing of a message: the base of `request` and `response`.
///
/// Views stay valid while the bytes of the head stay where they are. Copying a head copies offsets,
/// not text.
/// @threads  Reading from several threads is safe.
class message_head {
 public:
  /// No peer can make us hold more; limits may allow fewer.
  static constexpr std::size_t header_capacity = 100;

  /// 0 or 1: HTTP/1.0 or HTTP/1.1.
  [[nodiscard]] int minor_version() const noexcept { return minor_version_; }

  /// The value of the first field of that name, in any case; nothing when the field is missing.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t header_count() const noexcept { return header_count_; }
  /// @param index  below header_count(); fields are in the order sent.
  [[nodiscard]] header_field header_at(std::size_t index) const noexcept;

  [[nodiscard]] body_kind body() const noexcept { return body_; }
  /// Bytes of the body when body() is `length`, else 0.
  [[nodiscard]] std::uint64_t content_length() const noexcept { return content_length_; }
  /// Whether the peer lets the connection carry another message after this one.
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }

  /// The whole head as it was sent, from the first line to the empty one.
  [[nodiscard]] std::string_view bytes() const noexcept { return {base_, size_}; }
  /// Says that the bytes of the head now stand elsewhere.
  /// @param copy  the first byte of a copy of `bytes()`.
  void rebase(const char* copy) noexcept { base_ = copy; }

 protected:
  friend class message_parser;

  struct piece {
    std::uint16_t begin = 0;  // from base_
    std::uint16_t size = 0;
  };
  struct field_pieces {
    piece name;
    piece value;
  };

  message_head() noexcept = default;
  message_head(const message_head&) noexcept = default;
  message_head& operator=(const message_head&) noexcept = default;
  ~message_head() = default;

  [[nodiscard]] std::string_view text(piece p) const noexcept { return {base_ + p.begin, p.size}; }

  const char* base_ = "";
  std::uint64_t content_length_ = 0;
  std::uint16_t size_ = 0;
  body_kind body_ = body_kind::none;
  std::uint8_t minor_version_ = 1;
  std::uint8_t header_count_ = 0;
  bool keep_alive_ = false;
  std::array<field_pieces, header_capacity> fields_;  // the first header_count_ are set
};

}  // namespace rouse::http
