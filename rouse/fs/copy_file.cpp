#include <rouse/fs/copy_file.hpp>

#include <rouse/fs/file.hpp>
#include <rouse/fs/internal/named_call.hpp>

#include <algorithm>
#include <memory>

namespace rouse::fs {
namespace {

constexpr std::size_t piece_bytes_max = 16u << 20;  // of one job: then it may be cancelled
constexpr std::size_t buffer_bytes = 256u << 10;

/// EPERM is also what a sandbox says that does not know the call.
bool must_read_and_write(const error& e) noexcept {
  return e.code == EXDEV || e.code == EINVAL || e.code == EOPNOTSUPP || e.code == ENOSYS ||
         e.code == EPERM;
}

result<void> write_all(int to, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    auto n = sys::write_at(to, bytes, offset);
    if (!n) return std::unexpected(n.error());
    bytes = bytes.subspan(*n);
    offset += *n;
  }
  return {};
}

/// A piece by reading and writing; 0 at the end.
result<std::size_t> copy_by_hand(int from, int to, std::uint64_t offset) {
  auto memory = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
  std::size_t copied = 0;
  while (copied < piece_bytes_max) {
    auto n = sys::read_at(from, {memory.get(), buffer_bytes}, offset + copied);
    if (!n) return std::unexpected(n.error());
    if (*n == 0) break;
    auto wrote = write_all(to, {memory.get(), *n}, offset + copied);
    if (!wrote) return std::unexpected(wrote.error());
    copied += *n;
  }
  return copied;
}

/// A piece in the kernel where that works; 0 at the end. Files of /proc say that they are at their
/// end there, and are not: so the end is asked for by reading.
result<std::size_t> copy_piece(int from, int to, std::uint64_t offset) {
  auto n = sys::copy_range(from, offset, to, offset, piece_bytes_max);
  if (n && *n > 0) return n;
  if (!n && !must_read_and_write(n.error())) return n;
  return copy_by_hand(from, to, offset);
}

task<result<file>> open_target(file from, std::string to, bool replace) {
  auto source = from.status();
  if (!source) co_return std::unexpected(source.error());
  open_options how;
  how.mode = sys::access::write;
  how.create = true;
  how.exclusive = !replace;
  how.permissions = source->permissions & 0777u;
  auto opened = co_await open(std::move(to), how).result();
  if (!opened) co_return std::unexpected(opened.error());
  auto target = opened->status();
  if (!target) co_return std::unexpected(target.error());
  if (target->inode == source->inode && target->device == source->device)
    co_return std::unexpected(error("copy: onto itself", errc::invalid_input));
  if (target->size_bytes > 0) {
    auto emptied = co_await opened->truncate(0).result();
    if (!emptied) co_return std::unexpected(emptied.error());
  }
  co_return std::move(*opened);
}

task<result<std::uint64_t>> copied(std::string from, std::string to, copy_file_options options) {
  auto source = co_await open(std::move(from)).result();
  if (!source) co_return std::unexpected(source.error());
  auto target = co_await open_target(*source, std::move(to), options.replace);
  if (!target) co_return std::unexpected(target.error());
  std::uint64_t done = 0;
  for (;;) {
    auto job = [in = source->share(), out = target->share(), done] {
      return copy_piece(in.fd(), out.fd(), done);
    };
    auto piece = co_await internal::offload(std::move(job));
    if (!piece) co_return std::unexpected(piece.error());
    if (*piece == 0) break;
    done += *piece;
    if (options.done) *options.done = done;
  }
  auto closed = std::move(*target).close();
  if (!closed) co_return std::unexpected(closed.error());
  co_return done;
}

}  // namespace

operation<std::uint64_t> copy_file(std::string from, std::string to, copy_file_options options) {
  std::string names = from + " -> " + to;
  return {copied(std::move(from), std::move(to), options), std::move(names)};
}

}  // namespace rouse::fs
