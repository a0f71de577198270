// A bell for other threads: any number of rings before the loop looks are one call. What libuv
// calls an async handle; loop_handle::post delivers every message instead.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>
#include <rouse/loop/loop_hold.hpp>

#include <utility>

namespace rouse {

class loop;

namespace internal {
class async_block;
}

/// Any thread; may outlive the loop_async and the loop.
class async_sender {
 public:
  async_sender(const async_sender& other) noexcept;
  async_sender(async_sender&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  async_sender& operator=(async_sender other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~async_sender();

  /// Has the callback called once, in the loop's poll phase, after everything that this thread did
  /// before. Sends before that call are that call.
  /// @errors  closed: the loop has closed. Throws std::bad_alloc.
  /// @cost    One exchange when a call is due already; else a post.
  result<void> send() const;

 private:
  friend class loop_async;
  explicit async_sender(internal::async_block* counted) noexcept : block_(counted) {}
  internal::async_block* block_;
};

/// Owned on the loop's thread; keeps the loop alive until it is closed or destroyed.
class loop_async {
 public:
  loop_async(loop& of, callback<void()> f);
  loop_async(loop_async&& other) noexcept
      : hold_(std::move(other.hold_)), block_(std::exchange(other.block_, nullptr)) {}
  loop_async& operator=(loop_async&& other) noexcept {
    close();
    hold_ = std::move(other.hold_);
    block_ = std::exchange(other.block_, nullptr);
    return *this;
  }
  ~loop_async() { close(); }

  /// Of a closed one: a sender that says `closed`.
  [[nodiscard]] async_sender sender() const noexcept;
  /// The callback is not called after this, and destroyed.
  void close() noexcept;
  /// Lets the loop end while this is open.
  void unref() noexcept { hold_ = loop_hold(); }

 private:
  loop_hold hold_;
  internal::async_block* block_;
};

}  // namespace rouse
