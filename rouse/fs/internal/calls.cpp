#include <rouse/fs/internal/calls.hpp>

#include <rouse/coro/yield.hpp>
#include <rouse/fs/internal/offload.hpp>
#include <rouse/sys/file_types.hpp>

#include <algorithm>

namespace rouse::fs::internal {
namespace {

struct open_block final : owned_operation {
  open_block(start from, std::string p, const sys::open_options& o)
      : at(std::move(from)), path(std::move(p)), how(sys::how_to_open(o)) {}
  start at;
  std::string path;
  sys::open_how how;
};
struct status_block final : owned_operation {
  status_block(start from, std::string p) : at(std::move(from)), path(std::move(p)) {}
  start at;
  std::string path;
  sys::raw_status raw;
};
struct read_block final : owned_operation {
  read_block(open_file_ref f, io::buffer b) : file(std::move(f)), content(std::move(b)) {}
  open_file_ref file;
  io::buffer content;
};

constexpr std::size_t read_bytes_max = 1u << 30;  // of one call

}  // namespace

bool must_ask_disk(const error& e) noexcept {
  return e.code == EAGAIN || e.code == EINVAL || e.code == ENOSYS || e.code == EOPNOTSUPP;
}

result<sys::descriptor> open_cached(const start& at, const std::string& path,
                                    sys::open_options options) {
  if (!is_path(path)) return std::unexpected(error("open", errc::invalid_input));
  if (options.create || options.truncate || options.unnamed)
    return std::unexpected(error("open", EAGAIN));
  options.non_block = true;  // a FIFO without a writer must not stop us
  options.cached_only = true;
  return sys::open_at(at.fd(), path.c_str(), options);
}

task<result<sys::descriptor>> open(start at, std::string path, sys::open_options options) {
  options.non_block = true;
  if (reactor* ring = ring_for(opcode::open)) {
    owned<open_block> block(new open_block(std::move(at), std::move(path), options));
    block->open(*ring, block->at.fd(), block->path.c_str(), block->how);
    const std::int32_t answer = co_await completion(block);
    if (answer < 0) co_return std::unexpected(block->failure());
    co_return block->take_descriptor();
  }
  auto job = [at = std::move(at), path = std::move(path), options] {
    return sys::open_at(at.fd(), path.c_str(), options);
  };
  auto opened = co_await offload(std::move(job));
  co_return opened;
}

task<result<sys::file_status>> status(start at, std::string path, bool follow) {
  if (!is_path(path)) co_return std::unexpected(error("status", errc::invalid_input));
  if (reactor* ring = ring_for(opcode::status)) {
    owned<status_block> block(new status_block(std::move(at), std::move(path)));
    block->status(*ring, block->at.fd(), block->path.c_str(), follow ? 0 : sys::status_no_follow,
                  sys::status_mask, block->raw);
    const std::int32_t answer = co_await completion(block);
    if (answer < 0) co_return std::unexpected(block->failure());
    co_return sys::status_of(block->raw);
  }
  auto job = [at = std::move(at), path = std::move(path), follow] {
    return sys::status_at(at.fd(), path.c_str(), follow);
  };
  auto known = co_await offload(std::move(job));
  co_return known;
}

result<void> read_cached(int fd, std::uint64_t offset, std::size_t bytes_max, io::buffer& into) {
  bytes_max = std::min(bytes_max, read_bytes_max);
  auto now = sys::read_cached_at(fd, into.prepare(bytes_max).first(bytes_max), offset);
  if (!now) return std::unexpected(now.error());
  into.commit(*now);
  return {};
}

task<result<io::buffer>> read(open_file_ref file, std::uint64_t offset, std::size_t bytes_max,
                              io::buffer into) {
  bytes_max = std::min(bytes_max, read_bytes_max);
  if (reactor* ring = ring_for(opcode::read_at); ring && offset <= sys::offset_max) {
    owned<read_block> block(new read_block(std::move(file), std::move(into)));
    block->read_at(*ring, block->file.fd(), block->content.prepare(bytes_max).first(bytes_max),
                   offset);
    const std::int32_t answer = co_await completion(block);
    if (answer < 0) co_return std::unexpected(block->failure());
    block->content.commit(static_cast<std::size_t>(answer));
    co_return std::move(block->content);
  }
  auto job = [file = std::move(file), into = std::move(into), bytes_max,
              offset]() mutable -> result<io::buffer> {
    auto n = sys::read_at(file.fd(), into.prepare(bytes_max).first(bytes_max), offset);
    if (!n) return std::unexpected(n.error());
    into.commit(*n);
    return std::move(into);
  };
  auto got = co_await offload(std::move(job));
  co_return got;
}

task<result<io::buffer>> read_to_end(open_file_ref file, std::uint64_t offset,
                                     std::size_t bytes_max) {
  constexpr std::size_t piece_bytes_min = 4096;
  constexpr std::size_t piece_bytes_max = 4u << 20;
  // The size is a hint only: files of /proc say 0, and others grow or shrink while they are read
  // (FAULTS F3).
  std::uint64_t expected = 0;
  if (auto known = sys::status(file.fd()); known && known->size_bytes > offset)
    expected = known->size_bytes - offset;
  io::buffer content;
  for (;;) {
    const std::size_t before = content.size();
    // What is expected, and then one byte more than may come, so that going over the limit is seen
    // at once.
    std::uint64_t want = expected > before
                             ? std::min<std::uint64_t>(expected - before, piece_bytes_max)
                             : piece_bytes_min;
    const std::size_t room = bytes_max - before;
    if (want > room) want = std::uint64_t{room} + 1;
    const auto bytes = static_cast<std::size_t>(want);
    auto cached = read_cached(file.fd(), offset + before, bytes, content);
    if (!cached) {
      if (!must_ask_disk(cached.error())) co_return std::unexpected(cached.error());
      auto more = co_await read(file, offset + before, bytes, std::move(content));
      if (!more) co_return std::unexpected(more.error());
      content = std::move(*more);
    }
    if (content.size() == before) co_return std::move(content);
    if (content.size() > bytes_max) co_return std::unexpected(error("read", errc::too_large));
    if (content.size() - before == piece_bytes_max) co_await yield_now();
  }
}

}  // namespace rouse::fs::internal
