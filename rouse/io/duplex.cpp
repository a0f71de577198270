#include <rouse/io/duplex.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/io/buffer.hpp>

#include <algorithm>
#include <cstring>

namespace rouse::io {
namespace internal {

/// One direction.
struct duplex_queue {
  buffer unread;  // given back by the reader: goes first, and is not bounded by bytes_max
  buffer bytes;
  wakeable* reader = nullptr;
  wakeable* writer = nullptr;
  bool writer_gone = false;
  bool reader_gone = false;

  void wake_reader() noexcept {
    if (wakeable* w = std::exchange(reader, nullptr)) w->wake();
  }
  void wake_writer() noexcept {
    if (wakeable* w = std::exchange(writer, nullptr)) w->wake();
  }
  void close_writer() noexcept {
    writer_gone = true;
    wake_reader();
  }
  void close_reader() noexcept {
    reader_gone = true;
    bytes.release();
    unread.release();
    wake_writer();
  }
};

class duplex_end {
 public:
  duplex_queue* in;
  duplex_queue* out;
  duplex_state* state;
};

struct duplex_state {
  duplex_queue forth, back;
  duplex_end first, second;
  std::size_t bytes_max;
  int ends = 2;

  explicit duplex_state(std::size_t limit) noexcept
      : first{&back, &forth, this}, second{&forth, &back, this}, bytes_max(limit) {}
};

poll_result<rouse::result<std::size_t>> duplex_write_base::attempt(context& cx) noexcept {
  disown();
  duplex_end& end = *to_->end_;
  duplex_queue& queue = *end.out;
  if (cancelled_) return pending;
  if (queue.writer_gone || queue.reader_gone) return std::unexpected(error("write", EPIPE));
  const std::size_t room = std::min(end.state->bytes_max - queue.bytes.size(), left());
  if (room == 0 && left() != 0) {
    queue.writer = waiting_ = cx.borrow_waker();
    return pending;
  }
  if (!cx.spend()) return pending;
  try {
    queue.bytes.append(bytes_.subspan(at(), room));
  } catch (const std::bad_alloc&) {
    return std::unexpected(error("write", ENOMEM));
  }
  at() += room;
  queue.wake_reader();
  return rouse::result<std::size_t>(room);
}

poll_result<void> duplex_write_base::poll_cancel(context&) noexcept {
  disown();
  cancelled_ = true;
  return ready;
}

void duplex_write_base::disown() noexcept {
  if (!waiting_) return;
  if (to_->end_->out->writer == waiting_) to_->end_->out->writer = nullptr;
  waiting_ = nullptr;
}

}  // namespace internal

poll_result<rouse::result<std::size_t>> duplex_read::poll(context& cx) noexcept {
  disown();
  internal::duplex_queue& queue = *from_->end_->in;
  if (cancelled_) return pending;
  buffer& source = queue.unread.is_empty() ? queue.bytes : queue.unread;
  if (source.is_empty() && !queue.writer_gone) {
    queue.reader = waiting_ = cx.borrow_waker();
    return pending;
  }
  if (!cx.spend()) return pending;
  const std::size_t count = std::min(source.size(), into_.size());
  if (count) std::memcpy(into_.data(), source.bytes().data(), count);
  source.consume(count);
  if (&source == &queue.bytes) queue.wake_writer();
  return rouse::result<std::size_t>(count);
}

poll_result<void> duplex_read::poll_cancel(context&) noexcept {
  disown();
  cancelled_ = true;
  return ready;
}

void duplex_read::disown() noexcept {
  if (!waiting_) return;
  if (from_->end_->in->reader == waiting_) from_->end_->in->reader = nullptr;
  waiting_ = nullptr;
}

poll_result<rouse::result<std::size_t>> duplex_write_some::poll(context& cx) noexcept {
  return attempt(cx);
}

poll_result<rouse::result<void>> duplex_write_all::poll(context& cx) noexcept {
  for (;;) {
    auto step = attempt(cx);
    if (!step.is_ready()) return pending;
    auto taken = step.take();
    if (!taken) return std::unexpected(taken.error());
    if (left() == 0) return rouse::result<void>();
  }
}

poll_result<rouse::result<void>> duplex_shutdown::poll(context&) noexcept {
  on_->shutdown_write();
  return rouse::result<void>();
}

duplex_stream& duplex_stream::operator=(duplex_stream&& other) noexcept {
  if (this != &other) {
    duplex_stream old(std::move(*this));
    end_ = std::exchange(other.end_, nullptr);
  }
  return *this;
}

duplex_stream::~duplex_stream() {
  if (!end_) return;
  internal::duplex_state* state = end_->state;
  ROUSE_ASSERT(!end_->in->reader && !end_->out->writer);  // operations go before their stream
  end_->out->close_writer();
  end_->in->close_reader();
  if (--state->ends == 0) delete state;
}

void duplex_stream::unread(std::span<const std::byte> bytes) {
  internal::duplex_queue& queue = *end_->in;
  buffer fresh;  // in front of what was given back before
  fresh.append(bytes);
  fresh.append(queue.unread.bytes());
  queue.unread = std::move(fresh);
}

void duplex_stream::shutdown_write() noexcept { end_->out->close_writer(); }

std::pair<duplex_stream, duplex_stream> duplex(std::size_t bytes_max) {
  ROUSE_ASSERT(bytes_max > 0);
  auto* state = new internal::duplex_state(bytes_max);
  return {duplex_stream(state->first), duplex_stream(state->second)};
}

}  // namespace rouse::io
