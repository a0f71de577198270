// A network that loses, doubles, delays, cuts and slows what crosses it, made of a TUN interface in
// a network namespace of our own: netem is not in every kernel, and needs root outside. The only
// host beyond the interface is this process: a packet to `there` is written back with its two
// addresses exchanged, as if `there` had sent it to `here`. So a connection to `there` arrives at
// who listens on `here`, and each of its segments has crossed the bad network once. Exchanged
// addresses leave every checksum as it was.
#pragma once

#include <rouse/base/random.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace peers {

struct bad_network_options {
  std::uint64_t seed = 1;
  unsigned lost_percent = 0;
  unsigned doubled_percent = 0;
  unsigned late_percent = 0;  ///< held back for up to `late_max`: others overtake them
  std::chrono::microseconds late_max{3000};
  std::uint64_t bits_per_second = 0;  ///< of both directions together; 0: no limit
  std::size_t burst_bytes = 0;        ///< that a rested line carries at once
  bool one_byte_segments = false;     ///< segments are cut into as many as they have bytes
};

/// Packets, after cutting.
struct bad_network_counts {
  std::uint64_t seen = 0;
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  std::uint64_t late = 0;
  std::uint64_t cut = 0;         ///< segments that were cut, before
  std::uint64_t overflowed = 0;  ///< lost because too many wait for the slow line
};

/// Moves the calling process, which must have one thread, into a network namespace of its own, and
/// into a user namespace where that takes one. There is no way back. Empty, or why it cannot be.
[[nodiscard]] std::string leave_network();

/// @threads  Carries packets on a thread of its own; made and ended by one.
class bad_network {
 public:
  static constexpr const char* here = "10.9.0.1";
  static constexpr const char* there = "10.9.0.2";

  /// An interface of this namespace; -1 where there is none to have, and `why_not` says why.
  [[nodiscard]] static int open_tun(std::string& why_not);
  /// Owns `tun`, which gets the address `here` and is up then. Throws std::runtime_error.
  bad_network(int tun, const bad_network_options& options);
  bad_network(const bad_network&) = delete;
  bad_network& operator=(const bad_network&) = delete;
  ~bad_network();

  /// Carries nothing any more, and says what it did. Idempotent.
  bad_network_counts end();

 private:
  using packet = std::vector<std::byte>;
  using instant = std::chrono::steady_clock::time_point;

  void run();
  void take_some();
  void cross(packet whole);
  void carry(packet one);
  void give_due();
  /// Of the slow line.
  [[nodiscard]] std::chrono::nanoseconds time_for(std::size_t bytes) const;
  [[nodiscard]] bool has_chance(unsigned percent) { return random_.below(100) < percent; }

  const bad_network_options options_;
  const int tun_;
  const int stop_;
  // The thread's until end() has joined it.
  rouse::random_source random_;
  bad_network_counts counts_;
  std::multimap<instant, packet> waiting_;  // by when they leave; equals in the order they came
  instant line_free_{};  // when the slow line has sent all of that; a burst before at most
  std::thread carrier_;
};

}  // namespace peers
