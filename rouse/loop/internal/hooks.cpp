#include <rouse/loop/internal/hooks.hpp>

namespace rouse::internal {

hook_id hooks::add(loop_phase phase, callback<void()>&& f) {
  hook& h = table_.emplace(std::move(f), phase, round_);
  in(phase).push_back(h);
  ++alive_.refs;
  return {{table_.index_of(h), table_.serial_of(h)}};
}

bool hooks::remove(hook_id id) noexcept {
  hook* h = find(id);
  if (!h) return false;
  if (h->is_running)
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
  list<hook>& all = in(phase);
  ++round_;
  for (hook* h = all.front(); h && h->added_in != round_; h = next_) {
    if (runner_.is_interrupted()) break;
    next_ = all.next(*h);
    if (trace_.is_on()) [[unlikely]]
      trace_.callback(phase, "hook");
    h->is_running = true;
    runner_.call(phase, h->f);
    h->is_running = false;
    if (h->is_removed) erase(*h);
  }
  next_ = nullptr;
}

void hooks::erase(hook& h) noexcept {
  if (next_ == &h) next_ = in(h.phase).next(h);
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
