// The descriptors of a scenario: numbers without a kernel, instead of rouse/sys in models.
#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/socket.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

int made = 0;
int closed = 0;

sys::descriptor make_descriptor() noexcept { return sys::descriptor(first_descriptor + made++); }

}  // namespace

void reset_descriptors() noexcept { made = closed = 0; }
int open_descriptors() noexcept { return made - closed; }

}  // namespace rouse::model

namespace rouse::sys {

void descriptor::close(int) noexcept { model::closed++; }
result<descriptor> duplicate(int) { return model::make_descriptor(); }
result<event_fd> event_fd::open() {
  event_fd fresh;
  fresh.fd_ = model::make_descriptor();
  return fresh;
}
// Nobody waits on a number without a kernel.
void event_fd::signal() noexcept {}
void event_fd::drain() noexcept {}

}  // namespace rouse::sys
