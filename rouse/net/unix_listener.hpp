// Where Unix stream connections arrive.
#pragma once

#include <rouse/net/listener.hpp>
#include <rouse/net/unix_stream.hpp>

namespace rouse::net {

struct unix_listen_options {
  int backlog =
      1024;  ///< connections that the kernel holds until they are accepted; capped by somaxconn
  bool replace_stale = true;  ///< a socket left at the path is replaced if nobody listens there;
                              ///< nothing else ever is
  bool unlink_at_close =
      true;  ///< removes the path again, unless somebody else's socket stands there by then
};

/// `net::listen_unix` makes one.
class unix_listener : public listener {
 public:
  unix_listener() noexcept = default;  ///< listens nowhere; only to be assigned to
  unix_listener(unix_listener&& other) noexcept;
  unix_listener& operator=(unix_listener&& other) noexcept;
  ~unix_listener() { close(); }

  /// Listens at a path or an abstract name. Does not wait.
  /// @errors  no_context, invalid_input (no Unix address), EADDRINUSE (somebody listens there, or
  /// what is there is no socket),
  ///          EACCES, ENOENT (no such directory), EMFILE, ...
  [[nodiscard]] static result<unix_listener> bind(const address& at,
                                                  const unix_listen_options& options = {}) noexcept;
  /// Takes over a listening Unix stream socket; its path is left alone at the end. Closed when that
  /// fails.
  /// @errors  no_context, invalid_input, ENOTSOCK, ENOMEM.
  [[nodiscard]] static result<unix_listener> adopt(int fd) noexcept;

  /// Waits for the next connection. @cancel  Safe: a connection that came late is kept for the next
  /// accept.
  [[nodiscard]] accept_operation<unix_stream> accept() noexcept {
    return {*this, source_kind::stream};
  }

  /// Removes the path if it is still ours, and closes.
  void close() noexcept;
  /// Detaches and gives the descriptor to the caller; the path stays.
  [[nodiscard]] int release() noexcept;

 private:
  explicit unix_listener(source from) noexcept : listener(std::move(from)) {}

  address path_;              // to be unlinked; names nothing when it is not ours
  std::uint64_t device_ = 0;  // of our socket there, to tell it from a successor's
  std::uint64_t inode_ = 0;
};

}  // namespace rouse::net
