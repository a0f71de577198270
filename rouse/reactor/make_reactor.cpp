#include <rouse/base/log.hpp>
#include <rouse/reactor/epoll/epoll_reactor.hpp>
#include <rouse/reactor/mock/mock_reactor.hpp>
#include <rouse/reactor/reactor.hpp>
#if __has_include(<rouse/reactor/io_uring/io_uring_reactor.hpp>)
#include <rouse/reactor/io_uring/io_uring_reactor.hpp>
#define ROUSE_HAS_IO_URING 1
#else
#define ROUSE_HAS_IO_URING 0
#endif

#include <cerrno>
#include <cstdlib>
#include <new>
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

#if ROUSE_HAS_IO_URING
/// A ring that is made, opened and thrown away tells whether this kernel, its limits and its
/// filters allow one. The one that is given out must be opened by the thread that will use it.
result<void> probe_io_uring(const reactor_options& options) {
  io_uring_reactor trial(options);
  return trial.open();
}
#endif

}  // namespace

result<reactor_ptr> make_reactor(const reactor_options& options) try {
  const auto kind = kind_from_environment(options.kind);
  if (!kind) return std::unexpected(kind.error());
  if (*kind == reactor_kind::mock) return reactor_ptr(new mock_reactor(options));
  if (*kind != reactor_kind::epoll) {
#if ROUSE_HAS_IO_URING
    const auto allowed = probe_io_uring(options);
    if (allowed) return reactor_ptr(new io_uring_reactor(options));
    ROUSE_LOG(warning, "io_uring is not available (%s), using epoll",
              allowed.error().message().c_str());
#else
    ROUSE_LOG(warning, "built without io_uring, using epoll");
#endif
  }
  return reactor_ptr(new epoll_reactor(options));
} catch (const std::bad_alloc&) {
  return std::unexpected(error("make_reactor", ENOMEM));
}

}  // namespace rouse
