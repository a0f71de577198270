// What a byte stream is: concepts, so that copy, read_exact, framing and HTTP work on sockets,
// pipes, files, TLS and the in-memory duplex alike, each with its own operations and no virtual
// call between.
#pragma once

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

template <class S>
concept async_stream = async_read<S> && async_write<S>;

/// `unread(bytes)`: the next read gives these first. For whoever read too far.
template <class S>
concept can_unread = requires(S& s, std::span<const std::byte> bytes) { s.unread(bytes); };

}  // namespace rouse::io
