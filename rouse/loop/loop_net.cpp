#include <rouse/loop/loop_net.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/internal/server_state.hpp>

namespace rouse {

using internal::server_state;
using internal::socket_state;

loop_socket loop_net::connect(std::string where, const loop_socket_options& options) const {
  return socket_state::connect(loop_->core("connect"), std::move(where), options);
}

loop_socket loop_net::connect(std::string where, callback<void()> connected,
                              const loop_socket_options& options) const {
  loop_socket fresh = connect(std::move(where), options);
  fresh.on_connect(std::move(connected));
  return fresh;
}

loop_server loop_net::listen(std::string_view where, callback<void(loop_socket)> connected,
                             const loop_socket_options& options) const {
  internal::loop_core& core = loop_->core("listen");
  const auto at = net::address::parse(where);
  if (!at) throw io_error(at.error(), where);
  const runtime::entered here(core.stack());  // listening attaches to its reactor
  server_state::any_listener listener;
  const auto take = [&]<class Listening, class Listener>(result<Listener>&& bound) {
    if (!bound) throw io_error(bound.error(), where);
    listener.emplace<Listening>(std::move(*bound));
  };
  if (where.starts_with("unix:"))
    take.operator()<server_state::local>(net::unix_listener::bind(*at));
  else
    take.operator()<server_state::tcp>(net::tcp_listener::bind(*at));
  return server_state::open(core, std::move(listener), std::move(connected), options);
}

loop_server loop_net::listen(net::tcp_listener on, callback<void(loop_socket)> connected,
                             const loop_socket_options& options) const {
  server_state::any_listener listener;
  listener.emplace<server_state::tcp>(std::move(on));
  return server_state::open(loop_->core("listen"), std::move(listener), std::move(connected),
                            options);
}

}  // namespace rouse
