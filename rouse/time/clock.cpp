#include <rouse/time/clock.hpp>

#include <rouse/sys/clock.hpp>

namespace rouse {

instant steady_clock::now() const noexcept { return sys::monotonic_now(); }

steady_clock& steady_clock::instance() noexcept {
  static constinit steady_clock the_clock;
  return the_clock;
}

instant now() noexcept {
  const clock* c = current<clock>::get();
  return c ? c->now() : sys::monotonic_now();
}

}  // namespace rouse
