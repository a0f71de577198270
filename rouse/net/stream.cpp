#include <rouse/net/stream.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/sys/socket.hpp>

#include <algorithm>
#include <climits>

namespace rouse::net {
namespace {

/// One call moves no more than this, and its count must fit the operation's result.
std::span<const std::byte> one_call(std::span<const std::byte> bytes) noexcept {
  return bytes.first(std::min(bytes.size(), sys::transfer_bytes_max));
}

error failed(opcode code, long negative_errno) noexcept {
  return {name_of(code), static_cast<int>(-negative_errno)};
}

int clamp_bytes(std::size_t bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(bytes, static_cast<std::size_t>(INT_MAX / 2)));
}

result<std::size_t> as_size(const result<int>& bytes) noexcept {
  if (!bytes) return std::unexpected(bytes.error());
  return static_cast<std::size_t>(*bytes);
}

}  // namespace

std::string read_operation::subject() const { return from_->subject(); }
std::string read_into_operation::subject() const { return from_->subject(); }
std::string shutdown_operation::subject() const { return on_->subject(); }
template <bool All>
std::string basic_write_operation<All>::subject() const {
  return to_->subject();
}
template <bool All>
std::string basic_gather_operation<All>::subject() const {
  return to_->subject();
}

/// By a call of its own, without the operation. False: it has to wait, or to be done the other way.
bool read_operation::try_now(rouse::result<lease>& into, context& cx) noexcept {
  const long n = from_->source_.try_receive(*into, &operation_);
  if (n == source::not_now) return cx.refund(), false;
  operation_.end_call();
  if (n < 0)
    into = std::unexpected(failed(opcode::receive, n));
  else
    cx.charge_bytes(into->size());
  return true;
}

poll_result<rouse::result<lease>> read_operation::poll(context& cx) noexcept {
  if (operation_.is_callable() && from_->source_.may_try_receive(&operation_)) {
    if (!cx.spend()) return pending;
    poll_result<rouse::result<lease>> answer{rouse::result<lease>()};
    if (try_now(answer.get(), cx)) return answer;
  }
  return poll_operation(cx);
}

poll_result<rouse::result<lease>> read_operation::poll_operation(context& cx) noexcept {
  if (operation_.is_idle()) operation_.receive_leased(from_->source_);
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  lease bytes = operation_.take_lease();
  cx.charge_bytes(bytes.size());
  return rouse::result<lease>(std::move(bytes));
}

poll_result<rouse::result<std::size_t>> read_into_operation::poll(context& cx) noexcept {
  if (operation_.is_idle())
    operation_.receive(from_->source_,
                       into_.first(std::min(into_.size(), sys::transfer_bytes_max)));
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  const auto count = static_cast<std::size_t>(operation_.result());
  cx.charge_bytes(count);
  return rouse::result<std::size_t>(count);
}

template <bool All>
basic_write_operation<All>::~basic_write_operation() {
  operation_.settle();
  if (cursor_ && operation_.has_result() && operation_.result() > 0)
    *cursor_ += static_cast<std::size_t>(operation_.result());
}

template <bool All>
poll_result<rouse::result<typename basic_write_operation<All>::value_type>>
basic_write_operation<All>::poll(context& cx) noexcept {
  std::size_t& at = cursor_ ? *cursor_ : own_;
  for (;;) {
    if (at >= bytes_.size()) {
      if constexpr (All)
        return rouse::result<void>();
      else
        return rouse::result<std::size_t>(0);
    }
    long n = source::not_now;
    if (operation_.is_callable()) {
      if (!cx.spend()) return pending;
      n = to_->source_.try_send(bytes_.subspan(at), &operation_);
      n == source::not_now ? cx.refund() : operation_.end_call();
    }
    if (n == source::not_now) {
      if (operation_.is_idle()) operation_.send(to_->source_, one_call(bytes_.subspan(at)));
      if (!operation_.poll(cx)) return pending;
      n = operation_.result();
    }
    if (n < 0) return std::unexpected(failed(opcode::send, n));
    const auto sent = static_cast<std::size_t>(n);
    at += sent;
    cx.charge_bytes(sent);
    if constexpr (!All) return rouse::result<std::size_t>(sent);
    operation_.reset();  // stays spent once a cancel was asked for: then nothing new is started
  }
}

