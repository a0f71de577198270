#include <rouse/net/unix_listener.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/internal/attach.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/nonblocking.hpp>

#include <cstring>

namespace rouse::net {
namespace {

/// The path with its NUL.
struct c_path {
  char text[address::path_bytes_max + 1] = {};
  explicit c_path(const address& a) noexcept {
    std::memcpy(text, a.path().data(), a.path().size());
  }
};

/// True when `at` is a socket that refuses connections: its server is gone. A full backlog, another
/// socket type, no permission, or anything that is no socket counts as "in use".
bool is_stale(const address& at) noexcept {
  const auto there = sys::status_at(sys::current_directory, c_path(at).text, false);
  if (!there || there->kind != sys::file_kind::socket) return false;
  const auto probe = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
  return probe && sys::nonblocking::connect(probe->get(), internal::to_native(at)) == -ECONNREFUSED;
}

result<void> bind_path(int fd, const address& at, const unix_listen_options& options) noexcept {
  const auto native = internal::to_native(at);
  auto bound = sys::bind(fd, native);
  if (bound || bound.error() != std::errc::address_in_use || at.is_abstract() ||
      !options.replace_stale)
    return bound;
  if (!is_stale(at)) return bound;
  // Between the look and the unlink another server may move in; it then finds its path gone, which
  // its own probe would also have done to us. The kernel offers nothing better.
  (void)sys::unlink_at(sys::current_directory, c_path(at).text);
  return sys::bind(fd, native);
}

}  // namespace

unix_listener::unix_listener(unix_listener&& other) noexcept
    : listener(std::move(other)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {}

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept {
  if (this == &other) return *this;
  close();
  listener::operator=(std::move(other));
  path_ = std::move(other.path_);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

result<unix_listener> unix_listener::bind(const address& at,
                                          const unix_listen_options& options) noexcept {
  ROUSE_ASSERT(options.backlog > 0);
  if (!at.is_unix() || at.path().empty())
    return std::unexpected(error("listen: no Unix address", errc::invalid_input));
  const auto here = internal::current_reactor("listen");
  if (!here) return std::unexpected(here.error());
  auto fd = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
  if (!fd) return std::unexpected(fd.error());
  if (auto bound = bind_path(fd->get(), at, options); !bound) return std::unexpected(bound.error());
  const int number = fd->get();
  unix_listener made;
  if (!at.is_abstract() && options.unlink_at_close) {
    if (const auto there = sys::status_at(sys::current_directory, c_path(at).text, false)) {
      made.path_ = at;
      made.device_ = there->device;
      made.inode_ = there->inode;
    }
  }
  auto attached = (*here)->attach(std::move(*fd), source_kind::listener);
  if (!attached) return std::unexpected(attached.error());  // `made` takes the path away again
  made.source_ = std::move(*attached);
  if (auto listening = sys::listen(number, options.backlog); !listening)
    return std::unexpected(listening.error());
  return made;
}

result<unix_listener> unix_listener::adopt(int fd) noexcept {
  auto attached = internal::adopt_listener(sys::descriptor(fd), true);
  if (!attached) return std::unexpected(attached.error());
  return unix_listener(std::move(*attached));
}

void unix_listener::close() noexcept {
  if (const address path = std::exchange(path_, address())) {
    const c_path text(path);
    const auto there = sys::status_at(sys::current_directory, text.text, false);
    if (there && there->device == device_ && there->inode == inode_)
      (void)sys::unlink_at(sys::current_directory, text.text);
  }
  source_.close();
}

int unix_listener::release() noexcept {
  path_ = address();
  return source_.release().release();
}

}  // namespace rouse::net
