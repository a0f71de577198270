// Calls as reactors make them: they never wait, are repeated when interrupted, and answer a count,
// a descriptor, 0, or a negative errno; a reactor stores that number in an operation as it is.
// Nothing here raises SIGPIPE.
#pragma once

#include <rouse/sys/slice.hpp>

#include <cstddef>
#include <cstdint>

namespace rouse::sys {
class socket_address;
}

namespace rouse::sys::nonblocking {

/// True for the errno of "would wait".
[[nodiscard]] bool would_block(long negative_errno) noexcept;

/// A new connection, close-on-exec and non-blocking. Connections that died in the backlog
/// (ECONNABORTED and the network errors that accept(2) passes on) are skipped.
[[nodiscard]] int accept(int fd) noexcept;
/// 0 when connected. Call it again when the socket becomes writable: EALREADY and EINPROGRESS mean
/// "not yet", EISCONN done.
[[nodiscard]] int connect(int fd, const socket_address& to) noexcept;
/// True when connect() said that the connection is on its way.
[[nodiscard]] bool is_connecting(int negative_errno) noexcept;
/// True for what a repeated connect() answers on success.
[[nodiscard]] bool is_connected(int answer) noexcept;

[[nodiscard]] long receive(int fd, void* into, std::size_t bytes) noexcept;
[[nodiscard]] long send(int fd, const void* from, std::size_t bytes) noexcept;
/// At most slices_max of `slices` are looked at.
[[nodiscard]] long send_vectored(int fd, const slice* slices, std::size_t count) noexcept;
/// Up to `bytes` of an open file from `offset`, without a copy; 0 at its end. The socket must be
/// non-blocking. What is not in the page cache is read from the disk meanwhile: see is_cached().
[[nodiscard]] long send_file(int fd, int file, std::uint64_t offset, std::size_t bytes) noexcept;
/// For pipes and the like; whether these wait is the descriptor's matter.
[[nodiscard]] long read(int fd, void* into, std::size_t bytes) noexcept;
[[nodiscard]] long write(int fd, const void* from, std::size_t bytes) noexcept;

/// 1 when a read (a write) would not wait: bytes, end of stream, hang-up or error; 0 when it would.
[[nodiscard]] int is_readable(int fd) noexcept;
[[nodiscard]] int is_writable(int fd) noexcept;
/// 1 when the descriptor has an error, which the next call on it names, or is none.
[[nodiscard]] int is_failed(int fd) noexcept;

}  // namespace rouse::sys::nonblocking