template class basic_write_operation<true>;
template class basic_write_operation<false>;

template <bool All>
basic_gather_operation<All>::~basic_gather_operation() {
  operation_.settle();
  if (cursor_ && operation_.has_result() && operation_.result() > 0)
    *cursor_ += static_cast<std::size_t>(operation_.result());
}

/// Steps over `bytes` that are sent, and over empty slices.
template <bool All>
void basic_gather_operation<All>::advance(std::size_t bytes) noexcept {
  in_first_ += bytes;
  while (!slices_.empty() && in_first_ >= slices_[0].size) {
    in_first_ -= slices_[0].size;
    slices_ = slices_.subspan(1);
  }
}

template <bool All>
poll_result<rouse::result<typename basic_gather_operation<All>::value_type>>
basic_gather_operation<All>::poll(context& cx) noexcept {
  if (!placed_) {
    placed_ = true;
    advance(at());
  }
  for (;;) {
    if (slices_.empty()) {
      if constexpr (All)
        return rouse::result<void>();
      else
        return rouse::result<std::size_t>(0);
    }
    if (operation_.is_idle()) {
      if (in_first_ !=
          0) {  // the rest of a slice goes alone: the caller's array is not ours to change
        const auto* first = static_cast<const std::byte*>(slices_[0].data);
        operation_.send(to_->source_, one_call({first + in_first_, slices_[0].size - in_first_}));
      } else {
        operation_.send_vectored(to_->source_,
                                 slices_.first(std::min(slices_.size(), sys::slices_max)));
      }
    }
    if (!operation_.poll(cx)) return pending;
    if (operation_.result() < 0) return std::unexpected(operation_.failure());
    const auto sent = static_cast<std::size_t>(operation_.result());
    at() += sent;
    cx.charge_bytes(sent);
    advance(sent);
    if constexpr (!All) return rouse::result<std::size_t>(sent);
    operation_.reset();
  }
}

template class basic_gather_operation<true>;
template class basic_gather_operation<false>;

std::string send_file_operation::subject() const { return to_->subject(); }

poll_result<rouse::result<std::size_t>> send_file_operation::poll(context& cx) noexcept {
  constexpr std::size_t one_call_bytes = 1u << 20;  // some 100 us: what others may have to wait
  if (operation_.is_idle())
    operation_.send_file(to_->source_, file_, offset_, std::min(bytes_, one_call_bytes));
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  const auto sent = static_cast<std::size_t>(operation_.result());
  cx.charge_bytes(sent);
  return rouse::result<std::size_t>(sent);
}

poll_result<rouse::result<void>> shutdown_operation::poll(context&) noexcept {
  const auto side = which_ == direction::read    ? sys::shutdown_side::receive
                    : which_ == direction::write ? sys::shutdown_side::send
                                                 : sys::shutdown_side::both;
  return sys::shutdown(on_->fd(), side);
}

void stream::unread(lease bytes) noexcept {
  ROUSE_ASSERT(source_);
  if (bytes) source_.block()->push_back(std::move(bytes));
}

void stream::unread(std::span<const std::byte> bytes) { unread(lease::heap_copy(bytes)); }

result<address> stream::local_address() const noexcept {
  const auto native = sys::local_address(fd());
  if (!native) return std::unexpected(native.error());
  return internal::from_native(*native);
}

void stream::reset() noexcept {
  if (!source_) return;
  (void)sys::set_linger(fd(), 0);
  source_.close();
}

int stream::release() noexcept { return source_.release().release(); }

result<void> stream::set_receive_buffer(std::size_t bytes) noexcept {
  return sys::set_receive_buffer(fd(), clamp_bytes(bytes));
}
result<void> stream::set_send_buffer(std::size_t bytes) noexcept {
  return sys::set_send_buffer(fd(), clamp_bytes(bytes));
}
result<std::size_t> stream::receive_buffer() const noexcept {
  return as_size(sys::receive_buffer(fd()));
}
result<std::size_t> stream::send_buffer() const noexcept { return as_size(sys::send_buffer(fd())); }

}  // namespace rouse::net
