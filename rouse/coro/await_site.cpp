#include <rouse/coro/await_site.hpp>

#include <rouse/coro/awaiters.hpp>

namespace rouse {
namespace {

constinit thread_local std::source_location last_failed{};

}  // namespace

std::source_location last_failed_await() noexcept { return last_failed; }

void internal::note_failed_await(std::source_location site) noexcept { last_failed = site; }

}  // namespace rouse
