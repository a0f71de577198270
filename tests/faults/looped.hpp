// Programs in callbacks, on a phased loop: what of it the faults are to break.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/loop/loop.hpp>

#include <tests/faults/scenario.hpp>

#include <string>
#include <string_view>

namespace faults {

/// A kind of callback of which each that is due must come exactly once.
class due_calls {
 public:
  explicit due_calls(const char* name) noexcept : name_(name) {}
  [[nodiscard]] const char* name() const noexcept { return name_; }
  /// One more is to come.
  void expect() noexcept { ++open_; }
  /// It was refused where it was asked for.
  void waive() noexcept { --open_; }
  void came(outcome& out) noexcept {
    if (open_-- == 0) out.note_wrong(name_, "called again, or unasked");
  }
  void settle(outcome& out) const noexcept {
    if (open_ > 0) out.note_wrong(name_, "never called");
  }

 private:
  const char* name_;
  int open_ = 0;
};

/// What a program is given.
struct looped_site {
  rouse::reactor_kind on;
  std::string_view text;  // to be moved about
  std::string folder;     // is not there yet, and is removed afterwards
};

class looped_program {
 public:
  looped_program(const looped_site& at, outcome& out) : site(at), out(out) {}
  looped_program(const looped_program&) = delete;
  looped_program& operator=(const looped_program&) = delete;

  /// Runs it on a loop of its own to the end: again after each exception that leaves the loop.
  void run();

 protected:
  ~looped_program() = default;
  virtual void begin() = 0;
  /// Something has failed: what keeps the loop alive is let go, without memory.
  virtual void let_go() noexcept = 0;
  /// The loop has come to its end: whatever was due has come.
  virtual void settle() noexcept = 0;

  /// Has `registering()` ask for a call of this kind; what that throws is as if it had failed.
  /// Nothing when the program is to end.
  template <class F>
  void ask(due_calls& calls, F registering) noexcept {
    if (is_over_) return;
    calls.expect();
    try {
      registering();
    } catch (...) {
      calls.waive();
      out.note_failure(calls.name(), std::current_exception());
      give_up();
    }
  }
  /// A call has come with this; false: the program ends.
  template <class T>
  [[nodiscard]] bool came(due_calls& calls, const rouse::result<T>& with) noexcept {
    calls.came(out);
    if (!with) fail(calls.name(), with.error());
    return !is_over_;
  }
  void fail(const char* who, const rouse::error& why) noexcept {
    out.note_failure(who, why);
    give_up();
  }
  void give_up() noexcept {
    is_over_ = true;
    let_go();
  }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  [[nodiscard]] rouse::loop& on() const noexcept { return *loop_; }

  const looped_site& site;
  outcome& out;

 private:
  rouse::loop* loop_ = nullptr;
  bool is_over_ = false;
};

void run_loop_sockets(const looped_site& at, outcome& out);
void run_loop_files(const looped_site& at, outcome& out);
void run_loop_watch(const looped_site& at, outcome& out);
void run_loop_http(const looped_site& at, outcome& out);
void run_loop_children(const looped_site& at, outcome& out);
void run_loop_queues(const looped_site& at, outcome& out);
extern const bool has_crypto;
void run_loop_crypto(const looped_site& at, outcome& out);

}  // namespace faults
