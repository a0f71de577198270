#include <rouse/base/log.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/time/timeout.hpp>
#include <rouse/time/timer_park.hpp>

#include <new>

namespace rouse {

namespace internal {

// Members are destroyed from the last to the first: tasks, then the pool's threads, then the layers
// that both refer to.
struct runtime_parts {
  runtime_parts(reactor_ptr r, const runtime_options& options)
      : driver(std::move(r)),
        stack(options.clock ? *options.clock : steady_clock::instance(), *driver),
        pool(options.blocking),
        executor(stack, options.executor) {}

  reactor_ptr driver;
  timer_park<reactor&> stack;
  blocking_pool pool;
  current_thread_executor executor;
};

}  // namespace internal

result<runtime> runtime::make(const runtime_options& options) {
  auto driver = make_reactor(options.reactor);
  if (!driver) return std::unexpected(driver.error());
  // A ring belongs to the thread that opens it, an epoll queue to nobody: it tells now what it
  // lacks.
  if ((*driver)->kind() == reactor_kind::epoll) {
    if (auto opened = (*driver)->open(); !opened) return std::unexpected(opened.error());
  }
  try {
    return runtime(new internal::runtime_parts(std::move(*driver), options));
  } catch (const std::bad_alloc&) {
    return std::unexpected(error("runtime", ENOMEM));
  }
}

runtime::~runtime() {
  if (!parts_) return;
  {
    const entered here(*this);  // what tasks destroy may look for its driver
    delete parts_;
  }
  flush_log();
}

void runtime::run(std::source_location site) {
  const entered here(*this);
  executor().run(site);
}

result<void> runtime::run_timeout(nanoseconds limit, std::source_location site) {
  return block_on(timeout(limit, executor().idle()).result(), site);
}

bool runtime::turn(nanoseconds limit, std::source_location site) {
  const entered here(*this);
  return executor().turn(limit, site);
}

result<outside_wait> runtime::begin_wait(nanoseconds limit, std::source_location site) {
  const entered here(*this);
  return executor().begin_wait(limit, site);
}

result<int> runtime::wait_descriptor() { return reactor().wait_descriptor(); }

executor_handle runtime::handle() const noexcept { return parts().executor.handle(); }
current_thread_executor& runtime::executor() const noexcept { return parts().executor; }
reactor& runtime::reactor() const noexcept { return *parts().driver; }
timer_driver& runtime::timer() const noexcept { return parts().stack.driver(); }
blocking_pool& runtime::blocking() const noexcept { return parts().pool; }
clock* runtime::time_source() const noexcept { return &parts().stack.driver().time_source(); }
const char* runtime::backend() const noexcept { return parts().driver->backend(); }

}  // namespace rouse
