// What a byte stream is: concepts, so that copy, read_exact, framing and HTTP work on sockets,
// pipes, files, TLS and the in-memory duplex alike, each with its own operations and no virtual
// call between.
#pragma once

#include <rouse/base/slice.hpp>
#include <rouse/core/pollable.hpp>

#include <cstddef>
#include <span>

namespace rouse::io {

/// `read(span)`: a pollable that gives the bytes read, 1..size; 0 at the end of the stream. One
/// reader at a time. Cancelling or destroying it loses no byte: what had arrived is read by the
/// next read.
template <class S>
concept async_read = requires(S& s, std::span<std::byte> into) {
  requires pollable<decltype(s.read(into))>;
  requires std::same_as<raw_output<decltype(s.read(into))>, result<std::size_t>>;
};

/// `write_some(bytes)`: a pollable that gives the bytes taken, 1..size. One writer at a time.
/// `write_all(bytes, cursor)`: all from `cursor` on; `cursor` moves with the progress, also when
/// cancelled.
template <class S>
concept async_write = requires(S& s, std::span<const std::byte> bytes, std::size_t& cursor) {
  requires pollable<decltype(s.write_some(bytes))>;
  requires std::same_as<raw_output<decltype(s.write_some(bytes))>, result<std::size_t>>;
  requires pollable<decltype(s.write_all(bytes, cursor))>;
  requires std::same_as<raw_output<decltype(s.write_all(bytes, cursor))>, result<void>>;
};

/// `write_all(slices, cursor)`: the same from several places, in as few calls as the kernel allows.
/// `write_gathered` (gather.hpp) does it with any async_write.
template <class S>
concept gathering_write =
    async_write<S> && requires(S& s, std::span<const slice> pieces, std::size_t& cursor) {
      requires pollable<decltype(s.write_all(pieces, cursor))>;
    };

template <class S>
concept async_stream = async_read<S> && async_write<S>;

/// `shutdown()`: a pollable that tells the other side that no more will be written.
template <class S>
concept can_shut_down = requires(S& s) {
  requires pollable<decltype(s.shutdown())>;
  requires std::same_as<raw_output<decltype(s.shutdown())>, result<void>>;
};

/// `unread(bytes)`: the next read gives these first. For whoever read too far.
template <class S>
concept can_unread = requires(S& s, std::span<const std::byte> bytes) { s.unread(bytes); };

}  // namespace rouse::io
