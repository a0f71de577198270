// What lies in front of every coroutine frame, and how a chain of frames is polled, cancelled and
// destroyed.
//
//   [outcome<T>] [task header, raw until spawned] [frame] [coroutine frame]
//
// A *chain* is a root coroutine and the children it awaits, each owned by an awaiter in its parent.
// The root remembers the leaf that the innermost frame waits for, so that a wake polls that one
// leaf and resumes that one frame, never the chain. The first frames of a chain begin inside the
// await of the frame above, which goes on there when they have ended at once; deeper ones, and
// those that have waited, hop through the loop in `advance`: as fast as symmetric transfer on
// clang, and the only safe way on g++ 12, which does not tail-call at -O0 and under sanitizers.
// After 128 awaits in one poll, of children and of leaves that were ready at once, the task gives
// way and goes on in its next poll.
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
  frame* waiting;             // the frame to resume
  std::source_location site;  // of the co_await
};

static_assert(alignof(leaf) == 8);  // a leaf's address leaves three bits free, a frame's four

struct alignas(16) frame {
  frame* root = this;  // of the chain this frame runs in
  // A root has neither parent nor owner, and nobody asks a child how its chain goes on.
  union {
    std::uintptr_t step;  // of a root
    frame* parent;
  };
  union {
    context* cx;    // of a root: of the poll that runs; not set before the first
    frame** owner;  // the awaiter's pointer in the parent's frame; nulled when this one goes first
  };
  const std::uint32_t bytes;  // of the whole block
  std::uint8_t level = 0;     // below the root, as far as frames nest
  bool spawned = false;       // the header is alive and will free the block
  bool borrows = false;       // from its caller

  // So many levels of a chain may stand on the native stack: few, since a processor predicts some
  // 16 returns and is slower than the loop beyond.
  static constexpr std::uint8_t nested_max = 8;

  // How a chain goes on, one word: a pointer with at most one tag. Without one: the next poll
  // resumes that frame.
  static constexpr std::uintptr_t leaf_tag = 1;     // the next poll polls that leaf
  static constexpr std::uintptr_t later_tag = 2;    // the body gave way; else as without
  static constexpr std::uintptr_t running_tag = 4;  // a body runs; then that frame, at once
  static constexpr std::uintptr_t finished = 12;    // all there is: neither leaf nor frame
  static std::uintptr_t goes_on_in(frame& f) noexcept {
    return reinterpret_cast<std::uintptr_t>(&f);
  }

  explicit frame(std::size_t block_bytes) noexcept
      : step(goes_on_in(*this)), bytes(static_cast<std::uint32_t>(block_bytes)) {}

  [[nodiscard]] std::coroutine_handle<> handle() noexcept {
    return std::coroutine_handle<>::from_address(this + 1);
  }
  [[nodiscard]] static frame& of(std::coroutine_handle<> h) noexcept {
    auto* f = static_cast<frame*>(h.address()) - 1;
    // To clang a promise is a local variable until late: what lies in front of it would be out of
    // bounds, its stores dead, and a frame that it elides would have no prefix at all. This hides
    // where `f` comes from (tests/canaries).
    asm("" : "+r"(f));
    return *f;
  }
  [[nodiscard]] void* header_memory() noexcept {
    return reinterpret_cast<char*>(this) - header_bytes;
  }

  // ---- What a running body tells its root.
  void wait_for(leaf& l) noexcept { step = reinterpret_cast<std::uintptr_t>(&l) | leaf_tag; }
  void hop_to(frame& next) noexcept { step = goes_on_in(next) | running_tag; }
  void finish() noexcept { step = finished; }
  void give_way_in(frame& f) noexcept {
    step = goes_on_in(f) | later_tag;
    cx->wake();
  }

  /// Root: polls the leaf and runs on from there; true when the body has finished.
  [[gnu::always_inline]] bool advance(context& with) {
    ROUSE_ASSERT(can_go_on());
    std::uintptr_t s = step;
    cx = &with;
    frame* next;
    if (s & leaf_tag) [[likely]] {
      leaf& l = *leaf_at(s - leaf_tag);
      next = l.waiting;
      if (!l.how->poll(l, with)) return false;
    } else {
      next = frame_at(s & ~later_tag);
    }
    step = running_tag;
    for (;;) {
      next->handle().resume();
      s = step;
      if (s & (leaf_tag | later_tag | (finished & ~running_tag))) return s == finished;
      next = frame_at(s - running_tag);
      if (!cx->may_hop()) [[unlikely]]
        return give_way_in(*next), false;
    }
  }
  /// Root: neither ended nor inside its own poll.
  [[nodiscard]] bool can_go_on() const noexcept {
    static_assert(finished & running_tag);
    return (step & running_tag) == 0;
  }
  /// A body that throws though it does not run: a local's destructor did.
  [[nodiscard]] bool is_being_destroyed() const noexcept { return (root->step & running_tag) == 0; }
  /// Root: reports the exception that is handled, with the task's name, and terminates.
  [[noreturn, gnu::cold]] void end_by_destructor() noexcept;
  /// Root: true when the leaf has let go of everything outside.
  bool cancel_leaf(context& with) noexcept {
    leaf* l = waits_for();
    return !l || l->how->cancel(*l, with);
  }
  void disown_leaf() noexcept {
    if (leaf* l = waits_for()) l->how->disown(*l);
  }
  /// Root: destroys innermost first, in a loop, since chains are 10^5 deep; no body is resumed.
  /// A destructor that throws ends the process.
  void destroy_chain() {
    if (step == finished || step == goes_on_in(*this)) [[likely]]
      handle().destroy();
    else
      destroy_begun_chain();
  }
  /// A root becomes a child: its frames join the chain of `above`, whose body waits for it.
  /// One that was not begun is run here, a few levels deep; false when it has ended too, and the
  /// body goes on.
  [[gnu::always_inline]] bool join_chain(frame& above, frame** owned_by) noexcept {
    if (step != goes_on_in(*this)) [[unlikely]]
      return join_begun_chain(above, owned_by), true;
    frame& chain = *above.root;
    root = &chain;
    parent = &above;
    owner = owned_by;
    level = above.level;
    if (level == nested_max || !chain.cx->may_hop()) [[unlikely]]
      return chain.hop_to(*this), true;
    ++level;
    handle().resume();
    return chain.step != (goes_on_in(above) | running_tag);
  }

