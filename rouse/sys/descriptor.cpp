#include <rouse/sys/descriptor.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/sys/table.hpp>

#include <cerrno>

namespace rouse::sys {

void descriptor::close(int fd) noexcept {
  // Not repeated after EINTR: Linux has freed the number by then, and another thread may own it.
  // EBADF is a bug of ours: somebody else closed what we own, and may next close what we do not.
  [[maybe_unused]] const int n = calls().close(fd);
  ROUSE_DEBUG_ASSERT(n != -EBADF);
}

}  // namespace rouse::sys
