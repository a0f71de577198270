// What lies in front of every coroutine frame, and how a chain of frames is polled, cancelled and destroyed.
//
//   [outcome<T>] [task header, raw until spawned] [chain, raw until polled as a root] [frame] [coroutine frame]
//
// A *chain* is a root coroutine and the children it awaits, each owned by an awaiter in its parent. The root remembers the
// leaf that the innermost frame waits for, so that a wake polls that one leaf and resumes that one frame, never the chain.
// Frames hop through the loop in `advance`: as fast as symmetric transfer on clang, and the only safe way on g++ 12, which
// does not tail-call at -O0 and under sanitizers.
#pragma once

#include <rouse/core/frame_memory.hpp>
#include <rouse/core/outcome.hpp>
#include <rouse/core/task_cell.hpp>

#include <coroutine>
#include <cstdint>
#include <source_location>

namespace rouse::internal {

struct frame;

/// What the innermost frame of a chain waits for: an awaiter, polled in place.
struct leaf {
  struct table {
    bool (*poll)(leaf&, context&) noexcept;
    bool (*cancel)(leaf&, context&) noexcept;
    void (*disown)(leaf&) noexcept;
  };
  const table* how;
  frame* waiting;            // the frame to resume
  std::source_location site; // of the co_await
};

/// State of a root; only valid in frames that are polled as one.
struct chain {
  leaf* waits_for;           // null: not started, running, or finished
  frame* hop_to;             // the frame that `advance` resumes next
  context* cx;               // of the poll that runs
};

struct alignas(16) frame {
  enum : std::uint8_t { fresh, started, finished };

  frame* root = nullptr;     // of the chain this frame runs in
  frame* parent = nullptr;   // null in a root
  frame** owner = nullptr;   // the awaiter's pointer in the parent's frame; nulled when this frame goes first
  std::uint32_t bytes = 0;   // of the whole block
  std::uint16_t outcome_bytes = 0;
  std::uint8_t state = fresh;  // of a root
  bool spawned : 1 = false;    // the header is alive and will free the block
  bool borrows : 1 = false;    // from its caller

  [[nodiscard]] std::coroutine_handle<> handle() noexcept { return std::coroutine_handle<>::from_address(this + 1); }
  [[nodiscard]] static frame& of(std::coroutine_handle<> h) noexcept {
    auto* f = static_cast<frame*>(h.address()) - 1;
    // To clang a promise is a local variable until late: what lies in front of it would be out of bounds, its stores dead, and
    // a frame that it elides would have no prefix at all. This hides where `f` comes from (tests/canaries).
    asm("" : "+r"(f));
    return *f;
  }
  [[nodiscard]] chain& as_root() noexcept { return *reinterpret_cast<chain*>(reinterpret_cast<char*>(this) - chain_bytes); }
  [[nodiscard]] void* header_memory() noexcept { return reinterpret_cast<char*>(this) - chain_bytes - header_bytes; }
  [[nodiscard]] void* block() noexcept { return reinterpret_cast<char*>(this) - chain_bytes - header_bytes - outcome_bytes; }

  /// Root: polls the leaf and runs on from there; true when the body has finished.
  bool advance(context& cx) {
    chain& c = as_root();
    c.cx = &cx;
    frame* next = this;
    if (state == started) {
      leaf* waits_for = c.waits_for;
      if (!waits_for->how->poll(*waits_for, cx)) return false;
      next = waits_for->waiting;
    } else {
      ROUSE_ASSERT(state == fresh);
      state = started;
      root = this;
    }
    c.waits_for = nullptr;
    do {
      c.hop_to = nullptr;
      next->handle().resume();
      next = c.hop_to;
    } while (next);
    return state == finished;
  }
  /// Root: true when the leaf has let go of everything outside.
  bool cancel_leaf(context& cx) noexcept {
    if (state != started) return true;
    leaf* waits_for = as_root().waits_for;
    return !waits_for || waits_for->how->cancel(*waits_for, cx);
  }
  void disown_leaf() noexcept {
    if (state != started) return;
    if (leaf* waits_for = as_root().waits_for) waits_for->how->disown(*waits_for);
  }
  /// Root: destroys innermost first, in a loop, since chains are 10^5 deep; no body is resumed.
  void destroy_chain() noexcept {
    frame* f = this;
    if (state == started) {
      leaf* waits_for = as_root().waits_for;
      ROUSE_ASSERT(waits_for != nullptr);  // a chain is not destroyed from inside its own poll
      f = waits_for->waiting;
    }
    for (;;) {
      frame* up = f == this ? nullptr : f->parent;
      if (up) *f->owner = nullptr;  // f's owner lives in up's frame and must not destroy f again
      f->handle().destroy();
      if (!up) return;
      f = up;
    }
  }

  static constexpr std::size_t round_up(std::size_t n) noexcept { return (n + 15) / 16 * 16; }
  static constexpr std::size_t chain_bytes = (sizeof(chain) + 15) / 16 * 16;
  static constexpr std::size_t header_bytes = (sizeof(task_header) + 15) / 16 * 16;
};
static_assert(sizeof(frame) % 16 == 0);

template <class T>
inline constexpr std::size_t outcome_bytes = frame::round_up(sizeof(outcome<T>));
template <class T>
inline constexpr std::size_t prefix_bytes = outcome_bytes<T> + frame::header_bytes + frame::chain_bytes + sizeof(frame);

template <class T>
[[nodiscard]] outcome<T>& outcome_of(frame& f) noexcept {
  static_assert(alignof(outcome<T>) <= 16, "over-aligned results do not fit a coroutine frame");
  return *reinterpret_cast<outcome<T>*>(reinterpret_cast<char*>(&f) - (prefix_bytes<T> - sizeof(frame)));
}

/// The header that a spawned coroutine carries in its prefix.
template <class T>
class frame_task final : public task_header {
 public:
  frame_task(frame& f, worker& w) noexcept : task_header(how, w) { f.spawned = true; }

 private:
  static frame& frame_of(task_header& t) noexcept {
    auto* f = reinterpret_cast<frame*>(reinterpret_cast<char*>(&t) + frame::header_bytes + frame::chain_bytes);
    asm("" : "+r"(f));
    return *f;
  }
  static constexpr task_table how{
      [](task_header& t, context& cx) noexcept { return frame_of(t).advance(cx); },
      [](task_header& t, context& cx) noexcept { return frame_of(t).cancel_leaf(cx); },
      [](task_header& t) noexcept { frame_of(t).destroy_chain(); },
      [](task_header& t) noexcept {
        frame& f = frame_of(t);
        void* block = f.block();
        const std::size_t bytes = f.bytes;
        outcome_of<T>(f).~outcome<T>();
        static_cast<frame_task&>(t).~frame_task();
        free_frame(block, bytes);
      },
      [](task_header& t, const error& e) noexcept {
        outcome<T>& o = outcome_of<T>(frame_of(t));
        if (!o.is_set()) o.set_error(e);
      },
      [](task_header& t) noexcept { return outcome_of<T>(frame_of(t)).take_exception(); },
  };
};

}  // namespace rouse::internal
