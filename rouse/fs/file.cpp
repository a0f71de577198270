#include <rouse/fs/file.hpp>

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/offload.hpp>

#include <algorithm>
#include <cstring>

namespace rouse::fs {
namespace {

using internal::open_file_ref;

constexpr std::size_t lent_bytes_max = 64u << 20;  // of one call on the pool, which copies

struct write_block final : owned_operation {
  write_block(open_file_ref f, io::buffer b) : file(std::move(f)), content(std::move(b)) {}
  open_file_ref file;
  io::buffer content;
};
// Leaf in the frame itself: destroying it waits until the kernel has let go of the lent memory.
class lent_read {
 public:
  lent_read(reactor& on, int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
    operation_.read_at(on, fd, into, offset);
  }
  poll_result<result<std::size_t>> poll(context& cx) noexcept {
    if (!operation_.poll(cx)) return pending;
    if (operation_.result() < 0) return result<std::size_t>(std::unexpected(operation_.failure()));
    return result<std::size_t>(static_cast<std::size_t>(operation_.result()));
  }
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  static constexpr bool verbatim = true;

 private:
  rouse::operation operation_;
};
struct sync_block final : owned_operation {
  explicit sync_block(open_file_ref f) : file(std::move(f)) {}
  open_file_ref file;
};

task<result<file>> opened(internal::start at, std::string path, open_options options) {
  auto descriptor = co_await internal::open(std::move(at), path, options);
  if (!descriptor) co_return std::unexpected(descriptor.error());
  co_return file(std::move(*descriptor), std::move(path));
}

// Writes what is left of `content` behind `skip`; the pair keeps buffer and count together on every
// way.
struct step {
  io::buffer content;
  result<std::size_t> count;
};
task<step> write_once(open_file_ref file, std::uint64_t offset, io::buffer content,
                      std::size_t skip) {
  if (reactor* ring = internal::ring_for(opcode::write_at); ring && offset <= sys::offset_max) {
    owned<write_block> block(new write_block(std::move(file), std::move(content)));
    block->write_at(*ring, block->file.fd(), block->content.bytes().subspan(skip), offset);
    const std::int32_t answer = co_await internal::completion(block);
    if (answer < 0) co_return step{std::move(block->content), std::unexpected(block->failure())};
    co_return step{std::move(block->content), static_cast<std::size_t>(answer)};
  }
  auto job = [file = std::move(file), content = std::move(content), offset,
              skip]() mutable -> result<step> {
    auto n = sys::write_at(file.fd(), content.bytes().subspan(skip), offset);
    return step{std::move(content), n};
  };
  auto done = co_await internal::offload(std::move(job));
  if (!done) co_return step{io::buffer(), std::unexpected(done.error())};
  co_return std::move(*done);
}

task<result<written>> write_all(open_file_ref file, std::uint64_t offset, io::buffer content,
                                std::size_t* done) {
  std::size_t at = 0;
  const std::size_t all = content.size();
  while (at < all) {
    auto one = co_await write_once(file, offset + at, std::move(content), at);
    if (!one.count) co_return std::unexpected(one.count.error());
    content = std::move(one.content);
    at += *one.count;
    if (done) *done = at;
  }
  co_return written{at, std::move(content)};
}

task<result<std::size_t>> read_lent(open_file_ref file, std::uint64_t offset,
                                    std::span<std::byte> lent) {
  if (auto now = sys::read_cached_at(file.fd(), lent, offset)) co_return *now;
  if (reactor* ring = internal::ring_for(opcode::read_at); ring && offset <= sys::offset_max) {
    auto got = co_await lent_read(*ring, file.fd(), lent, offset);
    co_return got;
  }
  // A job may outlive us, so it reads into memory of its own, aligned as direct files want it.
  constexpr std::size_t page_bytes = 4096;
  auto own = io::buffer::aligned(std::min(lent.size(), lent_bytes_max), page_bytes);
  auto got = co_await internal::read(std::move(file), offset, std::min(lent.size(), lent_bytes_max),
                                     std::move(own));
  if (!got) co_return std::unexpected(got.error());
  std::memcpy(lent.data(), got->bytes().data(), got->size());
  co_return got->size();
}

// Gathers what is left of `pieces` behind the first `skip` bytes.
std::vector<sys::slice> rest_of(const std::vector<io::buffer>& pieces, std::size_t skip) {
  std::vector<sys::slice> rest;
  for (const io::buffer& piece : pieces) {
    const std::size_t passed = std::min(skip, piece.size());
    skip -= passed;
    if (passed < piece.size()) rest.emplace_back(piece.bytes().subspan(passed));
  }
  return rest;
}

struct vectored_step {
  std::vector<io::buffer> pieces;
  result<std::size_t> count;
};
task<vectored_step> write_pieces_once(open_file_ref file, std::uint64_t offset,
                                      std::vector<io::buffer> pieces, std::size_t skip) {
  auto job = [file = std::move(file), pieces = std::move(pieces), offset,
              skip]() mutable -> result<vectored_step> {
    auto n = sys::write_vectored_at(file.fd(), rest_of(pieces, skip), offset);
    return vectored_step{std::move(pieces), n};
  };
  auto done = co_await internal::offload(std::move(job));
  if (!done) co_return vectored_step{{}, std::unexpected(done.error())};
  co_return std::move(*done);
}

task<result<written_pieces>> write_all_pieces(open_file_ref file, std::uint64_t offset,
                                              std::vector<io::buffer> pieces, std::size_t* done) {
  std::size_t all = 0;
  for (const io::buffer& piece : pieces)
    all += piece.size();
  std::size_t at = 0;
  while (at < all) {
    auto one = co_await write_pieces_once(file, offset + at, std::move(pieces), at);
    if (!one.count) co_return std::unexpected(one.count.error());
    pieces = std::move(one.pieces);
    at += *one.count;
    if (done) *done = at;
  }
  co_return written_pieces{at, std::move(pieces)};
}

task<result<void>> synced(open_file_ref file, bool data_only) {
  if (reactor* ring = internal::ring_for(opcode::sync)) {
    owned<sync_block> block(new sync_block(std::move(file)));
    block->sync(*ring, block->file.fd(), data_only);
    const std::int32_t answer = co_await internal::completion(block);
    if (answer < 0) co_return std::unexpected(block->failure());
    co_return result<void>();
  }
  auto job = [file = std::move(file), data_only] { return sys::sync(file.fd(), data_only); };
  auto done = co_await internal::offload(std::move(job));
  co_return done;
}

task<result<std::vector<io::buffer>>> read_pieces(open_file_ref file, std::uint64_t offset,
                                                  std::vector<std::size_t> sizes) {
  auto job = [file = std::move(file), offset,
              sizes = std::move(sizes)]() -> result<std::vector<io::buffer>> {
    std::vector<io::buffer> pieces(sizes.size());
    std::vector<sys::slice> room;
    for (std::size_t i = 0; i < sizes.size(); i++)
      room.emplace_back(pieces[i].prepare(sizes[i]).first(sizes[i]));
    auto n = sys::read_vectored_at(file.fd(), room, offset);
    if (!n) return std::unexpected(n.error());
    std::size_t left = *n;
    for (std::size_t i = 0; i < sizes.size(); i++) {
      const std::size_t here = std::min(left, sizes[i]);
      pieces[i].commit(here);
      left -= here;
    }
    return pieces;
  };
  auto got = co_await internal::offload(std::move(job));
  co_return got;
}

template <class F>
task<result<void>> called(F call) {
  auto done = co_await internal::offload(std::move(call));
  co_return done;
}

}  // namespace

result<file> internal::open_request::ask_caches() {
  auto descriptor = open_cached(at, path, options);
  if (!descriptor) return std::unexpected(descriptor.error());
  return file(std::move(*descriptor), std::move(path));  // no error will name it
}
task<result<file>> internal::open_request::ask_disk() { return opened(at, path, options); }

result<io::buffer> internal::read_request::ask_caches() {
  auto done = read_cached(file.fd(), offset, bytes_max, into);
  if (!done) return std::unexpected(done.error());
  return std::move(into);
}
task<result<io::buffer>> internal::read_request::ask_disk() {
  return read(file, offset, bytes_max, std::move(into));
}

result<std::vector<io::buffer>> internal::read_vectored_request::ask_caches() {
  std::vector<io::buffer> pieces(sizes.size());
  std::uint64_t at = offset;
  for (std::size_t i = 0; i < sizes.size(); i++) {
    if (sizes[i] == 0) continue;
    auto done = read_cached(file.fd(), at, sizes[i], pieces[i]);
    // What is there is an answer; only when nothing is, the disk must be asked.
    if (!done && at == offset) return std::unexpected(done.error());
    at += pieces[i].size();
    if (pieces[i].size() < sizes[i]) break;
  }
  return pieces;
}
task<result<std::vector<io::buffer>>> internal::read_vectored_request::ask_disk() {
  return read_pieces(file, offset, sizes);
}

open_operation open(std::string path, open_options options) {
  return open_operation({internal::start(), std::move(path), options});
}

file::file(sys::descriptor descriptor, std::string path)
    : shared_(new internal::open_file(std::move(descriptor), std::move(path))) {}

operation<std::size_t> file::read_at(std::uint64_t offset, std::span<std::byte> lent) const {
  return {read_lent(share(), offset, lent), path()};
}
operation<io::buffer> file::read_to_end(std::uint64_t offset, std::size_t bytes_max) const {
  return {internal::read_to_end(share(), offset, bytes_max), path()};
}
operation<written> file::write_all_at(std::uint64_t offset, io::buffer content,
                                      std::size_t* done) const {
  return {write_all(share(), offset, std::move(content), done), path()};
}
operation<written_pieces> file::write_all_at(std::uint64_t offset, std::vector<io::buffer> pieces,
                                             std::size_t* done) const {
  return {write_all_pieces(share(), offset, std::move(pieces), done), path()};
}
result<file_status> file::status() const { return sys::status(native_handle()); }
operation<void> file::sync(bool data_only) const { return {synced(share(), data_only), path()}; }
operation<void> file::truncate(std::uint64_t bytes) const {
  auto job = [file = share(), bytes] { return sys::truncate(file.fd(), bytes); };
  return {called(std::move(job)), path()};
}
operation<void> file::set_permissions(std::uint32_t permissions) const {
  auto job = [file = share(), permissions] { return sys::set_permissions(file.fd(), permissions); };
  return {called(std::move(job)), path()};
}
operation<void> file::set_times(sys::new_times times) const {
  auto job = [file = share(), times] { return sys::set_times(file.fd(), times); };
  return {called(std::move(job)), path()};
}

}  // namespace rouse::fs
