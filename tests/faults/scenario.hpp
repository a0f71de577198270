// The programs that the fault tests break: an echo server with its clients, a web server with its
// client, two that work on files, a guest of a runtime that is itself one of poll(), one that has
// children, and seven in callbacks, each within one runtime. They know nothing of faults; they only
// write down, without allocating, what came of every exchange.
#pragma once

#include <rouse/reactor/reactor.hpp>

#include <array>
#include <exception>
#include <span>
#include <string>

namespace faults {

enum class scenario {
  echo,   ///< three clients send 100 KiB each, half-close, and read it back
  serve,  ///< a client asks a file server for a page, a small file, a large one and a missing one
  cold,   ///< the same with nothing in the file system's caches: by the ring or by the pool
  store,  ///< a directory is made, a file written, changed, synced, renamed, listed, read, removed
  tend,   ///< files are replaced, copied, linked, locked, made for a while, walked and watched
  host,   ///< a library's descriptors and timer in a runtime inside poll()
  child,  ///< programs are run, spoken with, stopped and dropped, and a signal is listened to
  // in callbacks, on a phased loop
  loop_sockets,   ///< clients of an echo server, over TCP and a Unix socket, and one that goes at
                  ///< once
  loop_files,     ///< a file written, changed, read in each way, copied, renamed, removed
  loop_http,      ///< a name looked up, and a server on the same loop asked
  loop_children,  ///< programs run, spoken with, stopped, not found; a signal
  loop_queues,    ///< timers, immediates, ticks, hooks, jobs, calls from another thread
  loop_watch,     ///< a directory watched
  loop_crypto,    ///< hashes, keys and random bytes; where the component is built
};
[[nodiscard]] const char* name_of(scenario which) noexcept;
[[nodiscard]] bool is_looped(scenario which) noexcept;
[[nodiscard]] bool is_built(scenario which) noexcept;

enum class volume {
  full,   ///< more than the kernel's buffers hold
  brief,  ///< little enough to be moved byte by byte
};

/// What came of a run.
class outcome {
 public:
  struct line {
    std::array<char, 200> text;
  };
  void note_complete() noexcept { complete_++; }
  /// Something ended with an error: that is fine as long as it says what failed.
  void note_failure(const char* who, const std::exception_ptr& why) noexcept;
  void note_failure(const char* who, const rouse::error& why) noexcept;
  /// A stream ended before all was there, without an error on this side.
  void note_cut(const char* who) noexcept;
  /// What must never be.
  void note_wrong(const char* who, const char* what) noexcept;

  [[nodiscard]] unsigned complete() const noexcept { return complete_; }
  [[nodiscard]] unsigned cuts() const noexcept { return cuts_; }
  [[nodiscard]] std::span<const line> failures() const noexcept {
    return std::span(failures_).first(failure_count_);
  }
  [[nodiscard]] std::span<const line> wrongs() const noexcept {
    return std::span(wrongs_).first(wrong_count_);
  }

 private:
  std::array<line, 32> failures_;
  std::array<line, 8> wrongs_;
  std::size_t failure_count_ = 0;
  std::size_t wrong_count_ = 0;
  unsigned complete_ = 0;
  unsigned cuts_ = 0;
};

/// The exchanges that a run consists of.
[[nodiscard]] unsigned exchanges_of(scenario which) noexcept;

/// Makes what the scenarios need and faults shall not touch: texts and a scratch directory.
void prepare();

/// Removes what an interrupted run left in the scratch directory.
void tidy();

/// Called on the thread of a loop's pool, before its first job and after its last.
struct pool_hooks {
  void (*begins)(unsigned thread, void*) = nullptr;
  void (*ends)(unsigned thread, void*) = nullptr;
};
inline pool_hooks on_pool_thread;

/// Runs it once, on a runtime of its own, with the system calls that are in force.
void run(scenario which, rouse::reactor_kind on, outcome& out, volume how_much = volume::full);

}  // namespace faults