  static constexpr std::size_t round_up(std::size_t n) noexcept { return (n + 15) / 16 * 16; }
  static constexpr std::size_t header_bytes = sizeof(task_header);

 private:
  static frame* frame_at(std::uintptr_t word) noexcept {
    return reinterpret_cast<frame*>(word);  // NOLINT(performance-no-int-to-ptr): that is the point
  }
  static leaf* leaf_at(std::uintptr_t word) noexcept {
    return reinterpret_cast<leaf*>(word);  // NOLINT(performance-no-int-to-ptr)
  }
  void destroy_begun_chain();
  void join_begun_chain(frame& above, frame** owned_by) noexcept;
  [[nodiscard]] leaf* waits_for() const noexcept {
    return (step & leaf_tag) ? leaf_at(step - leaf_tag) : nullptr;
  }
  [[nodiscard]] frame* to_resume() const noexcept {
    leaf* l = waits_for();
    return l ? l->waiting : frame_at(step & ~later_tag);
  }
};
static_assert(sizeof(frame) == 32);

// The outcome's place is rounded up so that frame and coroutine frame are 16-aligned; the header
// lies where it comes to lie.
template <class T>
inline constexpr std::size_t outcome_bytes =
    frame::round_up(sizeof(outcome<T>) + frame::header_bytes) - frame::header_bytes;
template <class T>
inline constexpr std::size_t prefix_bytes = outcome_bytes<T> + frame::header_bytes + sizeof(frame);

template <class T>
[[nodiscard]] outcome<T>& outcome_of(frame& f) noexcept {
  static_assert(alignof(outcome<T>) <= frame_alignment,
                "over-aligned results do not fit a coroutine frame");
  static_assert(sizeof(outcome<T>) <= 0xffff, "a result of 64 KiB or more belongs on the heap");
  return *reinterpret_cast<outcome<T>*>(reinterpret_cast<char*>(&f) -
                                        (prefix_bytes<T> - sizeof(frame)));
}

template <class T>
[[gnu::cold, gnu::noinline]] void free_failed(frame& f, std::size_t bytes) noexcept {
  outcome_of<T>(f).~outcome<T>();
  free_frame(&outcome_of<T>(f), bytes);
}
/// Gives the whole block back, of `bytes`, with the outcome in it. What lies between outcome and
/// coroutine needs no destructor; a header has left its list.
template <class T>
void free_outcome(frame& f, std::size_t bytes) noexcept {
  outcome<T>& o = outcome_of<T>(f);
  if (o.has_exception()) [[unlikely]]
    return free_failed<T>(f, bytes);  // out of the way, where it needs no register to be saved
  o.~outcome<T>();
  free_frame(&o, bytes);
}

/// The header that a spawned coroutine carries in its prefix.
template <class T>
class frame_task final : public task_header {
 public:
  frame_task(frame& f, worker& w) noexcept : task_header(how, w) { f.spawned = true; }

 private:
  static frame& frame_of(task_header& t) noexcept {
    auto* f = reinterpret_cast<frame*>(reinterpret_cast<char*>(&t) + frame::header_bytes);
    asm("" : "+r"(f));
    return *f;
  }
  // No lambda: from a long one clang makes two functions.
  static bool poll(task_header& t, context& cx) noexcept {
    frame& f = frame_of(t);
    if (!f.advance(cx)) return false;
    try {
      f.handle().destroy();
    } catch (...) {
      f.end_by_destructor();
    }
    return true;
  }
  static constexpr task_table how{
      task_wakes,
      poll,
      [](task_header& t, context& cx) noexcept { return frame_of(t).cancel_leaf(cx); },
      [](task_header& t) noexcept {
        try {
          frame_of(t).destroy_chain();
        } catch (...) {
          frame_of(t).end_by_destructor();
        }
      },
      [](task_header& t) noexcept { free_outcome<T>(frame_of(t), frame_of(t).bytes); },
      [](task_header& t, const error& e) noexcept {
        outcome<T>& o = outcome_of<T>(frame_of(t));
        if (!o.is_set()) o.set_error(e);
      },
      [](task_header& t) noexcept { return outcome_of<T>(frame_of(t)).take_exception(); },
  };
};

}  // namespace rouse::internal
