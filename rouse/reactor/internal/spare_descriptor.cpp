#include <rouse/reactor/internal/spare_descriptor.hpp>

#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>

#include <utility>

namespace rouse::internal {

void spare_descriptor::restore(int original) noexcept {
  if (spare_) return;
  if (auto fresh = sys::duplicate(original)) spare_ = std::move(*fresh);
}

int spare_descriptor::shed(int listener, int original) noexcept {
  int count = 0;
  while (count < shed_max && spare_) {
    spare_.reset();
    const int n = sys::nonblocking::accept(listener);
    if (n >= 0) sys::descriptor(n).reset();
    restore(original);
    if (n < 0) break;
    count++;
  }
  return count;
}

}  // namespace rouse::internal
