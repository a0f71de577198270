// What every call of `fs` gives: an operation that owns its data.
//
// Opening and reading first try what cannot wait (RESOLVE_CACHED, RWF_NOWAIT). What must ask the
// disk goes to the ring where the reactor has one, else to the blocking pool. Either way paths and
// buffers belong to the operation: cancelling or destroying one in the middle abandons it, and the
// driver frees its data, and closes a late descriptor, when the kernel is done.
#pragma once

#include <rouse/coro/fallible_task.hpp>

namespace rouse::fs {

/// Await it for the value (throws io_error with the path), or its `.result()`.
/// @errors  no_context where there is neither a ring nor a blocking pool and the disk must be
/// asked.
/// @cancel  Safe at any time; a write that has begun may still happen.
template <class T>
using operation = fallible_task<T>;

}  // namespace rouse::fs
