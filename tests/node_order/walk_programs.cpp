// Programs that chance writes, from a seed: walk.js call for call.
#include "program.hpp"

#include <cstdint>
#include <stdexcept>

namespace node_order {

namespace {

class walk {
 public:
  walk(script& s, std::uint32_t seed) : s_(s), state_(seed) {}

  void begin() {
    s_.loop.on_error([this](std::exception_ptr error) { s_.log("caught " + text_of(error)); });
    s_.loop.on_before_exit([this] {
      s_.log("before exit");
      if (revivals_-- > 0 && left_ > 0) set_immediate();
    });
    s_.loop.on_exit([this](int code) { s_.log("exit " + std::to_string(code)); });
    for (int i = 0; i < 4; ++i) {
      set_timer();
      set_immediate();
    }
    s_.pass(3ms);
  }

 private:
  struct timer {
    int id;
    rouse::timer_id handle;
    bool live = true;
    bool cleared = false;
  };
  struct immediate {
    int id;
    rouse::immediate_id handle;
    bool live = true;
  };

  std::uint32_t below(std::uint32_t n) {
    state_ = state_ * 1664525U + 1013904223U;
    return (state_ >> 8) % n;
  }
  template <class T>
  T& any(std::deque<T>& list) {
    return list[below(static_cast<std::uint32_t>(list.size()))];
  }

  void set_timer() {
    timer& t = timers_.emplace_back(timer{.id = ++ids_, .handle = {}});
    t.handle = s_.loop.set_timeout(1ms, [this, &t] {
      t.live = false;
      act("timer " + std::to_string(t.id), false, &t);
    });
  }
  void set_immediate() {
    immediate& i = immediates_.emplace_back(immediate{.id = ++ids_, .handle = {}});
    i.handle = s_.loop.set_immediate([this, &i] {
      i.live = false;
      act("immediate " + std::to_string(i.id), false);
    });
  }
  void queue_tick() {
    s_.loop.next_tick([this, id = ++ids_] { act("tick " + std::to_string(id), true); });
  }
  void queue_microtask() {
    s_.loop.queue_microtask([this, id = ++ids_] {
      const std::string name = "microtask " + std::to_string(id);
      act(name, true);
      if (below(4) == 0) throw std::runtime_error("of " + name);
    });
  }
  template <class T>
  void ref_or_unref(const T& which) {
    const bool on = below(2) == 1;
    if (!which.live) return;
    if (on)
      s_.loop.ref(which.handle);
    else
      s_.loop.unref(which.handle);
  }

  /// One thing; true when time has to pass for it.
  bool step(bool drains, const timer* self) {
    const std::uint32_t choice = below(16);
    if (choice < 4 && !drains) {
      set_timer();
      return true;
    }
    if (choice < 7) {
      set_immediate();
    } else if (choice < 9) {
      queue_tick();
    } else if (choice < 11) {
      queue_microtask();
    } else if (choice == 11 && !timers_.empty()) {
      timer& t = any(timers_);
      s_.loop.clear_timeout(t.handle);
      t.live = false;
      t.cleared = true;
    } else if (choice == 12 && !immediates_.empty()) {
      immediate& i = any(immediates_);
      s_.loop.clear_immediate(i.handle);
      i.live = false;
    } else if (choice == 13 && !timers_.empty() && !drains) {
      timer& t = any(timers_);
      if (!t.live && (&t != self || t.cleared)) return false;
      s_.loop.refresh(t.handle);
      t.live = true;
      return true;
    } else if (choice == 14 && !timers_.empty()) {
      ref_or_unref(any(timers_));
    } else if (choice == 15 && !immediates_.empty()) {
      ref_or_unref(any(immediates_));
    }
    return false;
  }
  void act(const std::string& line, bool drains, const timer* self = nullptr) {
    s_.log(line);
    bool takes_time = false;
    for (std::uint32_t n = below(4); n > 0 && left_ > 0; --n, --left_)
      if (step(drains, self)) takes_time = true;
    if (takes_time) s_.pass(3ms);
  }

  script& s_;
  std::uint32_t state_;
  std::deque<timer> timers_;
  std::deque<immediate> immediates_;
  int left_ = 150;
  int ids_ = 0;
  int revivals_ = 5;
};

template <std::uint32_t Seed>
void begin_walk(script& s) {
  walk_from(Seed, s);
}

}  // namespace

void walk_from(std::uint32_t seed, script& s) { s.keep(std::make_shared<walk>(s, seed))->begin(); }

std::span<const program> walk_programs() {
  static constexpr program all[] = {
      {"walk_1", begin_walk<7919>},  {"walk_2", begin_walk<15838>}, {"walk_3", begin_walk<23757>},
      {"walk_4", begin_walk<31676>}, {"walk_5", begin_walk<39595>}, {"walk_6", begin_walk<47514>},
      {"walk_7", begin_walk<55433>}, {"walk_8", begin_walk<63352>},
  };
  return all;
}

}  // namespace node_order
