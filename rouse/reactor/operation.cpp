#include <rouse/reactor/operation.hpp>

#include <rouse/reactor/reactor.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/trace/probe.hpp>

#include <algorithm>
#include <cerrno>

namespace rouse {
namespace {

void* unconst(const void* p) noexcept {
  return const_cast<void*>(p);
}  // the kernel's structures know no const
constexpr std::int32_t shut_down_result = -static_cast<std::int32_t>(errc::runtime_shut_down);

bool means_cancelled(std::int32_t result) noexcept {
  return result == -ECANCELED || result == -EINTR ||
         result == -EALREADY;  // a Unix connect answers so
}

}  // namespace

const char* name_of(opcode code) noexcept {
  switch (code) {
    case opcode::none: return "nothing";
    case opcode::accept: return "accept";
    case opcode::connect: return "connect";
    case opcode::receive:
    case opcode::receive_leased: return "receive";
    case opcode::send:
    case opcode::send_vectored:
    case opcode::send_file: return "send";
    case opcode::read:
    case opcode::read_at: return "read";
    case opcode::write:
    case opcode::write_at: return "write";
    case opcode::readable: return "wait until readable";
    case opcode::writable: return "wait until writable";
    case opcode::open: return "open";
    case opcode::status: return "stat";
    case opcode::sync: return "sync";
    case opcode::close: return "close";
    case opcode::unlink: return "unlink";
    case opcode::rename: return "rename";
    case opcode::make_directory: return "mkdir";
  }
  return "operation";
}

operation::operation(operation&& other) noexcept
    : waker_(nullptr),
      reactor_(other.reactor_),
      target_(other.target_),
      arguments_(other.arguments_),
      code_(other.code_),
      owned_(other.owned_) {
  ROUSE_ASSERT(other.state_ == state::idle);
}

// ---- what to do

void operation::prepare(opcode code, source& target) noexcept {
  ROUSE_DEBUG_ASSERT(state_ == state::idle);
  ROUSE_ASSERT(target);  // not moved from, not closed
  code_ = code;
  target_ = target.block();
  reactor_ = target_->owner;
  arguments_ = arguments{};
  arguments_.fd = target_->fd;
}

void operation::prepare(opcode code, reactor& on) noexcept {
  ROUSE_DEBUG_ASSERT(state_ == state::idle);
  code_ = code;
  target_ = nullptr;
  reactor_ = &on;
  arguments_ = arguments{};
}

void operation::connect(source& from, const sys::socket_address& to) noexcept {
  prepare(opcode::connect, from);
  arguments_.address = unconst(&to);
}

void operation::receive(source& from, std::span<std::byte> into) noexcept {
  ROUSE_ASSERT(!into.empty());
  prepare(opcode::receive, from);
  arguments_.address = into.data();
  arguments_.length = std::min(into.size(), sys::transfer_bytes_max);
}

void operation::send(source& to, std::span<const std::byte> bytes) noexcept {
  prepare(opcode::send, to);
  arguments_.address = unconst(bytes.data());
  arguments_.length = std::min(bytes.size(), sys::transfer_bytes_max);
}

void operation::send_vectored(source& to, std::span<const sys::slice> slices) noexcept {
  prepare(opcode::send_vectored, to);
  arguments_.address = unconst(slices.data());
  arguments_.length = std::min(slices.size(), sys::slices_max);
}

void operation::send_file(source& to, int file, std::uint64_t offset, std::size_t bytes) noexcept {
  prepare(opcode::send_file, to);
  arguments_.flags = static_cast<std::uint32_t>(file);
  arguments_.offset = offset;
  arguments_.length = std::min(bytes, sys::transfer_bytes_max);
}

void operation::read(source& from, std::span<std::byte> into) noexcept {
  ROUSE_ASSERT(!into.empty());
  prepare(opcode::read, from);
  arguments_.address = into.data();
  arguments_.length = std::min(into.size(), sys::transfer_bytes_max);
}

void operation::write(source& to, std::span<const std::byte> bytes) noexcept {
  prepare(opcode::write, to);
  arguments_.address = unconst(bytes.data());
  arguments_.length = std::min(bytes.size(), sys::transfer_bytes_max);
}

void operation::read_at(reactor& on, int fd, std::span<std::byte> into,
                        std::uint64_t offset) noexcept {
  prepare(opcode::read_at, on);
  arguments_.fd = fd;
  arguments_.address = into.data();
  arguments_.length = std::min(into.size(), sys::transfer_bytes_max);
  arguments_.offset = offset;
}

void operation::write_at(reactor& on, int fd, std::span<const std::byte> bytes,
                         std::uint64_t offset) noexcept {
  prepare(opcode::write_at, on);
  arguments_.fd = fd;
  arguments_.address = unconst(bytes.data());
  arguments_.length = std::min(bytes.size(), sys::transfer_bytes_max);
  arguments_.offset = offset;
}

void operation::open(reactor& on, int directory, const char* path,
                     const sys::open_how& how) noexcept {
  prepare(opcode::open, on);
  arguments_.fd = directory;
  arguments_.address = unconst(path);
  arguments_.extra = unconst(&how);
}

void operation::status(reactor& on, int directory, const char* path, std::uint32_t flags,
                       std::uint32_t mask, sys::raw_status& into) noexcept {
  prepare(opcode::status, on);
  arguments_.fd = directory;
  arguments_.address = unconst(path);
  arguments_.flags = flags;
  arguments_.length = mask;
  arguments_.extra = &into;
}

void operation::sync(reactor& on, int fd, bool data_only) noexcept {
  prepare(opcode::sync, on);
  arguments_.fd = fd;
  arguments_.flags = data_only;
}

void operation::close(reactor& on, int fd) noexcept {
  prepare(opcode::close, on);
  arguments_.fd = fd;
}

void operation::unlink_at(reactor& on, int directory, const char* path,
                          std::uint32_t flags) noexcept {
  prepare(opcode::unlink, on);
  arguments_.fd = directory;
  arguments_.address = unconst(path);
  arguments_.flags = flags;
}

void operation::rename(reactor& on, int old_directory, const char* old_path, int new_directory,
                       const char* new_path, std::uint32_t flags) noexcept {
  prepare(opcode::rename, on);
  arguments_.fd = old_directory;
  arguments_.address = unconst(old_path);
  arguments_.length = static_cast<std::uint32_t>(new_directory);
  arguments_.extra = unconst(new_path);
  arguments_.flags = flags;
}

void operation::make_directory(reactor& on, int directory, const char* path,
                               std::uint32_t mode) noexcept {
  prepare(opcode::make_directory, on);
  arguments_.fd = directory;
  arguments_.address = unconst(path);
  arguments_.flags = mode;
}

// ---- the poll protocol

bool operation::poll(context& cx) noexcept {
  switch (state_) {
    case state::idle:
    case state::retry: return begin(cx);
    case state::done:
      if (!cx.spend()) return false;
      unlink();  // polled before its wake: that one is not needed any more
      leave_side();
      state_ = state::spent;
      return true;
    case state::started:
    case state::starving: waker_ = cx.borrow_waker(); return false;
    case state::spent: return false;
  }
  ROUSE_UNREACHABLE();
}

bool operation::begin(context& cx) noexcept {
  ROUSE_DEBUG_ASSERT(code_ != opcode::none);
  if (!cx.spend()) return false;
  unlink();
  if (state_ == state::idle) {
    driver_word[0] = driver_word[1] = 0;
    driver_flags = 0;
    if (target_) {
      source_side& side = target_->side(rouse::side(code_));
      ROUSE_ASSERT(side.waiting == nullptr);  // one operation per half of a source at a time
      if (target_->has_pushed_back() && serve_pushed_back()) {
        state_ = state::spent;
        return true;
      }
      side.waiting = this;
    }
  }
  if (!reactor_) {
    finish(shut_down_result);
    leave_side();
    state_ = state::spent;
    return true;
  }
  state_ = state::started;
  if (target_ && target_->registered && !target_->side(rouse::side(code_)).ready) {
    ++reactor_->waiting_;  // the edge comes by itself
  } else if (reactor_->start(*this)) {
    leave_side();
    state_ = state::spent;
    return true;
  }
  cx.refund();
  trace::probe_point(trace::event::wait, nullptr, this, name_of(code_), {});
  waker_ = cx.borrow_waker();
  return false;
}

poll_result<void> operation::poll_cancel(context& cx) noexcept {
  cancel_asked_ = true;
  if (is_in_reactor() && !reactor_->cancel(*this)) {
    waker_ = cx.borrow_waker();
    return pending;
  }
  unlink();
  if (state_ != state::done) {
    leave_side();
    state_ = state::spent;
  }
  return ready;
}

void operation::settle_begun() noexcept {
  waker_ = nullptr;
  if (is_in_reactor()) reactor_->settle(*this);
  ROUSE_DEBUG_ASSERT(!is_in_reactor());
  unlink();
  if (state_ != state::done) {
    leave_side();
    state_ = state::spent;
  }
}

void operation::end_call() noexcept {
  if (state_ != state::retry) return;
  unlink();
  leave_side();
  state_ = state::idle;
}

void operation::leave_side() noexcept {
  if (!target_) return;
  source_side& side = target_->side(rouse::side(code_));
  if (side.waiting == this) side.waiting = nullptr;
}

// ---- results

void operation::finish(std::int32_t result) noexcept {
  result_ = result;
  if (result >= 0 && (code_ == opcode::accept || code_ == opcode::open))
    holds_ = holding::descriptor;
  state_ = cancel_asked_ && means_cancelled(result) ? state::spent : state::done;
  if (state_ == state::spent) leave_side();  // nobody need come back for it
}

sys::descriptor operation::take_descriptor() noexcept {
  if (holds_ != holding::descriptor) return {};
  holds_ = holding::nothing;
  return sys::descriptor(result_);
}

bool operation::serve_pushed_back() noexcept {
  source_block& from = *target_;
  switch (code_) {
    case opcode::accept:
      if (!from.has_late()) return false;
      finish(from.take_late().release());
      return true;
    case opcode::receive:
    case opcode::receive_leased:
    case opcode::read:
      if (from.lost_bytes) {
        finish(-ENOMEM);
        return true;
      }
      if (!from.pushed_back) return false;
      if (code_ == opcode::receive_leased) {
        const auto size = static_cast<std::int32_t>(from.pushed_back.size());
        set_lease(std::move(from.pushed_back));
        finish(size);
        return true;
      }
      finish(static_cast<std::int32_t>(from.pushed_back.copy_to(
          {static_cast<std::byte*>(arguments_.address), arguments_.length})));
      if (!from.pushed_back) from.pushed_back.reset();
      return true;
    case opcode::readable:
      if (!from.pushed_back && !from.has_late()) return false;
      finish(0);
      return true;
    default: return false;
  }
}

void operation::discard() noexcept {
  settle();
  if (state_ == state::done || holds_ != holding::nothing) give_back_result();
  leave_side();
  state_ = state::spent;
}

void operation::give_back_result() noexcept {
  if (holds_ == holding::lease) {
    lease bytes = take_lease();
    if (target_) target_->push_back(std::move(bytes));
  } else if (holds_ == holding::descriptor) {
    sys::descriptor fd = take_descriptor();
    if (target_) target_->push_back(std::move(fd));
  } else if (target_ && result_ > 0 && (code_ == opcode::receive || code_ == opcode::read)) {
    try {
      target_->push_back(lease::heap_copy(
          {static_cast<const std::byte*>(arguments_.address), static_cast<std::size_t>(result_)}));
    } catch (...) {
      target_->lost_bytes = true;  // no memory: the stream has a hole, and says so
    }
  }
}

void owned_operation::abandon() noexcept {
  waker_ = nullptr;
  if (is_in_reactor()) {
    abandoned_ = true;
    cancel_asked_ = true;
    if (!owner()->cancel(*this)) return;  // its completion deletes it
  }
  delete this;
}

}  // namespace rouse
