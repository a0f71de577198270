// Work that calls back when it ends, and how it is cancelled before.
#pragma once

#include <rouse/core/join_handle.hpp>
#include <rouse/loop/internal/slot_table.hpp>
#include <rouse/loop/loop_hold.hpp>
#include <rouse/loop/loop_ids.hpp>

namespace rouse::internal {

class loop_job;

/// The one or the other; a job has its own hold.
struct request {
  join_handle<void> task;
  loop_hold hold;
  loop_job* job = nullptr;
};
using requests = slot_table<request>;

}  // namespace rouse::internal
