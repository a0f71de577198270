// One value from one task to another. The value is never lost between them: it is delivered, or
// comes back to the sender, or dies with the receiver that did not ask for it.
//
// Sender and receiver share one block: a lock, a word of facts that only become true, and a place
// for the value, which the sender fills before it says `sent` and the receiver empties after it
// says `taken`, both outside the lock.
#pragma once

#include <rouse/core/frame_memory.hpp>
#include <rouse/core/outcome.hpp>
#include <rouse/core/pollable.hpp>
#include <rouse/sync/policy.hpp>
#include <rouse/trace/probe.hpp>

#include <expected>

namespace rouse::sync {

namespace internal {

/// All of the channel but the value.
template <class Threads>
class oneshot_core {
 public:
  using stored_waker = typename Threads::stored_waker;

  enum : unsigned char {
    sent = 1,      // the value is there, or was
    taken = 2,     // the receiver has it, or owns it for destruction
    deserted = 4,  // the sender went away without sending
    closed = 8,    // the receiver went away or wants no more
  };

  /// A hint, to spare a waker or a lock; what matters is read again under the lock.
  [[nodiscard]] unsigned facts() const noexcept { return facts_.load(order::acquire); }
  /// Sender: the value stands in its place. False: nobody will take it.
  [[nodiscard]] bool publish() noexcept {
    stored_waker woken;
    {
      const guard lock(lock_);
      if (has(closed)) return false;
      add(sent);
      woken = std::move(receiver_waker_);
    }
    woken.wake_and_reset();
    return true;
  }
  void desert() noexcept {
    stored_waker woken;
    {
      const guard lock(lock_);
      add(deserted);
      woken = std::move(receiver_waker_);
    }
    woken.wake_and_reset();
  }
  /// Receiver: refuses whatever is not sent yet.
  void close() noexcept {
    stored_waker sender, receiver;
    {
      const guard lock(lock_);
      add(closed);
      sender = std::move(sender_waker_);
      receiver = std::move(receiver_waker_);
    }
    sender.wake_and_reset();
    receiver.wake_and_reset();
  }

  enum class reception : unsigned char { pending, value, nothing };
  /// Receiver: what is there? `value`: it is the receiver's from now on. `pending`: `mine` was
  /// stored, if `keep`.
  [[nodiscard]] reception receive(stored_waker& mine, bool keep) noexcept {
    const guard lock(lock_);
    if (has(sent) && !has(taken)) return add(taken), reception::value;
    if (has(taken) || has(deserted) || has(closed)) return reception::nothing;
    if (keep) std::swap(receiver_waker_, mine);
    return reception::pending;
  }
  void forget_receiver() noexcept {
    stored_waker forgotten;
    const guard lock(lock_);
    std::swap(receiver_waker_, forgotten);
  }
  /// Sender: true when the receiver wants nothing more; else `mine` was stored.
  [[nodiscard]] bool await_closed(stored_waker& mine) noexcept {
    const guard lock(lock_);
    if (has(closed)) return true;
    std::swap(sender_waker_, mine);
    return false;
  }
  void forget_sender() noexcept {
    stored_waker forgotten;
    const guard lock(lock_);
    std::swap(sender_waker_, forgotten);
  }
  /// True when the other end is gone too.
  [[nodiscard]] bool drop_end() noexcept { return ends_.drop(); }

 private:
  using guard = internal::guard<typename Threads::lock_type>;
  [[nodiscard]] bool has(unsigned fact) const noexcept ROUSE_REQUIRES(lock_) {
    return facts_.load(order::relaxed) & fact;
  }
  void add(unsigned fact) noexcept ROUSE_REQUIRES(lock_) {
    // release: pairs with facts(); under the lock nobody else writes
    facts_.store(static_cast<unsigned char>(facts_.load(order::relaxed) | fact), order::release);
  }

  typename Threads::lock_type lock_;
  stored_waker receiver_waker_ ROUSE_GUARDED_BY(lock_);
  stored_waker sender_waker_ ROUSE_GUARDED_BY(lock_);
  typename Threads::counter ends_{2};
  atomic<unsigned char> facts_{0};
};

template <class T, class Threads>
class oneshot_block : public oneshot_core<Threads> {
 public:
  static oneshot_block* make() {
    return ::new (rouse::internal::allocate_frame(sizeof(oneshot_block))) oneshot_block;
  }
  void drop() noexcept {
    if (!this->drop_end()) return;
    this->~oneshot_block();
    rouse::internal::free_frame(this, sizeof(oneshot_block));
  }

  template <class... Args>
  void fill(Args&&... args) {
    ::new (static_cast<void*>(&value_)) T(std::forward<Args>(args)...);
  }
  T empty() noexcept(std::is_nothrow_move_constructible_v<T>) {
    struct emptied {
      T& value;
      ~emptied() { value.~T(); }
    } after{value_};
    return std::move(value_);
  }
  void destroy_value() noexcept { value_.~T(); }

