#include <rouse/executor/blocking_pool/internal/class_queue.hpp>

#include <algorithm>

namespace rouse::internal {

class_queue::class_queue(const caps& running_max) noexcept {
  for (std::size_t i = 0; i < job_classes; ++i) {
    ROUSE_ASSERT(running_max[i] > 0);
    lanes_[i].running_max = running_max[i];
  }
}

class_queue::~class_queue() { ROUSE_ASSERT(queued() == 0); }

void class_queue::push(pool_job& job) noexcept {
  lane& l = at(job.kind());
  l.jobs.push_back(job);
  ++l.queued;
}

void class_queue::remove(pool_job& job) noexcept {
  ROUSE_DEBUG_ASSERT(job.is_linked());
  job.unlink();
  --at(job.kind()).queued;
}

pool_job* class_queue::begin() noexcept {
  for (std::size_t i = 0; i < job_classes; ++i) {
    lane& l = lanes_[turn_];
    if (++turn_ == job_classes) turn_ = 0;
    if (startable(l) == 0) continue;
    --l.queued;
    ++l.running;
    ++l.begun;
    return l.jobs.pop_front();
  }
  return nullptr;
}

void class_queue::end(job_class kind) noexcept {
  lane& l = at(kind);
  ROUSE_ASSERT(l.running > 0);
  --l.running;
}

pool_job* class_queue::pop() noexcept {
  for (lane& l : lanes_) {
    if (l.queued == 0) continue;
    --l.queued;
    return l.jobs.pop_front();
  }
  return nullptr;
}

unsigned class_queue::startable(const lane& l) noexcept {
  return static_cast<unsigned>(std::min<std::size_t>(l.queued, l.running_max - l.running));
}

unsigned class_queue::startable(job_class kind) const noexcept { return startable(at(kind)); }

unsigned class_queue::startable() const noexcept {
  unsigned sum = 0;
  for (const lane& l : lanes_)
    sum += startable(l);
  return sum;
}

job_class_status class_queue::status(job_class kind) const noexcept {
  const lane& l = at(kind);
  return {l.running, l.running_max, l.queued, l.begun};
}

std::size_t class_queue::queued() const noexcept {
  std::size_t sum = 0;
  for (const lane& l : lanes_)
    sum += l.queued;
  return sum;
}

unsigned class_queue::running() const noexcept {
  unsigned sum = 0;
  for (const lane& l : lanes_)
    sum += l.running;
  return sum;
}

}  // namespace rouse::internal
