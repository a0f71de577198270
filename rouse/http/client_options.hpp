// Limits of a client.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/http/response_parser.hpp>

namespace rouse::http {

/// The defaults are the secure ones. A limit of time may be `no_limit`.
struct client_options {
  response_limits limits;
  std::size_t connections_max = 256;                     ///< in use and idle; beyond, requests wait
  std::size_t connections_per_host_max = 32;             ///< in use
  std::size_t idle_max = 64;                             ///< kept for later requests
  nanoseconds idle_limit = std::chrono::seconds(15);     ///< an idle connection older is not used
  nanoseconds connect_limit = std::chrono::seconds(10);  ///< look-up and connect
  nanoseconds head_limit =
      std::chrono::seconds(30);  ///< from the request's last byte to the answer's head
  nanoseconds read_limit = std::chrono::seconds(30);   ///< silence in the answer's body
  nanoseconds write_limit = std::chrono::seconds(30);  ///< the server takes nothing of a piece
  nanoseconds request_limit = no_limit;                ///< all of it: see outgoing::within
  nanoseconds continue_limit =
      std::chrono::seconds(1);       ///< for "100 Continue"; then the body is sent without it
  unsigned redirects_max = 10;       ///< 0: a redirect is an answer like others
  const char* user_agent = "rouse";  ///< static text; empty: none
};

}  // namespace rouse::http
