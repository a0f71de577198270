// Where a standard stream of a child leads.
#pragma once

#include <cstdint>

namespace rouse::process {

/// A value: `inherited`, `null_device`, `piped`, `same_as_output` or `descriptor(fd)`.
class redirect {
 public:
  enum class kind : std::uint8_t { inherited, null_device, piped, same_as_output, descriptor };

  constexpr explicit redirect(kind how, int fd = -1) noexcept : fd_(fd), kind_(how) {}
  [[nodiscard]] constexpr kind how() const noexcept { return kind_; }
  [[nodiscard]] constexpr int fd() const noexcept { return fd_; }

 private:
  int fd_;
  kind kind_;
};

/// The one of this process.
inline constexpr redirect inherited{redirect::kind::inherited};
/// Nothing to read; what is written is thrown away.
inline constexpr redirect null_device{redirect::kind::null_device};
/// A pipe, whose other end the `child` has.
inline constexpr redirect piped{redirect::kind::piped};
/// For standard error: where standard output leads.
inline constexpr redirect same_as_output{redirect::kind::same_as_output};
/// A descriptor of this process, which is lent until `spawn()` has been called: that makes a
/// duplicate.
[[nodiscard]] constexpr redirect descriptor(int fd) noexcept {
  return redirect(redirect::kind::descriptor, fd);
}

}  // namespace rouse::process
