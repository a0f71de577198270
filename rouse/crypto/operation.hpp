// What every call of `crypto` gives: a job of the blocking pool, which computes while tasks go on.
#pragma once

#include <rouse/crypto/bytes.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>

#include <utility>

namespace rouse::crypto {

/// Await it for the bytes (throws io_error), or its `.result()`. The job owns all that it needs and
/// waits for a thread from the call on.
/// @errors  no_context without a current pool; at_capacity; runtime_shut_down; ENOMEM where OpenSSL
/// lacks memory; and those of the call.
/// @cancel  Safe, and at once: what has not begun never will, what computes is abandoned.
class [[nodiscard]] operation : public fallible<operation> {
 public:
  explicit operation(blocking_job<rouse::result<bytes>> job) noexcept : job_(std::move(job)) {}
  poll_result<rouse::result<bytes>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept { return job_.poll_cancel(cx); }
  void disown() noexcept { job_.disown(); }

 private:
  blocking_job<rouse::result<bytes>> job_;
};

}  // namespace rouse::crypto
