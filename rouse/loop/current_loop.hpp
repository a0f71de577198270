// The loop's calls as free functions, for the loop that runs on this thread. Each throws
// io_error(no_context) where there is none; see the member of its name.
#pragma once

#include <rouse/loop/loop.hpp>

namespace rouse {

inline timer_id set_timeout(loop_delay delay, callback<void()> f,
                            std::source_location at = std::source_location::current()) {
  return loop::current().set_timeout(delay, std::move(f), at);
}
inline timer_id set_interval(loop_delay period, callback<void()> f,
                             std::source_location at = std::source_location::current()) {
  return loop::current().set_interval(period, std::move(f), at);
}
inline bool clear_timeout(timer_id id) { return loop::current().clear_timeout(id); }
inline bool clear_interval(timer_id id) { return loop::current().clear_interval(id); }

inline immediate_id set_immediate(callback<void()> f,
                                  std::source_location at = std::source_location::current()) {
  return loop::current().set_immediate(std::move(f), at);
}
inline bool clear_immediate(immediate_id id) { return loop::current().clear_immediate(id); }

inline void next_tick(callback<void()> f) { loop::current().next_tick(std::move(f)); }
inline void queue_microtask(callback<void()> f) { loop::current().queue_microtask(std::move(f)); }
inline void defer(callback<void()> f) { loop::current().defer(std::move(f)); }

}  // namespace rouse
