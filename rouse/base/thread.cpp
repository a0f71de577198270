#include <rouse/base/thread.hpp>

namespace rouse {

result<thread> thread::start(void* (*entry)(void*), void* argument, std::size_t stack_bytes,
                             thread_starter how) noexcept {
  pthread_attr_t attributes;
  if (const int failed = pthread_attr_init(&attributes))
    return std::unexpected(error("thread", failed));
  thread started;
  int failed = stack_bytes == 0 ? 0 : pthread_attr_setstacksize(&attributes, stack_bytes);
  if (failed == 0) failed = how(&started.id_, &attributes, entry, argument);
  pthread_attr_destroy(&attributes);
  if (failed != 0) return std::unexpected(error("thread", failed));
  started.is_joinable_ = true;
  return started;
}

void thread::join() noexcept {
  ROUSE_ASSERT(is_joinable_);
  const int failed = pthread_join(id_, nullptr);
  ROUSE_ASSERT(failed == 0);  // joining oneself, or twice
  is_joinable_ = false;
}

void thread::detach() noexcept {
  ROUSE_ASSERT(is_joinable_);
  pthread_detach(id_);
  is_joinable_ = false;
}

}  // namespace rouse
