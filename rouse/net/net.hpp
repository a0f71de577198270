// All of net, for programs; the library itself includes what it needs.
#pragma once

#include <rouse/net/address.hpp>
#include <rouse/net/borrowed_descriptor.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/halves.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/net/resolve.hpp>
#include <rouse/net/stream.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/net/tcp_stream.hpp>
#include <rouse/net/unix_listener.hpp>
#include <rouse/net/unix_stream.hpp>
