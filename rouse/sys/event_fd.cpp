#include <rouse/sys/event_fd.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <sys/eventfd.h>

#include <cstdint>

namespace rouse::sys {

result<event_fd> event_fd::open() {
  const int fd = calls().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return std::unexpected(internal::failure("eventfd", fd));
  event_fd e;
  e.fd_.reset(fd);
  return e;
}

void event_fd::signal() noexcept {
  const std::uint64_t one = 1;
  const auto write = [&]() noexcept { return calls().write(fd_.get(), &one, sizeof one); };
  // full after 2^64-2 signals that nobody read; once more is enough unless thousands signal at that
  // very moment
  for (int tries = 0; tries < 4 && internal::uninterrupted(write) == -EAGAIN; tries++)
    drain();
}

void event_fd::drain() noexcept {
  std::uint64_t count = 0;
  (void)internal::uninterrupted(
      [&]() noexcept { return calls().read(fd_.get(), &count, sizeof count); });
}

}  // namespace rouse::sys
