#include <rouse/fs/lock.hpp>

#include <rouse/fs/internal/named_call.hpp>
#include <rouse/time/sleep.hpp>

#include <algorithm>

namespace rouse::fs {

void file_lock::unlock() noexcept {
  if (!file_) return;
  (void)sys::unlock(file_.fd());
  file_ = {};
}

operation<std::optional<file_lock>> try_lock(const file& which, lock_kind kind) {
  // The answer owns the lock, so that one which nobody waits for any more is given back.
  auto job = [file = which.share(), kind]() -> result<std::optional<file_lock>> {
    auto got = sys::try_lock(file.fd(), kind);
    if (!got) return std::unexpected(got.error());
    if (!*got) return std::nullopt;
    return file_lock(file);
  };
  return internal::named_call(which.path(), std::move(job));
}

namespace {

task<result<file_lock>> locked(file which, lock_kind kind) {
  constexpr auto pause_min = std::chrono::milliseconds(1);
  constexpr auto pause_max = std::chrono::milliseconds(50);
  for (nanoseconds pause = pause_min;; pause = std::min<nanoseconds>(2 * pause, pause_max)) {
    auto got = co_await try_lock(which, kind).result();
    if (!got) co_return std::unexpected(got.error());
    if (*got) co_return std::move(**got);
    auto slept = co_await sleep(pause).result();
    if (!slept) co_return std::unexpected(slept.error());
  }
}

}  // namespace

operation<file_lock> lock(const file& which, lock_kind kind) {
  return {locked(which, kind), which.path()};
}

}  // namespace rouse::fs
