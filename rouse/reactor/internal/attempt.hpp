// The call behind an operation on a source, made once and without waiting: what readiness back-ends
// do in the poll that wants it.
#pragma once

#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/reactor/operation.hpp>

namespace rouse::internal {

enum class attempted : unsigned char {
  finished,    ///< op.finish() was called
  would_wait,  ///< the side's `ready` is false now: wait for an edge
  no_buffer,   ///< a leased receive, and all buffers are out: wait until one comes back
};

/// For receive, receive_leased, send, send_vectored, read, write, readable and writable; anything
/// else finishes with EOPNOTSUPP. Clears the side's `ready` also after a short read that shows that
/// the socket was emptied.
[[nodiscard]] attempted attempt(operation& op, heap_lease_pool& buffers) noexcept;

}  // namespace rouse::internal
