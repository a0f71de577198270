#include <rouse/base/log.hpp>
#include <rouse/coro/finally.hpp>

namespace rouse::internal {

void report_clean_up(const std::exception_ptr& failure) noexcept {
  ROUSE_LOG(warning, "clean-up failed: %s", brief(failure).c_str());
}

void report_skipped_clean_up() noexcept {
  ROUSE_LOG(
      warning,
      "clean-up skipped: its work was destroyed before it had ended, without being cancelled");
}

}  // namespace rouse::internal
