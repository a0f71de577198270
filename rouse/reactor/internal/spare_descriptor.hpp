// A descriptor number held in reserve, so that connections which nobody can take can at least be
// closed (FAULTS R1).
#pragma once

#include <rouse/sys/descriptor.hpp>

namespace rouse::internal {

class spare_descriptor {
 public:
  static constexpr int shed_max = 64;  // connections closed per call

  /// Holds a duplicate of `original`, if it gets one; nothing happens when it has one already.
  void restore(int original) noexcept;
  /// Takes connections from `listener` with the spare number and closes them, so that whoever
  /// connects does not wait in the backlog for ever. Gives how many.
  int shed(int listener, int original) noexcept;

 private:
  sys::descriptor spare_;
};

}  // namespace rouse::internal
