// Moves bytes from one stream to another until the first ends.
#pragma once

#include <rouse/io/buffer.hpp>
#include <rouse/io/stream.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace rouse::io {

struct copy_options {
  std::uint64_t bytes_max = static_cast<std::uint64_t>(-1);  ///< stops after so many
  std::size_t buffer_bytes =
      16 * 1024;  ///< 1 or more; where a stream leases its own buffers, unused
};

namespace internal {

/// `read()` without an argument: leases a buffer of the driver's for as long as bytes are in it.
template <class S>
concept leased_read = requires(S& s) {
  requires pollable<decltype(s.read())>;
  requires std::convertible_to<typename raw_output<decltype(s.read())>::value_type,
                               std::span<const std::byte>>;
};

/// Where a copy keeps what it has read and not yet written: in a buffer of its own, or in the
/// source's lease.
template <class S>
class copy_room {
 public:
  using read_operation = decltype(std::declval<S&>().read(std::span<std::byte>()));
  explicit copy_room(const copy_options& options) noexcept : buffer_bytes_(options.buffer_bytes) {}
  [[nodiscard]] read_operation read(S& from, std::uint64_t limit) {
    return from.read(
        memory_.prepare(buffer_bytes_)
            .first(limit < buffer_bytes_ ? static_cast<std::size_t>(limit) : buffer_bytes_));
  }
  void fill(std::size_t count) noexcept { memory_.commit(count); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return memory_.bytes(); }
  /// What was read and not written goes back to the source where it takes it.
  void give_back(S& from, std::size_t written) noexcept {
    memory_.consume(written);
    if constexpr (can_unread<S>) {
      try {
        if (!memory_.is_empty()) from.unread(memory_.bytes());
      } catch (...) {  // no memory for bytes that nobody may ever read
      }
    }
    memory_.clear();
  }

 private:
  buffer memory_;
  std::size_t buffer_bytes_;
};

template <leased_read S>
class copy_room<S> {
 public:
  using read_operation = decltype(std::declval<S&>().read());
  using loan = typename raw_output<read_operation>::value_type;
  explicit copy_room(const copy_options&) noexcept {}
  [[nodiscard]] read_operation read(S& from, std::uint64_t) { return from.read(); }
  void fill(loan&& bytes) noexcept { loan_ = std::move(bytes); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return loan_; }
  void give_back(S& from, std::size_t written) noexcept {
    loan_.skip(written);
    if constexpr (requires { from.unread(std::move(loan_)); })
      if (loan_) from.unread(std::move(loan_));
    loan_ = loan();
  }

 private:
  loan loan_;
};

}  // namespace internal

template <async_read R, async_write W>
class [[nodiscard]] copy_operation : public fallible<copy_operation<R, W>> {
  using room = internal::copy_room<R>;
  using read_operation = typename room::read_operation;
  using write_operation = decltype(std::declval<W&>().write_all(std::span<const std::byte>(),
                                                                std::declval<std::size_t&>()));

 public:
  copy_operation(R& from, W& to, const copy_options& options, std::uint64_t* total) noexcept
      : from_(&from), to_(&to), options_(options), total_(total), room_(options) {}
  copy_operation(copy_operation&& other) noexcept  // before the first poll
      : from_(other.from_),
        to_(other.to_),
        options_(other.options_),
        total_(other.total_),
        room_(other.options_) {}
  ~copy_operation() {
    reading_.reset();
    end_write();
    give_back();
  }

  poll_result<rouse::result<std::uint64_t>> poll(context& cx) {
    for (;;) {
      if (piece_.empty()) {
        if (left() == 0 || at_end_) return rouse::result<std::uint64_t>(total());
        auto read = poll_read(cx);
        if (!read.is_ready()) return pending;
        if (auto got = read.take(); !got) return std::unexpected(got.error());
        continue;
      }
      if (!writing_) {
        if (cancelled_) return pending;
        writing_.emplace(to_->write_all(piece_, written_));
      }
      auto answer = writing_->poll(cx);
      if (!answer.is_ready()) return pending;
      auto wrote = answer.take();
      end_write();
      if (!wrote) return std::unexpected(wrote.error());
      give_back();
    }
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (reading_) return rouse::poll_cancel(*reading_, cx);
    if (writing_) return rouse::poll_cancel(*writing_, cx);
    return ready;
  }
  void disown() noexcept {
    if (reading_) rouse::disown(*reading_);
    if (writing_) rouse::disown(*writing_);
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { to_->subject(); })
      if (!piece_.empty()) return to_->subject();
    if constexpr (requires { from_->subject(); }) return from_->subject();
    return {};
  }

 private:
  [[nodiscard]] std::uint64_t& total() noexcept { return total_ ? *total_ : own_total_; }
  [[nodiscard]] std::uint64_t left() noexcept {
    return total() < options_.bytes_max ? options_.bytes_max - total() : 0;
  }

  poll_result<rouse::result<void>> poll_read(context& cx) {
    if (!reading_) {
      if (cancelled_) return pending;
      reading_.emplace(room_.read(*from_, left()));
    }
    auto answer = reading_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto got = answer.take();
    reading_.reset();
    if (!got) return std::unexpected(got.error());
    room_.fill(std::move(*got));
    piece_ = room_.bytes();
    at_end_ = piece_.empty();
    if (piece_.size() > left()) piece_ = piece_.first(static_cast<std::size_t>(left()));
    return rouse::result<void>();
  }
  /// The operation's destructor brings `written_` up to date.
  void end_write() noexcept {
    if (!writing_) return;
    writing_.reset();
    total() += written_;
    piece_ = piece_.subspan(written_);
    skipped_ += written_;
    written_ = 0;
  }
  void give_back() noexcept {
    room_.give_back(*from_, std::exchange(skipped_, 0));
    piece_ = {};
  }

  R* from_;
  W* to_;
  copy_options options_;
  std::uint64_t* total_;
  std::uint64_t own_total_ = 0;
  room room_;
  std::span<const std::byte> piece_;  // in room_, not yet written, within the limit
  std::size_t written_ = 0;           // of piece_, by the running write
  std::size_t skipped_ = 0;           // of room_, written by former ones
  std::optional<read_operation> reading_;
  std::optional<write_operation> writing_;
  bool at_end_ = false;
  bool cancelled_ = false;
};

/// Copies until `from` ends or `bytes_max` have been moved; gives the bytes moved. Neither stream
/// is shut down.
///
/// @param total   counts along, also when the copy fails or is cancelled.
/// @errors  those of either stream.
/// @cancel  Safe: what was read and not written is given back to `from` when it can `unread`;
/// `total` is exact.
/// @cost    One buffer for the whole copy, or the driver's own where `from` leases.
template <async_read R, async_write W>
[[nodiscard]] auto copy(R& from, W& to, const copy_options& options = {}) noexcept {
  return copy_operation<R, W>(from, to, options, nullptr);
}
template <async_read R, async_write W>
[[nodiscard]] auto copy(R& from, W& to, std::uint64_t& total,
                        const copy_options& options = {}) noexcept {
  return copy_operation<R, W>(from, to, options, &total);
}

}  // namespace rouse::io
