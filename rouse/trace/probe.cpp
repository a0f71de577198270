#include <rouse/trace/probe.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/mutex.hpp>

#include <cstddef>
#include <iterator>
#include <thread>

namespace rouse::trace {
namespace internal {

constinit atomic<bool> on{false};

}  // namespace internal

namespace {

constinit atomic<sink*> current_sink{nullptr};
constinit atomic<long> callers{0};         // threads inside emit() that may still use current_sink
constinit atomic<unsigned> generation{0};  // counts set_sink(): what a thread knew before is stale
constinit mutex exchange_lock;

// What is being polled on this thread, so that a wake can name its cause. Kept only while a sink
// listens; nested polls deeper than the array are not remembered.
class poll_stack {
 public:
  void push(const void* subject) noexcept {
    if (depth_ < std::size(subjects_)) subjects_[depth_] = subject;
    ++depth_;
  }
  void pop(const void* subject) noexcept {
    if (depth_ == 0 || (depth_ <= std::size(subjects_) && subjects_[depth_ - 1] != subject)) return;
    --depth_;
  }
  const void* top() const noexcept {
    return depth_ == 0 || depth_ > std::size(subjects_) ? nullptr : subjects_[depth_ - 1];
  }
  void clear() noexcept { depth_ = 0; }

 private:
  const void* subjects_[8] = {};
  std::size_t depth_ = 0;
};

struct thread_view {
  poll_stack polled;
  unsigned seen_generation = 0;
  bool is_inside_sink = false;
};

constinit thread_local thread_view here;

void track_polls(event what, const void* subject) noexcept {
  if (what == event::poll_begin) here.polled.push(subject);
  if (what == event::poll_end || what == event::complete) here.polled.pop(subject);
}

void deliver(const record& r) noexcept {
  sink* s = current_sink.load(order::acquire);
  if (!s) return;
  if (const unsigned now = generation.load(order::relaxed); here.seen_generation != now) {
    here.seen_generation = now;
    here.polled.clear();
  }
  record full = r;
  const bool names_cause =
      r.what == event::wake || r.what == event::unpark || r.what == event::spawn;
  if (names_cause && !full.other) full.other = here.polled.top();
  if (r.what == event::wait && !full.subject) full.subject = here.polled.top();
  track_polls(r.what, r.subject);
  here.is_inside_sink = true;
  s->on_probe(full);
  here.is_inside_sink = false;
}

}  // namespace

const char* name_of(event what) noexcept {
  switch (what) {
    case event::spawn: return "spawn";
    case event::wake: return "wake";
    case event::poll_begin: return "poll_begin";
    case event::poll_end: return "poll_end";
    case event::complete: return "complete";
    case event::park_begin: return "park_begin";
    case event::park_end: return "park_end";
    case event::unpark: return "unpark";
    case event::wait: return "wait";
  }
  ROUSE_UNREACHABLE();
}

void internal::emit(event what, const void* subject, const void* other, const char* text,
                    std::source_location site) noexcept {
  if (here.is_inside_sink) return;
  callers.fetch_add(1, order::seq_cst);  // seq_cst: before the look at `on`; pairs with set_sink()
  if (on.load(order::seq_cst)) deliver(record{what, subject, other, text, site});
  callers.fetch_sub(1, order::release);  // release: pairs with the acquire in set_sink()
}

void internal::emit(event what, const void* subject, const void* other) noexcept {
  emit(what, subject, other, "", {});
}

sink* set_sink(sink* s) noexcept {
  ROUSE_ASSERT(!here.is_inside_sink);
  const lock_guard lock(exchange_lock);
  // Off first, so that no new caller comes in while the last ones are waited for.
  internal::on.store(false,
                     order::seq_cst);  // seq_cst: before the look at `callers`; pairs with emit()
  while (callers.load(order::seq_cst) != 0)
    std::this_thread::yield();
  sink* former = current_sink.exchange(s, order::acq_rel);
  generation.fetch_add(1, order::relaxed);
  if (s) internal::on.store(true, order::release);
  return former;
}

}  // namespace rouse::trace
