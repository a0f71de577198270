// Probe points: the places where the core says what it does. Off (the default) each costs one
// relaxed load of one flag and one predicted branch; on, it calls the sink that a tool, a test or
// the console has installed. Refused: compile-time probes, because the process that misbehaves is
// the one that was built without them.
#pragma once

#include <rouse/base/atomic.hpp>

#include <source_location>

namespace rouse::trace {

/// What happened, to whom: subject, and other where the comment names a second one.
enum class event : unsigned char {
  spawn,       ///< a task or job was made, by other; text: its name, site: the spawn
  wake,        ///< a task was made ready, by other
  poll_begin,  ///< a task's poll begins, on executor other
  poll_end,    ///< the poll ended and the task is pending
  complete,    ///< a task has ended; stands for poll_end when it ended inside its poll
  park_begin,  ///< an executor or park has nothing to do and is about to wait
  park_end,    ///< that wait is over
  unpark,      ///< the sleep of an executor or park is ended, by other
  wait,        ///< a task waits for other, a leaf; text: the reason, site: the await if known
};

/// "spawn", "wake", ...
[[nodiscard]] const char* name_of(event what) noexcept;

/// One probe as the sink sees it. Pointers identify; they are never to be followed, their targets
/// may be gone.
struct record {
  event what = event::spawn;
  const void* subject = nullptr;
  const void* other = nullptr;  ///< null: nobody, or not known
  const char* text = "";        ///< static or as long-lived as the call; copy it to keep it
  std::source_location site{};  ///< line 0: not known
};

/// Receives records on whatever thread they happen, several at once. It may allocate, lock and log;
/// probes that it causes itself are dropped. No time stamp is given: a sink that wants one reads
/// the clock it trusts.
class sink {
 public:
  virtual void on_probe(const record& r) noexcept = 0;

 protected:
  ~sink() = default;
};

/// Installs `s` for the whole process (null: off); gives the former one, which no thread is inside
/// any more when this returns. Records made while sinks are being exchanged may be lost. Any
/// thread, not from inside a sink.
sink* set_sink(sink* s) noexcept;

namespace internal {
extern constinit atomic<bool> on;
[[gnu::cold, gnu::noinline]] void emit(event what, const void* subject, const void* other) noexcept;
[[gnu::cold, gnu::noinline]] void emit(event what, const void* subject, const void* other,
                                       const char* text, std::source_location site) noexcept;
}  // namespace internal

/// True while a sink is installed: for work that only a probe needs.
[[nodiscard]] inline bool is_on() noexcept { return internal::on.load(order::relaxed); }

/// One probe point. What the caller cannot know is filled in with the task being polled on this
/// thread: a null `other` of spawn, wake and unpark, a null `subject` of wait.
inline void probe_point(event what, const void* subject, const void* other = nullptr) noexcept {
  if (is_on()) [[unlikely]]
    internal::emit(what, subject, other);
}
/// The same with a text (name or wait reason) and a place.
inline void probe_point(event what, const void* subject, const void* other, const char* text,
                        std::source_location site) noexcept {
  if (is_on()) [[unlikely]]
    internal::emit(what, subject, other, text, site);  // no record on the caller's stack
}

}  // namespace rouse::trace
