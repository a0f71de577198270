#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/coro/scope.hpp>

namespace rouse::internal {

void log_child_failure(const task_header& child, std::exception_ptr failure) noexcept {
  ROUSE_LOG(warning, "%s failed: %s", brief(child).c_str(), brief(failure).c_str());
}

}  // namespace rouse::internal
