#include <rouse/executor/current_thread/executor_handle.hpp>
#include <rouse/executor/current_thread/internal/inject_queue.hpp>

namespace rouse {
namespace internal {

worker* inject_queue::reserve() noexcept {
  lock_guard lock(mutex_);
  if (!target_ || in_flight_.load(order::relaxed) >= limit_) return nullptr;
  in_flight_.fetch_add(1, order::relaxed);
  return target_;
}

void inject_queue::unreserve() noexcept {
  in_flight_.fetch_sub(1, order::relaxed);
  unparker_.unpark();  // `run` may be waiting for this one
}

void inject_queue::submit(task_header& fresh) noexcept {
  bool refused = false;
  {
    lock_guard lock(mutex_);
    refused = target_ == nullptr;
    if (!refused) {
      fresh.next = nullptr;
      (tail_ ? tail_->next : head_) = &fresh;
      tail_ = &fresh;
    }
  }
  if (refused) {  // never ran, nobody refers to it
    in_flight_.fetch_sub(1, order::relaxed);
    worker::discard(fresh);
    return;
  }
  unparker_.unpark();
}

bool inject_queue::is_closed() noexcept {
  lock_guard lock(mutex_);
  return target_ == nullptr;
}

task_header* inject_queue::take_all() noexcept {
  lock_guard lock(mutex_);
  tail_ = nullptr;
  return std::exchange(head_, nullptr);
}

task_header* inject_queue::close() noexcept {
  lock_guard lock(mutex_);
  target_ = nullptr;
  tail_ = nullptr;
  return std::exchange(head_, nullptr);
}

}  // namespace internal

executor_handle::executor_handle(const executor_handle& other) noexcept : queue_(other.queue_) {
  queue_->retain();
}
executor_handle& executor_handle::operator=(const executor_handle& other) noexcept {
  other.queue_->retain();
  std::exchange(queue_, other.queue_)->release();
  return *this;
}
executor_handle::~executor_handle() { queue_->release(); }

worker* executor_handle::reserve() const noexcept { return queue_->reserve(); }
void executor_handle::unreserve() const noexcept { queue_->unreserve(); }

void executor_handle::submit(task_header& fresh) const noexcept {
  if (!worker::is_mine(fresh)) return queue_->submit(fresh);
  worker::current()->adopt(fresh);
  queue_->taken(1);
}

error executor_handle::refusal() const noexcept {
  return error("spawn", queue_->is_closed() ? errc::runtime_shut_down : errc::at_capacity);
}

result<void> executor_handle::status() const noexcept {
  if (queue_->is_closed()) return std::unexpected(error("status", errc::runtime_shut_down));
  return {};
}

std::size_t executor_handle::in_flight() const noexcept { return queue_->in_flight(); }

}  // namespace rouse
