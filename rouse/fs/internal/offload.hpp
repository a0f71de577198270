// The two ways to ask the disk without waiting for it: a ring operation that owns its data, and a
// job of the blocking pool.
#pragma once

#include <rouse/core/current.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/fs/internal/file_job.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::fs::internal {

/// The reactor of this thread if it takes `code`, else null.
[[nodiscard]] inline reactor* ring_for(opcode code) noexcept {
  reactor* here = current<reactor>::get();
  return here && here->supports(code) ? here : nullptr;
}

/// Leaf: the completion of an operation that lies on the heap. Cancelled at once, since dropping
/// the block abandons it.
template <class Block>
class completion {
 public:
  explicit completion(owned<Block>& block) noexcept : block_(&block) {}
  poll_result<std::int32_t> poll(context& cx) noexcept {
    if (cancelled_ || !(*block_)->poll(cx)) return pending;
    return (*block_)->result();
  }
  poll_result<void> poll_cancel(context&) noexcept {
    cancelled_ = true;
    disown();
    return ready;
  }
  void disown() noexcept { (*block_)->disown(); }

 private:
  owned<Block>* block_;
  bool cancelled_ = false;
};

/// Runs `f`, which gives a result, on the blocking pool of this thread.
template <class F>
task<std::invoke_result_t<F&>> offload(F f) {
  using answer = std::invoke_result_t<F&>;
  blocking_pool* pool = current<blocking_pool>::get();
  if (!pool) co_return answer(std::unexpected(error("file operation", errc::no_context)));
  auto submitted = pool->submit(file_job, std::move(f));
  if (!submitted) co_return answer(std::unexpected(submitted.error()));
  answer value = co_await std::move(*submitted);
  co_return value;
}

}  // namespace rouse::fs::internal
