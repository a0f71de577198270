// One stream into the other: a file that is copied, an answer that is kept, a file that is
// uploaded.
#pragma once

#include <rouse/loop/loop_flow.hpp>
#include <rouse/loop/loop_sink.hpp>

namespace rouse {

/// Writes to `to` what `from` gives, no faster than `to` takes it, and ends it after the last byte,
/// as Node's `pipeline`. When one fails or is destroyed, the other is destroyed. All callbacks of
/// both become its own.
/// @param done  called once, in the closing phase, when both have closed: with nothing, or with why
///              it ended before: the first error, or `closed` when somebody has destroyed one.
/// @errors  throws io_error(closed) when one of them has closed; std::bad_alloc. Then nothing has
///          happened.
/// @threads  The loop's.
/// @example
///   rouse::pipeline(loop.fs().create_read_stream("a"), loop.fs().create_write_stream("b"),
///                   [](auto copied) { std::puts(copied ? "copied" : "failed"); });
void pipeline(const loop_flow& from, const loop_sink& to, callback<void(result<void>)> done);

}  // namespace rouse
