#include <rouse/fs/file.hpp>

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/offload.hpp>

#include <cstring>

namespace rouse::fs {
namespace {

using internal::open_file_ref;

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
  if (reactor* ring = internal::ring_for(opcode::write_at)) {
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
  if (reactor* ring = internal::ring_for(opcode::read_at)) {
    auto got = co_await lent_read(*ring, file.fd(), lent, offset);
    co_return got;
  }
  // A job may outlive us, so it reads into memory of its own.
  auto got = co_await internal::read(std::move(file), offset, lent.size(), io::buffer());
  if (!got) co_return std::unexpected(got.error());
  std::memcpy(lent.data(), got->bytes().data(), got->size());
  co_return got->size();
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

task<result<void>> truncated(open_file_ref file, std::uint64_t bytes) {
  auto job = [file = std::move(file), bytes] { return sys::truncate(file.fd(), bytes); };
  auto done = co_await internal::offload(std::move(job));
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
result<file_status> file::status() const { return sys::status(native_handle()); }
operation<void> file::sync(bool data_only) const { return {synced(share(), data_only), path()}; }
operation<void> file::truncate(std::uint64_t bytes) const {
  return {truncated(share(), bytes), path()};
}

}  // namespace rouse::fs
