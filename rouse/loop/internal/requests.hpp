// Work that calls back when it ends, and how it is cancelled before.
#pragma once

#include <rouse/core/join_handle.hpp>
#include <rouse/loop/internal/slot_table.hpp>
#include <rouse/loop/loop_ids.hpp>

namespace rouse::internal {

struct request {
  join_handle<void> task;
};
using requests = slot_table<request>;

}  // namespace rouse::internal
