#include <rouse/coro/await_site.hpp>

#include <rouse/coro/awaiters.hpp>

#include <cstring>

namespace rouse {
namespace {

struct failed_await {
  const void* thrown = nullptr;  // identifies the exception; never followed, it may be gone
  std::source_location site;
};
constinit thread_local failed_await last_failed;

const void* identity_of(const std::exception_ptr& e) noexcept {
  static_assert(sizeof e == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(static_cast<void*>(&object), static_cast<const void*>(&e), sizeof object);
  return object;
}

}  // namespace

std::source_location last_failed_await() noexcept { return last_failed.site; }

std::source_location failed_await_of(const std::exception_ptr& thrown) noexcept {
  return last_failed.thrown == identity_of(thrown) ? last_failed.site : std::source_location();
}

void internal::note_failed_await(std::source_location site, const std::exception_ptr& thrown,
                                 bool is_new) noexcept {
  const void* object = identity_of(thrown);
  if (is_new || last_failed.thrown != object)
    last_failed = {object, site};  // on its way outward the first place stands
}

[[gnu::cold]] void internal::rethrow_noted(std::source_location site) {
  note_failed_await(site, std::current_exception(), false);
  throw;
}

}  // namespace rouse
