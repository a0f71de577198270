#include <rouse/reactor/reactor.hpp>

#include <rouse/reactor/handle.hpp>
#include <rouse/reactor/internal/inbox.hpp>

#include <cerrno>
#include <memory>
#include <new>

namespace rouse {

const char* name_of(reactor_kind kind) noexcept {
  switch (kind) {
    case reactor_kind::automatic: return "automatic";
    case reactor_kind::epoll: return "epoll";
    case reactor_kind::io_uring: return "io_uring";
    case reactor_kind::mock: return "mock";
  }
  return "unknown";
}

reactor::~reactor() {
  ROUSE_ASSERT(blocks_.empty() &&
               undelivered_.is_empty());  // the derived destructor has to call shut_down()
}

// ---- park

result<outside_wait> reactor::begin_wait(nanoseconds) {
  return std::unexpected(error("begin_wait", EOPNOTSUPP));
}
result<park_outcome> reactor::end_wait() { return std::unexpected(error("end_wait", EOPNOTSUPP)); }
result<int> reactor::wait_descriptor() { return std::unexpected(error("begin_wait", EOPNOTSUPP)); }

// ---- sources

result<source> reactor::attach(sys::descriptor fd, source_kind kind) {
  ROUSE_ASSERT(fd);
  try {
    if (free_.empty()) {
      auto fresh = std::make_unique<source_block>();
      fresh->index = static_cast<std::uint32_t>(blocks_.size());
      blocks_.push_back(fresh.get());
      const std::uint32_t index = fresh.release()->index;
      free_.reserve(blocks_.capacity());  // so that recycling never allocates
      free_.push_back(index);
    }
  } catch (const std::bad_alloc&) {
    return std::unexpected(error("attach", ENOMEM));
  }
  source_block& b = *blocks_[free_.back()];
  free_.pop_back();
  b.owner = this;
  b.calls_into = calls_into_;
  b.fd = fd.release();
  b.kind = kind;
  b.registered = b.always_try = false;
  b.driver_flags = 0;
  b.read = source_side{};
  b.write = source_side{};
  return source(b);
}

void reactor::recycle(source_block& block) noexcept {
  block.generation++;
  free_.push_back(block.index);
}

// ---- completions

void reactor::queue(operation& op) noexcept {
  if (!op.is_linked()) undelivered_.push_back(op);
}

void reactor::complete(operation& op, std::int32_t result) noexcept {
  op.finish(result);
  queue(op);
}

void reactor::signal(operation& op) noexcept {
  if (op.is_cancel_asked()) return complete(op, -ECANCELED);
  op.set_state(operation::state::retry);
  queue(op);
}

std::size_t reactor::deliver() noexcept {
  std::size_t count = 0;
  // What a wake completes in turn waits for the next call, so that this one ends. Operations that a
  // wake destroys leave `batch` by themselves.
  list<operation> batch;
  batch.splice_back(undelivered_);
  while (operation* op = batch.pop_front()) {
    count++;
    if (op->is_abandoned())
      delete static_cast<owned_operation*>(op);
    else
      op->notify();
  }
  return count;
}

void reactor::end(operation& op) noexcept {
  const bool waits = op.is_in_reactor();
  if (waits) op.owner()->settle(op);
  op.target_ = nullptr;  // what it may hold is closed with it
  if (op.current_state() == operation::state::done) {
    if (waits) op.owner()->queue(op);
    return;
  }
  op.finish(-ECANCELED);
  if (op.owner()) op.owner()->queue(op);
}

void reactor::shut_down() noexcept {
  constexpr auto gone = -static_cast<std::int32_t>(errc::runtime_shut_down);
  for (source_block* b : blocks_) {
    if (b->fd < 0) {
      delete b;
      continue;
    }
    for (source_side* side : {&b->read, &b->write})
      if (operation* op = side->waiting) {
        if (op->current_state() != operation::state::done) complete(*op, gone);
        op->reactor_ = nullptr;
      }
    b->owner = nullptr;  // lives on in its source
    b->calls_into = nullptr;
  }
  blocks_.clear();
  free_.clear();
  if (inbox_) inbox_->close();
  while (deliver() != 0) {
  }
  if (inbox_) std::exchange(inbox_, nullptr)->release();
}

// ---- other threads

reactor_handle reactor::handle() {
  if (!inbox_) inbox_ = new internal::inbox(unparker());
  inbox_->retain();
  return reactor_handle(inbox_);
}

std::size_t reactor::watch_count() const noexcept { return inbox_ ? inbox_->watch_count() : 0; }
bool reactor::drain_inbox() noexcept { return inbox_ && inbox_->drain(*this); }
bool reactor::has_posted() const noexcept { return inbox_ && inbox_->has_posted(); }

}  // namespace rouse
