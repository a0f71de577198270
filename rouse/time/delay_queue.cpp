#include <rouse/time/delay_queue.hpp>

namespace rouse {

delay_queue_base::key delay_queue_base::key_of(const slot& s) noexcept {
  key k;
  k.index = s.index;
  k.generation = s.generation;
  return k;
}

delay_queue_base::key delay_queue_base::insert(slot& s, instant at) noexcept {
  wheel_.insert(s, at);
  deadline_changed();
  return key_of(s);
}

void delay_queue_base::move(slot& s, instant at) noexcept {
  if (s.is_pending()) wheel_.remove(s);
  wheel_.insert(s, at);
  deadline_changed();
}

void delay_queue_base::take_out(slot& s) noexcept {
  wheel_.remove(s);
  deadline_changed();
}

void delay_queue_base::recycle(slot& s) noexcept {
  ++s.generation;
  s.next_free = free_;
  free_ = &s;
}

void delay_queue_base::all_gone() noexcept { deadline_changed(); }

/// Moves the wait of a task along. One that sees the queue empty is woken at once, to learn that.
void delay_queue_base::deadline_changed() noexcept {
  if (!waits_) return;
  const instant at = wheel_.is_empty() ? sleep_operation::now() : wheel_.next_deadline();
  if (at != timer_.deadline()) timer_.reset(at);
}

poll_result<result<delay_queue_base::slot*>> delay_queue_base::poll_due(context& cx) noexcept {
  waits_ = false;
  for (;;) {
    if (wheel_.is_empty()) return result<slot*>(nullptr);
    const instant at = sleep_operation::now();
    if (wheel_.next_deadline() <= at) {
      if (!cx.spend()) return pending;
      // A round that is over gives null once; the next one has the entry.
      for (int rounds = 0; rounds < 2; ++rounds)
        if (auto* s = static_cast<slot*>(wheel_.pop_due(at))) return result<slot*>(s);
    }
    if (timer_.deadline() != wheel_.next_deadline() || timer_.is_elapsed())
      timer_.reset(wheel_.next_deadline());
    auto answer = timer_.poll(cx);
    if (!answer.is_ready()) {
      waits_ = true;
      return pending;
    }
    if (auto fired = answer.take(); !fired) {
      timer_.reset(wheel_.next_deadline());
      return std::unexpected(error("delay queue", fired.error().code));
    }
  }
}

}  // namespace rouse
