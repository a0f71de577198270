// A reactor without a kernel: what arrives, what there is room for and what fails is said by a
// test, so that every race of a pollable can be played on purpose. It completes operations in
// park(), in the order they were started, like a ring does; descriptors are real numbers
// (eventfds), so that leaks and double closes are still seen.
#pragma once

#include <rouse/reactor/reactor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

namespace rouse {
namespace internal {
class heap_lease_pool;
}

/// Everything on the owner's thread but unpark() and handle().
///
/// @example
///   mock_reactor r;
///   source s = r.open_stream();
///   r.arrive(s.fd(), bytes);   // the peer sends
///   r.park(nanoseconds(0));    // a receive that waits completes now
class mock_reactor final : public reactor {
 public:
  explicit mock_reactor(const reactor_options& options = {});
  ~mock_reactor() override;

  // ---- The script. `fd` names one of our sources, or a connection that was not accepted yet.
  /// A connected stream. Errors: as of eventfd.
  [[nodiscard]] source open_stream(source_kind kind = source_kind::tcp);
  [[nodiscard]] source open_listener();
  /// A connection comes into the backlog; gives its descriptor's number, which an accept will give.
  int connect_peer(int listener);
  /// The peer sends.
  void arrive(int fd, std::span<const std::byte> bytes);
  /// The peer will send no more.
  void finish(int fd);
  /// After what has arrived, every operation gives -errno_value.
  void fail(int fd, int errno_value);
  /// Bytes that may be sent before a send has to wait; at the start 64 KiB.
  void set_room(int fd, std::size_t bytes);
  /// What was sent since the last call; makes room for as much again.
  [[nodiscard]] std::vector<std::byte> take_sent(int fd);
  /// The next operation of this kind that is looked at completes with `result`. Several queue up.
  /// The only way to complete operations on files.
  void answer(opcode code, std::int32_t result);
  /// True: a cancel is a request, as in a ring. Its completion comes in the next park, and is the
  /// result when there is one by then; destroying an operation gives it its late result too.
  bool late_cancel = false;
  /// True: operations on files and paths are taken, see answer().
  bool takes_files = true;
  /// Every operation since the start, in order.
  [[nodiscard]] const std::vector<opcode>& started() const noexcept { return started_; }
  [[nodiscard]] std::size_t in_flight() noexcept;

  // ---- reactor
  result<park_outcome> park(nanoseconds limit) override;
  /// The descriptor tells of unpark() only: the script is played by park() and end_wait().
  result<outside_wait> begin_wait(nanoseconds limit) override;
  result<park_outcome> end_wait() override;
  result<int> wait_descriptor() override;
  [[nodiscard]] rouse::unparker unparker() override;
  [[nodiscard]] bool has_work() const noexcept override {
    return !in_flight_.is_empty() || has_undelivered() || has_posted();
  }
  [[nodiscard]] reactor_kind kind() const noexcept override { return reactor_kind::mock; }
  [[nodiscard]] std::size_t leases_out() const noexcept override;
  [[nodiscard]] bool supports(opcode code) const noexcept override {
    return side(code) != side_of::none || (takes_files && code != opcode::none);
  }
  result<void> open() override { return {}; }
  bool start(operation& op) noexcept override;
  bool cancel(operation& op) noexcept override;
  void settle(operation& op) noexcept override;
  void detach(source_block& block) noexcept override;

 private:
  class sleeper;
  struct endpoint {
    std::deque<std::byte> arrived;
    std::vector<std::byte> sent;
    std::deque<int> backlog;
    std::size_t room = 64 * 1024;
    bool finished = false;
    int failure = 0;
  };
  static constexpr std::int32_t nothing_yet = 1 << 30;

  int new_endpoint();
  void progress() noexcept;
  std::int32_t try_now(operation& op);
  std::int32_t try_receive(operation& op, endpoint& e);
  static std::int32_t try_send(const operation::arguments& a, bool vectored, endpoint& e);

  sleeper* target_;
  bool sleeps_outside_ = false;  // from begin_wait to end_wait
  internal::heap_lease_pool* buffers_;
  list<operation> in_flight_;
  std::map<int, endpoint> endpoints_;
  std::map<opcode, std::deque<std::int32_t>> answers_;
  std::vector<opcode> started_;
};

}  // namespace rouse
