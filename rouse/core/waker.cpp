#include <rouse/core/waker.hpp>

namespace rouse {
namespace {

constexpr wake_table nobody_table{
    [](wakeable&) noexcept {},
    [](wakeable& self) noexcept -> wakeable& { return self; },
    [](wakeable&) noexcept {},
};

struct nobody final : wakeable {
  constexpr nobody() noexcept : wakeable(nobody_table) {}
};

}  // namespace

wakeable& no_wakeable() noexcept {
  static constinit nobody instance;
  return instance;
}

}  // namespace rouse
