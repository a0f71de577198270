#include <rouse/executor/blocking_pool/blocking_pool.hpp>

#include <rouse/executor/blocking_pool/internal/pool_state.hpp>

namespace rouse {

blocking_pool::blocking_pool(const blocking_pool_options& options)
    : state_(new internal::pool_state(options)) {}

blocking_pool::~blocking_pool() {
  const bool is_on_its_own_thread = internal::pool_state::serving_here() == state_;
  ROUSE_ASSERT(!is_on_its_own_thread);  // a job cannot wait for its own end
  (void)state_->shutdown(no_limit);
  state_->release();
}

result<void> blocking_pool::enqueue(internal::pool_job& job) noexcept {
  trace::probe_point(trace::event::spawn, &job, nullptr, job.name(), {});
  return state_->enqueue(job);
}

result<std::vector<stuck_job>> blocking_pool::shutdown(nanoseconds limit) {
  return state_->shutdown(limit);
}

blocking_pool_status blocking_pool::status() const noexcept { return state_->status(); }

}  // namespace rouse
