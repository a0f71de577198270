#include <rouse/loop/internal/immediates.hpp>

namespace rouse::internal {

immediate_id immediates::set(callback<void()>&& f, std::source_location site) {
  const std::uint64_t number = queue_.emplace(std::move(f), site);
  ++alive_.refs;
  ++refd_;
  return {number + 1};
}

bool immediates::clear(immediate_id id) noexcept {
  immediate* i = find(id);
  if (!i) return false;
  if (i->is_refd) unref();
  i->is_refd = false;
  ++cleared_;
  const callback<void()> dies = std::move(i->f);  // outside the queue, which its destructor may use
  if (size() == 0) forget_cleared();
  return true;
}

/// All are: a loop that has nothing else to do comes to no check phase.
void immediates::forget_cleared() noexcept {
  for (; cleared_ != 0; --cleared_)
    (void)queue_.leave_front();
  queue_.trim();
}

bool immediates::set_ref(immediate_id id, bool refd) noexcept {
  immediate* i = find(id);
  if (!i) return false;
  if (i->is_refd && !refd) unref();
  if (!i->is_refd && refd) {
    ++alive_.refs;
    ++refd_;
  }
  i->is_refd = refd;
  return true;
}

void immediates::run(unsigned most) noexcept {
  const std::uint64_t end = queue_.tail();
  bool is_refd = false;  // the one that is called: counts until it has returned
  runner_.call_each<true>(loop_phase::check, [&]() -> callback<void()>* {
    if (std::exchange(is_refd, false)) unref();
    while (most != 0 && queue_.head() < end) {
      immediate& i = queue_.leave_front();
      if (!i.f) {
        --cleared_;
        continue;
      }
      --most;
      is_refd = i.is_refd;
      if (trace_.is_on()) [[unlikely]]
        trace_.callback(loop_phase::check, "immediate", &i.site);
      return &i.f;
    }
    return nullptr;
  });
  if (is_refd) unref();  // the loop was interrupted
  queue_.trim();
}

}  // namespace rouse::internal
