#include <rouse/trace/recorder.hpp>

#include <rouse/base/assert.hpp>

namespace rouse::trace {

recorder::recorder(std::size_t capacity) : ring_(capacity), former_(nullptr) {
  ROUSE_ASSERT(capacity > 0);
  former_ = set_sink(this);
}

recorder::~recorder() {
  const sink* removed = set_sink(former_);
  ROUSE_ASSERT(removed == this);  // recorders nest
}

void recorder::on_probe(const record& r) noexcept {
  const lock_guard lock(mutex_);
  ring_[(first_ + count_) % ring_.size()] = r;
  if (count_ < ring_.size()) {
    ++count_;
  } else {
    first_ = (first_ + 1) % ring_.size();
    ++dropped_;
  }
}

std::vector<record> recorder::take() {
  std::vector<record> kept;
  const lock_guard lock(mutex_);
  kept.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i)
    kept.push_back(ring_[(first_ + i) % ring_.size()]);
  first_ = count_ = 0;
  return kept;
}

std::size_t recorder::dropped() const noexcept {
  const lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace rouse::trace