 private:
  oneshot_block() noexcept {}
  ~oneshot_block() {}
  union {
    T value_;
  };
};
template <class T>
inline constexpr bool fits_a_frame = alignof(T) <= 16;

}  // namespace internal

template <class T, class Threads>
class basic_oneshot_sender;
template <class T, class Threads>
class basic_oneshot_receiver;

/// Waits for the value. Movable until polled; must not outlive its receiver.
/// @errors  closed: no value will come.
/// @cancel  Safe: the value stays in the channel for the next `receive()`.
template <class T, class Threads>
class [[nodiscard]] basic_oneshot_receive : public fallible<basic_oneshot_receive<T, Threads>> {
 public:
  using value_type = value_or_unit<T>;
  explicit basic_oneshot_receive(internal::oneshot_block<value_type, Threads>& block) noexcept
      : block_(&block) {}
  basic_oneshot_receive(basic_oneshot_receive&& other) noexcept : block_(other.block_) {
    ROUSE_ASSERT(!other.is_waiting_);
  }
  basic_oneshot_receive& operator=(basic_oneshot_receive&&) = delete;
  ~basic_oneshot_receive() { disown(); }

  poll_result<result<T>> poll(context& cx);
  poll_result<void> poll_cancel(context&) noexcept {
    disown();
    is_cancelled_ = true;
    return ready;
  }
  void disown() noexcept {
    if (std::exchange(is_waiting_, false)) block_->forget_receiver();
  }
  [[nodiscard]] bool borrows() const noexcept { return true; }

 private:
  using core = internal::oneshot_core<Threads>;
  internal::oneshot_block<value_type, Threads>* block_;
  bool is_waiting_ = false;  // our waker is in the block
  bool is_cancelled_ = false;
};

/// Waits until the receiver is gone or closed: nobody needs the value any more. Movable until
/// polled; must not outlive its sender.
template <class Threads>
class [[nodiscard]] basic_oneshot_closed {
 public:
  explicit basic_oneshot_closed(internal::oneshot_core<Threads>& core) noexcept : core_(&core) {}
  basic_oneshot_closed(basic_oneshot_closed&& other) noexcept : core_(other.core_) {
    ROUSE_ASSERT(!other.is_waiting_);
  }
  basic_oneshot_closed& operator=(basic_oneshot_closed&&) = delete;
  ~basic_oneshot_closed() { disown(); }

  poll_result<void> poll(context& cx) noexcept {
    if (core_->facts() & internal::oneshot_core<Threads>::closed) return ready;
    if (is_cancelled_) return pending;
    auto mine = Threads::store_waker(cx);
    if (core_->await_closed(mine)) return ready;
    is_waiting_ = true;
    trace::probe_point(trace::event::wait, nullptr, this, "oneshot closed", {});
    return pending;
  }
  poll_result<void> poll_cancel(context&) noexcept {
    disown();
    is_cancelled_ = true;
    return ready;
  }
  void disown() noexcept {
    if (std::exchange(is_waiting_, false)) core_->forget_sender();
  }
  [[nodiscard]] bool borrows() const noexcept { return true; }

