// Errors as values: 16 trivially copyable bytes, because an expected error on a hot path must cost
// nothing (a std::system_error costs 110-140 ns per EAGAIN). Exceptions are made from them only
// where somebody awaits plainly (base/io_error.hpp). Takes `<bits/error_constants.h>` and
// `<bits/stringfwd.h>`: `<system_error>` and `<string>` are most of what a core header costs to
// parse.
#pragma once

#include <bits/error_constants.h>
#include <bits/stringfwd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <expected>

namespace rouse {

/// Codes of our own, above every errno. What the kernel has a word for keeps that word (ETIMEDOUT,
/// ECANCELED, ...).
enum class errc : std::int32_t {
  runtime_shut_down = 4096,  ///< the executor, timer or reactor behind this handle is gone
  at_capacity,               ///< transient: a bounded queue or pool is full
  no_context,                ///< needs a runtime, timer or reactor, and this thread has none
  would_block_runtime,       ///< blocking call on a thread that already drives an executor
  would_deadlock,            ///< a wait that can never end, such as a task joining itself
  wrong_thread,              ///< the object belongs to another thread
  abandoned,                 ///< the task was pending and nothing that could wake it was left
  closed,                    ///< the other side, or this object, was closed
  borrows,                   ///< a coroutine that borrows from its caller cannot be spawned
  forked,                    ///< a runtime used in a child process made by fork()
  end_of_stream,             ///< fewer bytes than were asked for exactly
  too_large,                 ///< a named limit was exceeded
  invalid_input,             ///< malformed address, name, number or message
  host_not_found,            ///< no address has this host name
  unknown_algorithm,         ///< the library behind a call knows none of this name
  threw,                     ///< what was called for somebody else left by an exception
};

/// What failed and why.
struct error {
  const char* operation = "";  ///< static text, for example "connect"
  std::int32_t code = 0;       ///< an errno, or an `errc`

  constexpr error() noexcept = default;
  constexpr error(const char* what, int errno_value) noexcept
      : operation(what), code(errno_value) {}
  constexpr error(const char* what, errc why) noexcept
      : operation(what), code(static_cast<std::int32_t>(why)) {}

  friend constexpr bool operator==(const error& a, const error& b) noexcept {
    return a.code == b.code;
  }
  friend constexpr bool operator==(const error& a, errc b) noexcept {
    return a.code == static_cast<std::int32_t>(b);
  }
  friend constexpr bool operator==(const error& a, std::errc b) noexcept {
    return a.code == static_cast<int>(b);
  }

  [[nodiscard]] bool is_cancelled() const noexcept { return code == ECANCELED; }
  [[nodiscard]] bool is_timed_out() const noexcept { return code == ETIMEDOUT; }
  /// "connect: Connection refused"; include `<string>` to use it.
  [[nodiscard]] std::string message() const;
};
static_assert(sizeof(error) == 16);

template <class T>
using result = std::expected<T, error>;

/// Throws the io_error of `e`, which names `subject`; out of line, so that callers stay small.
[[noreturn, gnu::cold]] void throw_error(const error& e);
[[noreturn, gnu::cold]] void throw_error(const error& e, const std::string& subject);
/// The io_error of `e` that `throw_error` would throw.
[[nodiscard, gnu::cold]] std::exception_ptr make_exception(const error& e) noexcept;

}  // namespace rouse
