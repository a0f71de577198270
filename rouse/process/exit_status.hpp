// How a child ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rouse::process {

/// A value; any thread.
class exit_status {
 public:
  enum class kind : std::uint8_t {
    exited,     ///< it returned from main or called exit
    signalled,  ///< a signal ended it
    unknown,    ///< it has ended, and somebody else was told how: this process ignores SIGCHLD, or
                ///< waits for children elsewhere
  };

  [[nodiscard]] static constexpr exit_status exited(int code) noexcept {
    return {kind::exited, code};
  }
  [[nodiscard]] static constexpr exit_status signalled(int number) noexcept {
    return {kind::signalled, number};
  }
  [[nodiscard]] static constexpr exit_status unknown() noexcept { return {kind::unknown, 0}; }

  [[nodiscard]] constexpr kind how() const noexcept { return kind_; }
  /// It exited with 0.
  [[nodiscard]] constexpr bool is_success() const noexcept {
    return kind_ == kind::exited && number_ == 0;
  }
  /// 0 to 255; none when it did not exit.
  [[nodiscard]] constexpr std::optional<int> code() const noexcept {
    return number_if(kind::exited);
  }
  /// The signal that ended it; none when no signal did.
  [[nodiscard]] constexpr std::optional<int> signal() const noexcept {
    return number_if(kind::signalled);
  }
  [[nodiscard]] constexpr bool is_unknown() const noexcept { return kind_ == kind::unknown; }
  /// "exit code 3", "signal 9", "status unknown"
  [[nodiscard]] std::string to_string() const;

  friend constexpr bool operator==(const exit_status&, const exit_status&) noexcept = default;

 private:
  constexpr exit_status(kind how, int number) noexcept : number_(number), kind_(how) {}
  [[nodiscard]] constexpr std::optional<int> number_if(kind how) const noexcept {
    return kind_ == how ? std::optional<int>(number_) : std::nullopt;
  }
  int number_;
  kind kind_;
};

}  // namespace rouse::process
