#include <rouse/process/pipe.hpp>

#include <rouse/sys/nonblocking.hpp>

#include <algorithm>

namespace rouse::process {
namespace {

std::unexpected<error> closed(const char* operation) noexcept {
  return std::unexpected(error(operation, errc::closed));
}

}  // namespace

std::string pipe_read::subject() const { return from_->subject(); }
template <bool All>
std::string pipe_write<All>::subject() const {
  return to_->subject();
}

poll_result<rouse::result<std::size_t>> pipe_read::poll(context& cx) noexcept {
  if (operation_.is_idle()) {
    if (!from_->source_) return closed("read");
    if (into_.empty()) return rouse::result<std::size_t>(0);
    operation_.read(from_->source_, into_.first(std::min(into_.size(), sys::transfer_bytes_max)));
  }
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  const auto count = static_cast<std::size_t>(operation_.result());
  cx.charge_bytes(count);
  return rouse::result<std::size_t>(count);
}

result<std::optional<std::size_t>> pipe_reader::try_read(std::span<std::byte> into) noexcept {
  if (!source_) return closed("read");
  if (into.empty()) return std::optional<std::size_t>(0);
  if (lease late = source_.take_pushed_back()) {
    const std::size_t count = late.copy_to(into);
    source_.block()->push_back(std::move(late));
    return std::optional<std::size_t>(count);
  }
  const long n = sys::nonblocking::read(source_.fd(), into.data(), into.size());
  if (sys::nonblocking::would_block(n)) return std::optional<std::size_t>();
  if (n < 0) return std::unexpected(error("read", static_cast<int>(-n)));
  return std::optional<std::size_t>(static_cast<std::size_t>(n));
}

template <bool All>
pipe_write<All>::~pipe_write() {
  operation_.settle();
  if (cursor_ && operation_.has_result() && operation_.result() > 0)
    *cursor_ += static_cast<std::size_t>(operation_.result());
}

template <bool All>
poll_result<rouse::result<typename pipe_write<All>::value_type>> pipe_write<All>::poll(
    context& cx) noexcept {
  std::size_t& at = cursor_ ? *cursor_ : own_;
  for (;;) {
    if (at >= bytes_.size()) {
      if constexpr (All)
        return rouse::result<void>();
      else
        return rouse::result<std::size_t>(0);
    }
    if (operation_.is_idle()) {
      if (!to_->source_) return closed("write");
      const auto rest = bytes_.subspan(at);
      operation_.write(to_->source_, rest.first(std::min(rest.size(), sys::transfer_bytes_max)));
    }
    if (!operation_.poll(cx)) return pending;
    if (operation_.result() < 0) return std::unexpected(operation_.failure());
    const auto sent = static_cast<std::size_t>(operation_.result());
    at += sent;
    cx.charge_bytes(sent);
    if constexpr (!All) return rouse::result<std::size_t>(sent);
    operation_.reset();  // stays spent once a cancel was asked for: then nothing new is started
  }
}

template class pipe_write<true>;
template class pipe_write<false>;

poll_result<rouse::result<void>> pipe_shutdown::poll(context&) noexcept {
  of_->close();
  return rouse::result<void>();
}

}  // namespace rouse::process
