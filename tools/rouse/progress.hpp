// One line about a transfer, drawn over itself.
#pragma once

#include "terminal.hpp"

#include <rouse/base/duration.hpp>

#include <cstdint>
#include <string>

namespace tool {

class progress {
 public:
  /// @param have   bytes that an earlier run had got.
  /// @param total  0: not known.
  progress(std::string name, std::uint64_t have, std::uint64_t total, rouse::instant began)
      : name_(std::move(name)), have_(have), total_(total), began_(began), looked_(began) {}

  void add(std::uint64_t bytes) noexcept { got_ += bytes; }
  [[nodiscard]] std::uint64_t got() const noexcept { return got_; }

  /// The line as it is now: name, bar, bytes, rate, what is left. At most as wide as the terminal.
  [[nodiscard]] std::string line(const terminal& t, rouse::instant at);
  /// The line at the end: bytes, time, mean rate.
  [[nodiscard]] std::string summary(const terminal& t, rouse::instant at) const;

 private:
  void look(rouse::instant at) noexcept;

  std::string name_;
  std::uint64_t have_;
  std::uint64_t total_;
  std::uint64_t got_ = 0;
  rouse::instant began_;
  rouse::instant looked_;
  std::uint64_t seen_ = 0;  // got_ at looked_
  double rate_ = 0;         // bytes a second, smoothed
};

}  // namespace tool
