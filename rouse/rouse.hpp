// Umbrella for programs: everything most of them need. The library itself never includes it.
#pragma once

#include <rouse/base/io_error.hpp>
#include <rouse/base/log.hpp>
#include <rouse/core/spawn.hpp>
#include <rouse/coro/finally.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/when_all.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/fs/directory.hpp>
#include <rouse/fs/paths.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/io/read_exact.hpp>
#include <rouse/io/read_to_end.hpp>
#include <rouse/net/net.hpp>
#include <rouse/runtime/run.hpp>
#include <rouse/runtime/runtime_builder.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/time/interval.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timeout.hpp>