 private:
  internal::oneshot_core<Threads>* core_;
  bool is_waiting_ = false;
  bool is_cancelled_ = false;
};

/// Sends once, then is empty. Destroying it unsent tells the receiver `closed`. Move only; one
/// thread at a time.
template <class T, class Threads>
class basic_oneshot_sender {
 public:
  using value_type = value_or_unit<T>;
  basic_oneshot_sender() noexcept = default;
  explicit basic_oneshot_sender(internal::oneshot_block<value_type, Threads>* block) noexcept
      : block_(block) {}
  basic_oneshot_sender(basic_oneshot_sender&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)) {}
  basic_oneshot_sender& operator=(basic_oneshot_sender other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~basic_oneshot_sender() { drop(); }

  /// Hands the value over; never waits. Unexpected: the receiver is gone or closed, and the value
  /// comes back. The sender is empty afterwards; if making the value in the channel throws, it is
  /// not.
  std::expected<void, value_type> send(value_type value) {
    ROUSE_ASSERT(block_ != nullptr);
    block_->fill(std::move(value));
    struct end {
      internal::oneshot_block<value_type, Threads>* block;
      ~end() { block->drop(); }
    } ours{
        std::exchange(block_, nullptr)};  // before the wake, which may do anything to this object
    if (ours.block->publish()) return {};
    return std::unexpected(ours.block->empty());
  }
  std::expected<void, value_type> send()
    requires std::is_void_v<T>
  {
    return send(unit{});
  }
  /// True when nobody will take a value. False may be outdated.
  [[nodiscard]] bool is_closed() const noexcept {
    return !block_ || (block_->facts() & internal::oneshot_core<Threads>::closed);
  }
  /// Waits for that; the sender must not be empty. One waiter at a time.
  [[nodiscard]] basic_oneshot_closed<Threads> closed() noexcept {
    ROUSE_ASSERT(block_ != nullptr);
    return basic_oneshot_closed<Threads>(*block_);
  }
  /// False after send() and after a move.
  explicit operator bool() const noexcept { return block_ != nullptr; }

 private:
  void drop() noexcept {
    if (!block_) return;
    block_->desert();
    std::exchange(block_, nullptr)->drop();
  }
  internal::oneshot_block<value_type, Threads>* block_ = nullptr;
};

/// Receives once. A value that was sent and never received dies with it, on its thread. Move only;
/// one thread at a time.
template <class T, class Threads>
class basic_oneshot_receiver {
 public:
  using value_type = value_or_unit<T>;
  basic_oneshot_receiver() noexcept = default;
  explicit basic_oneshot_receiver(internal::oneshot_block<value_type, Threads>* block) noexcept
      : block_(block) {}
  basic_oneshot_receiver(basic_oneshot_receiver&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)) {}
  basic_oneshot_receiver& operator=(basic_oneshot_receiver other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~basic_oneshot_receiver() { drop(); }

  /// Waits for the value; after it was received once, `closed`. One waiter at a time.
  [[nodiscard]] basic_oneshot_receive<T, Threads> receive() noexcept {
    ROUSE_ASSERT(block_ != nullptr);
    return basic_oneshot_receive<T, Threads>(*block_);
  }
  /// Never waits.
  /// @errors  EAGAIN: not sent yet. closed.
  [[nodiscard]] result<value_type> try_receive() {
    ROUSE_ASSERT(block_ != nullptr);
    typename core::stored_waker none;
    switch (block_->receive(none, false)) {
      case core::reception::value: return block_->empty();
      case core::reception::nothing: return std::unexpected(error("receive", errc::closed));
      case core::reception::pending: return std::unexpected(error("receive", EAGAIN));
    }
    ROUSE_UNREACHABLE();
  }
  /// Wants no value any more: a later send() fails. One that was sent already can still be
  /// received.
  void close() noexcept {
    if (block_) block_->close();
  }
  explicit operator bool() const noexcept { return block_ != nullptr; }

 private:
  using core = internal::oneshot_core<Threads>;
  void drop() noexcept {
    if (!block_) return;
    block_->close();
    typename core::stored_waker none;
    if (block_->receive(none, false) == core::reception::value) block_->destroy_value();
    std::exchange(block_, nullptr)->drop();
  }
  internal::oneshot_block<value_type, Threads>* block_ = nullptr;
};

template <class T, class Threads>
poll_result<result<T>> basic_oneshot_receive<T, Threads>::poll(context& cx) {
  const bool is_decided = block_->facts() & (core::sent | core::deserted | core::closed);
  if (is_decided && !cx.spend()) return pending;
  typename core::stored_waker mine;
  const bool keep = !is_decided && !is_cancelled_;
  if (keep) mine = Threads::store_waker(cx);
  switch (block_->receive(mine, keep)) {
    case core::reception::value:
      is_waiting_ = false;
      if constexpr (std::is_void_v<T>)
        return block_->empty(), result<T>();
      else
        return result<T>(std::in_place, block_->empty());
    case core::reception::nothing:
      is_waiting_ = false;
      return result<T>(std::unexpected(error("receive", errc::closed)));
    case core::reception::pending: break;
  }
  is_waiting_ = keep;
  trace::probe_point(trace::event::wait, nullptr, this, "oneshot", {});
  return pending;
}

/// Both ends of a channel.
template <class T, class Threads>
struct basic_oneshot_ends {
  basic_oneshot_sender<T, Threads> sender;
  basic_oneshot_receiver<T, Threads> receiver;
};

namespace internal {
template <class T, class Threads>
[[nodiscard]] basic_oneshot_ends<T, Threads> make_oneshot() {
  using value_type = value_or_unit<T>;
  static_assert(fits_a_frame<value_type>, "over-aligned values are not supported");
  auto* block = oneshot_block<value_type, Threads>::make();
  return {basic_oneshot_sender<T, Threads>(block), basic_oneshot_receiver<T, Threads>(block)};
}
}  // namespace internal

template <class T>
using oneshot_sender = basic_oneshot_sender<T, any_thread>;
template <class T>
using oneshot_receiver = basic_oneshot_receiver<T, any_thread>;
template <class T>
using local_oneshot_sender = basic_oneshot_sender<T, one_thread>;
template <class T>
using local_oneshot_receiver = basic_oneshot_receiver<T, one_thread>;

/// A channel for one T, or for one signal when T is void: ends for any threads. One recycled
/// allocation; throws std::bad_alloc.
/// @example
///   auto [sender, receiver] = rouse::sync::oneshot<int>();
///   nursery.spawn(compute(std::move(sender)));
///   int answer = co_await receiver.receive();
template <class T>
[[nodiscard]] basic_oneshot_ends<T, any_thread> oneshot() {
  return internal::make_oneshot<T, any_thread>();
}
/// The same for tasks of one executor.
template <class T>
[[nodiscard]] basic_oneshot_ends<T, one_thread> local_oneshot() {
  return internal::make_oneshot<T, one_thread>();
}

extern template class internal::oneshot_core<any_thread>;

}  // namespace rouse::sync
