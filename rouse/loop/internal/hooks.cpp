#include <rouse/loop/internal/hooks.hpp>

namespace rouse::internal {

hook_id hooks::add(loop_phase phase, callback<void()>&& f) {
  hook& h = table_.emplace(std::move(f), phase);
  list<hook>& all = in(phase);
  (round_ == &all ? added_ : all).push_back(h);
  ++alive_.refs;
  return {{table_.index_of(h), table_.serial_of(h)}};
}

bool hooks::remove(hook_id id) noexcept {
  hook* h = find(id);
  if (!h) return false;
  if (h == running_)
    h->is_removed = true;
  else
    erase(*h);
  return true;
}

bool hooks::set_ref(hook_id id, bool refd) noexcept {
  hook* h = find(id);
  if (!h) return false;
  if (h->is_refd != refd) alive_.refs += refd ? 1 : -1UL;
  h->is_refd = refd;
  return true;
}

void hooks::run(loop_phase phase) noexcept {
  round_ = &in(phase);
  runner_.call_each(phase, [this, phase] {
    running_ = running_ ? leave(*running_) : round_->front();
    if (running_ && trace_.is_on()) [[unlikely]]
      trace_.callback(phase, "hook");
    return running_ ? &running_->f : nullptr;
  });
  if (hook* last = std::exchange(running_, nullptr)) leave(*last);  // the loop was interrupted
  std::exchange(round_, nullptr)->splice_back(added_);
}

hook* hooks::leave_removed(hook& ran) noexcept {
  ran.f.reset();  // may remove others, so before the next is known
  hook* const next = round_->next(ran);
  erase(ran);
  return next;
}

void hooks::erase(hook& h) noexcept {
  h.unlink();
  if (h.is_refd) --alive_.refs;
  table_.erase(h);
}

void hooks::clear() noexcept {
  for (list<hook>* all : {&idle_, &prepare_, &check_}) {
    while (hook* h = all->front())
      erase(*h);
  }
}

}  // namespace rouse::internal
