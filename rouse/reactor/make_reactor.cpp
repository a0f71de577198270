#include <rouse/base/atomic.hpp>
#include <rouse/base/log.hpp>
#include <rouse/reactor/epoll/epoll_reactor.hpp>
#include <rouse/reactor/io_uring/io_uring_reactor.hpp>
#include <rouse/reactor/mock/mock_reactor.hpp>
#include <rouse/reactor/reactor.hpp>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

namespace rouse {
namespace {

/// What ROUSE_REACTOR asks for; `fallback` when it is unset, empty or "automatic".
result<reactor_kind> kind_from_environment(reactor_kind fallback) {
  const char* text = std::getenv("ROUSE_REACTOR");
  if (!text || !*text) return fallback;
  for (const reactor_kind kind : {reactor_kind::epoll, reactor_kind::io_uring})
    if (std::string_view(text) == name_of(kind)) return kind;
  if (std::string_view(text) == name_of(reactor_kind::automatic)) return fallback;
  return std::unexpected(
      error("ROUSE_REACTOR (epoll, io_uring or automatic)", errc::invalid_input));
}

}  // namespace

result<reactor_ptr> make_reactor(const reactor_options& options) try {
  if (options.kind == reactor_kind::mock) return reactor_ptr(new mock_reactor(options));
  const auto kind = kind_from_environment(options.kind);
  if (!kind) return std::unexpected(kind.error());
  if (*kind != reactor_kind::epoll) {
    // not opened here: a ring belongs to the thread that opens it
    const auto allowed = io_uring_reactor::probe(options);
    if (allowed) return reactor_ptr(new io_uring_reactor(options));
    static constinit atomic<bool> is_told{false};  // a process with many runtimes says it once
    if (!is_told.exchange(true, order::relaxed))
      ROUSE_LOG(warning, "io_uring is not available (%s), using epoll",
                allowed.error().message().c_str());
  }
  return reactor_ptr(new epoll_reactor(options));
} catch (const std::bad_alloc&) {
  return std::unexpected(error("make_reactor", ENOMEM));
}

}  // namespace rouse
