// The floors of everything about connections: servers written straight on the kernel, with as few
// calls as the work needs and nothing to build on. They serve for ever and give up on any surprise.
#pragma once

#include "load.hpp"

namespace bench {

/// Level-triggered epoll, one buffer for all, one recv and one send a message.
void bare_epoll_echo(int listener);

/// A ring with DEFER_TASKRUN: multishot accept into direct descriptors, a recv into the
/// connection's own buffer and a send from it, everything of a turn in one call.
void bare_ring_echo(int listener);

/// HTTP over bare epoll: each GET opens its file beneath `directory` (openat2), asks its size
/// (fstat), reads it (pread) and closes it; all requests of one recv are answered by one send.
void bare_epoll_http(int listener, int directory);

}  // namespace bench
