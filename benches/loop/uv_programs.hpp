// The other side of the comparison: what the rows of beside_libuv_bench.cpp do, written on libuv as
// its users would for speed: timers and hooks lie in arrays that are made beforehand.
#pragma once

#include <cstdint>
#include <vector>

namespace bench {

/// CPU of the thread in ns, and what was called.
struct uv_run_result {
  std::int64_t ns = 0;
  std::int64_t calls = 0;
};

/// Starts a timer for each delay, then stops each; handles are made before, closed after.
[[nodiscard]] uv_run_result uv_set_and_clear(const std::vector<int>& delays_ms);
/// Starts a timer for each delay, sleeps until all are due, and fires them: which is measured.
[[nodiscard]] uv_run_result uv_fire(const std::vector<int>& delays_ms);
/// So many turns with so many idle and as many check handles.
[[nodiscard]] uv_run_result uv_turns(std::int64_t turns, int handles);

struct uv_pool_result {
  std::int64_t wall_ns = 0;
  std::int64_t cpu_ns = 0;  // of the process
  std::int64_t calls = 0;   // in the loop
};
/// Runs `job` `count` times on libuv's pool, at most `in_flight` of them queued at a time. A
/// request is allocated for each, as programs do, since it must live until the loop hears of its
/// end.
[[nodiscard]] uv_pool_result uv_jobs(std::int64_t count, std::int64_t in_flight, void (*job)());

/// Another thread sends `count` times; libuv folds sends together. Until the last one was seen.
[[nodiscard]] uv_pool_result uv_async_sends(std::int64_t count);
/// How many of so many rounds of a send_race are lost.
[[nodiscard]] std::int64_t uv_lost_sends(std::int64_t rounds);
/// The same as uv_async_sends with a queue and a lock beside the async handle, as programs have it:
/// each is delivered.
[[nodiscard]] uv_pool_result uv_messages(std::int64_t count);

/// Echoes on a listening socket, for ever.
void uv_echo(int listener);

}  // namespace bench
