#include <rouse/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace rouse::internal {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "rouse: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace rouse::internal
