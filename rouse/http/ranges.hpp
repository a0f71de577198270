// Parts of a resource (RFC 9110, section 14): reading what is asked, writing several parts as one
// body.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rouse::http {

/// Bytes `first` to `last`, both included.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] constexpr std::uint64_t size() const noexcept { return last - first + 1; }
};

/// More than this in one request is taken for an attack, and gets the whole (H10).
inline constexpr std::size_t ranges_max = 8;

/// What a Range field asks for.
class range_set {
 public:
  enum class kind : std::uint8_t {
    whole,            ///< no range, or one that must be ignored
    parts,            ///< parts() are to be sent
    not_satisfiable,  ///< 416
  };
  /// @param field       the value of Range, such as "bytes=0-99,-1".
  /// @param whole_bytes the size of the resource.
  ///
  /// Ignored, as if there were no field: another unit, bad syntax, numbers that do not fit 64 bits,
  /// more than ranges_max, and parts that together are more than the whole, so that no request is
  /// answered with more than it could get without asking for parts.
  range_set(std::string_view field, std::uint64_t whole_bytes) noexcept;
  [[nodiscard]] kind asked() const noexcept { return kind_; }
  /// In the order of the request, each within the resource; 1 to ranges_max.
  [[nodiscard]] std::span<const byte_range> parts() const noexcept {
    return std::span(parts_).first(count_);
  }

 private:
  std::array<byte_range, ranges_max> parts_;
  std::size_t count_ = 0;
  kind kind_ = kind::whole;
};

/// Appends "bytes 0-99/1234".
void append_content_range(std::string& out, const byte_range& part, std::uint64_t whole_bytes);
/// Appends "bytes */1234", which says the size in a 416.
void append_content_range(std::string& out, std::uint64_t whole_bytes);

/// The framing of multipart/byteranges around several parts.
class multipart_ranges {
 public:
  /// All are lent.
  /// @param boundary  1 to 70 letters and digits that stand nowhere in the content; random.
  multipart_ranges(std::string_view boundary, std::string_view content_type,
                   std::span<const byte_range> parts, std::uint64_t whole_bytes) noexcept
      : boundary_(boundary), type_(content_type), parts_(parts), whole_(whole_bytes) {}
  /// Of the body, parts included.
  [[nodiscard]] std::uint64_t content_length() const;
  /// What stands before part `index`.
  void append_part_head(std::string& out, std::size_t index) const;
  /// What stands after the last.
  void append_end(std::string& out) const;
  /// Appends the Content-Type.
  void append_content_type(std::string& out) const;

 private:
  std::string_view boundary_;
  std::string_view type_;
  std::span<const byte_range> parts_;
  std::uint64_t whole_;
};

}  // namespace rouse::http
