// A sink from inside: what its handles share with the task that moves the bytes.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/io/buffer.hpp>
#include <rouse/loop/internal/closing_place.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/internal/one_turn.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_sink.hpp>
#include <rouse/sync/notify.hpp>

#include <concepts>
#include <optional>
#include <string>

namespace rouse::internal {

/// Where a sink's bytes go. `write` takes all of a piece; the buffer comes back, for the next one.
template <class T>
concept sink_target = requires(T& target, io::buffer piece) {
  { target.write(std::move(piece)) } -> std::same_as<task<result<io::buffer>>>;
};

/// Counted by the handles, and by the work while that lives.
class sink_state {
 public:
  /// A new sink and its first handle; `run` is to follow.
  [[nodiscard]] static loop_sink make(loop& of, std::size_t high_water_mark) {
    return loop_sink(new sink_state(of, high_water_mark));
  }
  [[nodiscard]] static sink_state& of(const loop_sink& handle) noexcept { return *handle.state_; }
  /// Runs `work` for the sink, whose end is the sink's; an error that is thrown names `subject`.
  static void run(const loop_sink& sink, task<result<void>> work, std::string subject,
                  loop::site at);
  /// The work's main part: until `end` was called and all is written. `to` outlives it.
  template <sink_target T>
  [[nodiscard]] static task<result<void>> move_bytes(loop_sink sink, T& to);

  /// For the work: a callback of the poll phase, after which it awaits one_turn.
  void call(callback<void()> f, const char* what) const noexcept {
    link_->core->call_in_poll(std::move(f), what);
  }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 private:
  friend class rouse::loop_sink;
  class ending;
  struct written_call {
    std::uint64_t upto;  // called when so many bytes are written
    callback<void(result<void>)> f;
  };

  sink_state(loop& of, std::size_t high_water_mark);
  ~sink_state() { link_->release(); }

  bool write(std::span<const std::byte> bytes, callback<void(result<void>)>&& written);
  void refuse(callback<void(result<void>)>&& written);
  void end() noexcept;
  void fail(const error& why) noexcept;
  [[nodiscard]] bool takes_more() const noexcept { return !is_closed_ && !wants_end_; }
  [[nodiscard]] std::size_t buffered() const noexcept {
    return static_cast<std::size_t>(accepted_bytes_ - written_bytes_);
  }
  /// The next thing to tell of what is written. False: there is none.
  bool tell_written();
  void finish(const result<void>& end, const std::string& subject);
  void drop_callbacks() noexcept;

  loop* const loop_;  // as long as the link has its core
  alive_count* const link_;
  const std::size_t high_water_mark_;
  closing_place last_;
  request_id request_;
  sync::local_notify asked_;
  io::buffer queued_;
  std::uint64_t accepted_bytes_ = 0;  // by write()
  std::uint64_t written_bytes_ = 0;
  ring<written_call> written_;
  event_slot<void()> on_drain_;
  callback<void()> on_finish_;
  callback<void(const error&)> on_error_;
  callback<void()> on_close_;
  std::optional<error> failure_;  // of a caller
  long references_ = 1;
  bool wants_drain_ = false;
  bool wants_end_ = false;
  bool is_destroyed_ = false;
  bool is_closed_ = false;
};

template <sink_target T>
task<result<void>> sink_state::move_bytes(loop_sink sink, T& to) {
  sink_state& self = of(sink);
  for (io::buffer spare;;) {
    // What it waited for may have come before it was cancelled.
    if (self.is_destroyed_ || self.failure_) co_return result<void>();
    while (self.tell_written())  // also that nothing was written
      co_await one_turn();
    if (self.queued_.is_empty()) {
      if (self.wants_end_) break;
      co_await self.asked_.wait();
      continue;
    }
    const std::size_t size = self.queued_.size();
    io::buffer piece = std::exchange(self.queued_, std::move(spare));
    auto written = co_await to.write(std::move(piece));
    if (!written) co_return std::unexpected(written.error());
    spare = std::move(*written);
    spare.clear();
    self.written_bytes_ += size;
  }
  if (self.on_finish_) {
    self.call([&self] { self.on_finish_.call_once(); }, "finish");
    co_await one_turn();
  }
  co_return result<void>();
}

}  // namespace rouse::internal
