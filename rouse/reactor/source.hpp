// A descriptor attached to a reactor: a socket, a pipe, an eventfd, anything that can become ready.
#pragma once

#include <rouse/reactor/lease.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>

namespace rouse {

class reactor;
namespace internal {
class heap_lease_pool;
}

/// What the descriptor is, as far as reactors care.
enum class source_kind : unsigned char {
  other,   ///< nothing is assumed
  tcp,     ///< TCP stream: a short read means that the socket was empty, so no call is wasted on
           ///< asking again
  stream,  ///< another stream socket (Unix): short reads also end at passed descriptors
  datagram,
  listener,
};

/// One half of a source, and the one operation that is under way on it.
struct source_side {
  operation* waiting = nullptr;  ///< from its start until its result is taken or it is cancelled
  bool ready = true;             ///< readiness reactors: a call may succeed, so try it
  bool retracted = false;  ///< completion reactors: an operation was taken back before it reached
                           ///< the kernel (decision 10)
  /// Whether a call may be made here for `own`, or for no operation: nobody else waits.
  [[nodiscard]] bool may_try(const operation* own) const noexcept {
    return ready && (!waiting || waiting == own);
  }
};

/// The address-stable part of a source. Made, recycled and numbered by its reactor; outlives the
/// reactor while its source does. Reactors read and write it; everybody else uses `source`.
class source_block {
 public:
  static constexpr std::uint32_t late_max =
      64;  ///< accepted connections kept for the next accept; more are closed

  reactor* owner = nullptr;  ///< null once the reactor is gone
  /// Of a back-end that moves bytes by plain calls: what they are received into. Else null.
  internal::heap_lease_pool* calls_into = nullptr;
  int fd = -1;
  std::uint32_t index = 0;  ///< into the reactor's table
  std::uint32_t generation =
      0;  ///< changes when the block is recycled: an event for an older one is stale
  source_kind kind = source_kind::other;
  bool registered = false;  ///< readiness reactors: known to the kernel's queue, so that whoever
                            ///< waits on a side that is not ready need not be told to it
  bool always_try =
      false;  ///< hang-up, error or urgent data was seen: no more edges can be relied on
  bool lost_bytes =
      false;  ///< bytes could not be pushed back (no memory): receiving gives ENOMEM from now on
  std::uint8_t driver_flags = 0;
  source_side read;
  source_side write;
  lease pushed_back;  ///< bytes that lost a race: the next receive delivers them first

  [[nodiscard]] source_side& side(side_of s) noexcept { return s == side_of::write ? write : read; }
  /// For epoll_data and user_data: index and generation.
  [[nodiscard]] std::uint64_t key() const noexcept {
    return std::uint64_t{generation} << 32 | index;
  }

  /// Bytes come in front of what is pushed back already.
  void push_back(lease bytes) noexcept;
  /// A connection for the next accept. Closed instead when late_max are waiting, or there is no
  /// memory.
  void push_back(sys::descriptor connection) noexcept;
  /// Something here comes before what the kernel has.
  [[nodiscard]] bool has_pushed_back() const noexcept {
    return pushed_back || lost_bytes || late_count_ != 0;
  }
  [[nodiscard]] bool has_late() const noexcept { return late_count_ != 0; }
  [[nodiscard]] sys::descriptor take_late() noexcept;
  /// Closes late connections, gives bytes back.
  void drop_pushed_back() noexcept;

  source_block() noexcept = default;
  source_block(const source_block&) = delete;
  source_block& operator=(const source_block&) = delete;
  ~source_block() { drop_pushed_back(); }

 private:
  int* late_ = nullptr;  // ring of late_max numbers, made when first needed
  std::uint32_t late_first_ = 0;
  std::uint32_t late_count_ = 0;
};

/// Move-only owner of an attached descriptor (8 bytes). `reactor::attach` makes one.
///
/// One operation waits on each half at a time; starting a second one asserts. Closing it, by
/// destructor too, first takes the operations on it out of the kernel (they end with ECANCELED and
/// their tasks are woken), then leaves the kernel's queue, then closes, so that no event reaches
/// whoever gets the number next. A result that was there and not taken goes with it. After the
/// reactor is gone operations give errc::runtime_shut_down.
/// @threads  The reactor's thread.
class source {
 public:
  source() noexcept = default;
  /// For reactors: takes over a block from reactor::make_block().
  explicit source(source_block& block) noexcept : block_(&block) {}
  source(source&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  source& operator=(source&& other) noexcept {
    if (this != &other) {
      close();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  ~source() { close(); }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] int fd() const noexcept { return block_ ? block_->fd : -1; }
  /// Null when empty or when the reactor is gone.
  [[nodiscard]] reactor* owner() const noexcept { return block_ ? block_->owner : nullptr; }
  [[nodiscard]] source_block* block() const noexcept { return block_; }

  // ---- Without an operation: one plain call, where the back-end makes such.
  /// What the two below answer instead of waiting, where another operation is under way or comes
  /// first, and always on a back-end that makes no plain calls. An operation does it then. `own` is
  /// the caller's, which may have waited here before.
  static constexpr long not_now = -EAGAIN;
  /// Sends what the kernel takes at once; never raises SIGPIPE. Bytes, or a negative errno.
  [[nodiscard]] long try_send(std::span<const std::byte> bytes,
                              const operation* own = nullptr) noexcept;
  /// Receives what has arrived. Bytes, 0 at the end of the stream, or a negative errno.
  [[nodiscard]] long try_receive(lease& into, const operation* own = nullptr) noexcept;
  /// False: try_receive() would say not_now without a call.
  [[nodiscard]] bool may_try_receive(const operation* own = nullptr) const noexcept {
    ROUSE_ASSERT(block_);
    return block_->calls_into && block_->read.may_try(own) && !block_->has_pushed_back();
  }

  /// Closes now. Nothing happens when empty.
  void close() noexcept {
    if (block_) discard(std::exchange(block_, nullptr), true);
  }
  /// Detaches and gives the descriptor to the caller. Bytes and connections that were pushed back
  /// are dropped unless take_pushed_back() and `block()->take_late()` were asked before.
  [[nodiscard]] sys::descriptor release() noexcept;
  /// Bytes that a cancelled receive had got from the kernel.
  [[nodiscard]] lease take_pushed_back() noexcept {
    return block_ ? std::move(block_->pushed_back) : lease();
  }

 private:
  static int discard(source_block* block, bool close_descriptor) noexcept;
  source_block* block_ = nullptr;
};

}  // namespace rouse
