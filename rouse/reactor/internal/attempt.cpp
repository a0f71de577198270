#include <rouse/reactor/internal/attempt.hpp>

#include <rouse/reactor/source.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/table.hpp>

#include <algorithm>
#include <cerrno>

namespace rouse::internal {
namespace {

namespace call = sys::nonblocking;

attempted answer(operation& op, long n) noexcept {
  if (call::would_block(n)) {
    op.target()->side(side(op.code())).ready = false;
    return attempted::would_wait;
  }
  op.finish(static_cast<std::int32_t>(n));
  return attempted::finished;
}

/// 1: ready, 0: not yet, or a negative errno.
attempted readiness(operation& op, int n) noexcept {
  return answer(op, n == 0 ? -EAGAIN : std::min(n, 0));
}

void note_length(source_block& block, long n, std::size_t asked) noexcept {
  if (n > 0 && static_cast<std::size_t>(n) < asked && block.kind == source_kind::tcp &&
      !block.always_try && sys::calls().short_read_means_empty) {
    block.read.ready = false;
  }
}

attempted receive(operation& op) noexcept {
  const auto& a = op.args();
  const long n = call::receive(op.target()->fd, a.address, a.length);
  note_length(*op.target(), n, a.length);
  return answer(op, n);
}

/// The bytes lie in `buffer`, which is given back where there are none.
long receive_into(source_block& from, heap_lease_pool& buffers, std::byte* buffer) noexcept {
  const std::size_t bytes = buffers.buffer_bytes();
  const long n = call::receive(from.fd, buffer, bytes);
  if (n <= 0)
    buffers.give_back(buffer);
  else
    note_length(from, n, bytes);
  return n;
}

attempted receive_leased(operation& op, heap_lease_pool& buffers) noexcept {
  std::byte* buffer = buffers.take();
  if (!buffer) {
    if (buffers.available() == 0) return attempted::no_buffer;
    op.finish(-ENOMEM);  // no lease that comes back would help
    return attempted::finished;
  }
  const long n = receive_into(*op.target(), buffers, buffer);
  if (n > 0) op.set_lease(lease(buffers, buffer, static_cast<std::size_t>(n)));
  return answer(op, n);
}

}  // namespace

attempted attempt(operation& op, heap_lease_pool& buffers) noexcept {
  const int fd = op.target()->fd;
  const auto& a = op.args();
  switch (op.code()) {
    case opcode::receive: return receive(op);
    case opcode::receive_leased: return receive_leased(op, buffers);
    case opcode::send: return answer(op, call::send(fd, a.address, a.length));
    case opcode::send_vectored:
      return answer(op,
                    call::send_vectored(fd, static_cast<const sys::slice*>(a.address), a.length));
    case opcode::send_file:
      return answer(op, call::send_file(fd, static_cast<int>(a.flags), a.offset, a.length));
    case opcode::read: return answer(op, call::read(fd, a.address, a.length));
    case opcode::write: return answer(op, call::write(fd, a.address, a.length));
    case opcode::readable: return readiness(op, call::is_readable(fd));
    case opcode::writable: return readiness(op, call::is_writable(fd));
    default: break;
  }
  op.finish(-EOPNOTSUPP);
  return attempted::finished;
}

}  // namespace rouse::internal

namespace rouse {

long source::try_send(std::span<const std::byte> bytes, const operation* own) noexcept {
  ROUSE_ASSERT(block_);
  if (!block_->calls_into || !block_->write.may_try(own)) return not_now;
  const long n = sys::nonblocking::send(block_->fd, bytes.data(), bytes.size());
  if (sys::nonblocking::would_block(n)) block_->write.ready = false;
  return n;
}

long source::try_receive(lease& into, const operation* own) noexcept {
  if (!may_try_receive(own)) return not_now;
  internal::heap_lease_pool& buffers = *block_->calls_into;
  std::byte* const buffer = buffers.take();
  if (!buffer) return not_now;
  const long n = internal::receive_into(*block_, buffers, buffer);
  if (n > 0) into = lease(buffers, buffer, static_cast<std::size_t>(n));
  if (sys::nonblocking::would_block(n)) block_->read.ready = false;
  return n;
}

}  // namespace rouse
