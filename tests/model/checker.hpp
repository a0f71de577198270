// What the doors and the models see of the checker; checker.cpp alone knows relacy.
//
// The shipped sources are compiled as they are, with two changes from outside: doors/ stands in
// front of the include path, so that every atomic, lock, condition and thread of the house becomes
// the checker's; and the compiler marks every plain access as it does for the thread sanitizer, but
// the marks end in access.cpp, which looks for races by the checker's clocks. So a model needs no
// copy of the code and no annotation, and neither does the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace rouse {
enum class order : int;
}

namespace rouse::model {

/// Where in the source an operation stands; made by default arguments of the doors.
struct place {
  const char* file;
  const char* function;
  unsigned line;
  static constexpr place here(const char* file = __builtin_FILE(),
                              const char* function = __builtin_FUNCTION(),
                              unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
};

// ---- for the models

/// One small world: made, run by its threads in some interleaving, looked at, destroyed; again and
/// again.
class scenario {
 public:
  virtual ~scenario() = default;
  virtual void thread(unsigned index) = 0;
  /// After all threads have ended. Then the scenario is destroyed, and nothing may be left.
  virtual void after() {}
};

/// A mutation of the code that the model does not notice, and why that is right.
struct survivor {
  const char* mutation;  ///< as it is printed: "thread_park.cpp interrupt notify_one lost"
  const char* why;
};

using make_scenario = std::unique_ptr<scenario> (*)();

struct model_options {
  unsigned threads = 2;     ///< 2 or 3
  unsigned starts = 2;      ///< that an execution may start itself: 2, or 5 beside 2
  long executions = 20000;  ///< of the random search, each with its own seed
  /// A world of two threads with so few steps that every interleaving is searched, or every one
  /// with so many preemptions at most (0: all).
  make_scenario small = nullptr;
  unsigned small_preemptions = 0;
  std::span<const char* const> mutated = {};  ///< "FILE" or "FILE FUNCTION" whose steps are mutated
  std::span<const survivor> survivors = {};
};

/// The main of each model; see README.md for the arguments.
int run(int argc, char** argv, const char* name, make_scenario make, const model_options& options);

/// A number below `limit`, every one in some execution.
[[nodiscard]] unsigned choose(unsigned limit) noexcept;
/// Ends the execution as a failure.
[[noreturn]] void fail(const char* why, place at = place::here()) noexcept;
inline void expect(bool holds, const char* what, place at = place::here()) noexcept {
  if (!holds) fail(what, at);
}

/// A count that the model alone knows: it orders nothing, and no thread sees it stale.
class tally {
 public:
  void add() noexcept;
  [[nodiscard]] unsigned value() const noexcept;

 private:
  unsigned value_ = 0;
};

// ---- for the doors; cells are null outside of executions

void* make_atomic(std::uint64_t initial) noexcept;
void drop_atomic(void* cell) noexcept;
std::uint64_t load(void* cell, order o, place at) noexcept;
void store(void* cell, std::uint64_t value, order o, place at) noexcept;
enum class change : unsigned char { exchange, add, sub, bit_or, bit_and };
std::uint64_t modify(void* cell, change how, std::uint64_t operand, order o, place at) noexcept;
bool compare_exchange(void* cell, std::uint64_t& expected, std::uint64_t desired, bool is_weak,
                      order o, place at) noexcept;

void* make_mutex() noexcept;
void drop_mutex(void* cell) noexcept;
void lock(void* cell, place at) noexcept;
void unlock(void* cell, place at) noexcept;

void* make_condition() noexcept;
void drop_condition(void* cell) noexcept;
void wait(void* cell, void* mutex, place at) noexcept;
/// False when the time is over; then the clock has moved to its end.
bool wait_for(void* cell, void* mutex, std::int64_t nanoseconds, place at) noexcept;
void notify(void* cell, bool all, place at) noexcept;

/// Null: no more threads.
void* start_thread(void* (*entry)(void*), void* argument) noexcept;
void join_thread(void* handle, place at) noexcept;

/// For the bugs of bugs/: true while this one is planted.
bool planted(const char* bug, place at = place::here()) noexcept;

// ---- for the checker's own files

/// True while code of a scenario runs, and not the checker.
extern bool is_inside;
/// A number for each execution, never 0.
extern unsigned execution;

// heap.cpp: memory of scenarios, never used twice in one execution.
void forget_heap() noexcept;
[[nodiscard]] std::size_t live_blocks() noexcept;
enum class memory_state : unsigned char { elsewhere, live, freed };
[[nodiscard]] memory_state state_of(const void* address) noexcept;

// clock.cpp: the time of a scenario, which passes when a wait runs out.
void reset_clock() noexcept;
[[nodiscard]] std::int64_t read_clock() noexcept;
void advance_clock(std::int64_t to) noexcept;

// access.cpp -> checker.cpp: a plain access is about to happen.
void on_access(const void* address, bool is_write, const void* code) noexcept;
// heap.cpp -> checker.cpp: a block is about to go, which is a write to all of it.
void on_free(const void* begin, std::size_t bytes, const void* code) noexcept;

// descriptors.cpp: a scenario's, numbered from the first on; each must be closed.
inline constexpr int first_descriptor = 100;
void reset_descriptors() noexcept;
[[nodiscard]] int open_descriptors() noexcept;

}  // namespace rouse::model
