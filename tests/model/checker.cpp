// The checker: relacy's searches over one scenario, and the mutations that prove it sees something.
// The one file that includes relacy, which takes `new`, `delete`, `free` and `errno` for itself.
#include <rouse/base/atomic.hpp>
#include <rouse/base/log.hpp>

#include <tests/model/checker.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <link.h>
#include <signal.h>

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno

namespace rouse::model {

bool is_inside = false;
unsigned execution = 0;

namespace {

constexpr unsigned threads_max = 7;  // those of a scenario, and those it starts
constexpr unsigned starts_max = 5;   // of model_options::starts

unsigned this_thread() noexcept { return static_cast<unsigned>(rl::ctx().threadx_->index_); }
rl::debug_info info_of(const place& at) { return {at.function, at.file, at.line}; }

// ---- thread-local variables: relacy's threads share one real thread, so the program's whole block
// of them is exchanged when another one goes on.

class local_storage {
 public:
  local_storage() { dl_iterate_phdr(&find, this); }
  void reset(unsigned thread) noexcept {
    for (auto& image : images_)
      image = pristine_;
    owner_ = thread;
    std::copy(pristine_.begin(), pristine_.end(), live_);
  }
  void switch_to(unsigned thread) noexcept {
    if (thread == owner_) return;
    std::copy_n(live_, pristine_.size(), images_[owner_].begin());
    std::copy(images_[thread].begin(), images_[thread].end(), live_);
    owner_ = thread;
  }
  [[nodiscard]] bool holds(const void* address) const noexcept {
    return address >= live_ && address < live_ + pristine_.size();
  }

 private:
  static int find(dl_phdr_info* program, std::size_t, void* self) {
    auto& s = *static_cast<local_storage*>(self);
    for (unsigned i = 0; i < program->dlpi_phnum; ++i) {
      if (program->dlpi_phdr[i].p_type != PT_TLS) continue;
      s.live_ = static_cast<char*>(program->dlpi_tls_data);
      s.pristine_.assign(s.live_, s.live_ + program->dlpi_phdr[i].p_memsz);
    }
    return 1;  // the first one is the program itself
  }

  char* live_ = nullptr;
  std::vector<char> pristine_;
  std::array<std::vector<char>, threads_max> images_;
  unsigned owner_ = 0;
};

local_storage* locals = nullptr;

// A search with few preemptions must not follow a spin for ever: a thread that comes to one place
// for the third time within its latest dozen steps gives way, which counts for none.
class spin_guard {
 public:
  void reset() noexcept { *this = {}; }
  bool is_spinning(unsigned thread, const place& at) noexcept {
    auto& mine = latest_[thread];
    const auto same = [&](const place& p) { return p.file == at.file && p.line == at.line; };
    const bool again = std::count_if(mine.begin(), mine.end(), same) >= 2;
    if (again) mine.fill(place{"", "", 0});
    mine[next_[thread]++ % mine.size()] = at;
    return again;
  }

 private:
  std::array<std::array<place, 12>, threads_max> latest_{};
  std::array<unsigned, threads_max> next_{};
};
spin_guard spins;
bool gives_way_when_spinning = false;

/// Code of the checker, called from a scenario: relacy may let others run meanwhile.
class outside {
 public:
  outside() noexcept { is_inside = false; }
  outside(const outside&) = delete;
  outside& operator=(const outside&) = delete;
  ~outside() {
    locals->switch_to(this_thread());
    is_inside = true;
  }
};
/// And back: code of a scenario, called from the checker.
class inside {
 public:
  inside() noexcept {
    locals->switch_to(this_thread());
    is_inside = true;
  }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  ~inside() { is_inside = false; }
};

// ---- failures

std::string failure;  // why the latest execution failed, when we and not relacy say so

[[noreturn]] void end_execution(const char* why, rl::test_result_e kind, const place& at) noexcept {
  is_inside = false;
  failure = why;
  rl::ctx().fail_test(failure.c_str(), kind, info_of(at));
  std::abort();  // not reached: the fiber is never resumed
}

// A mutation may send the code anywhere: a crash ends its execution like any other fault.
void on_crash(int number) {
  if (!is_inside) {
    ::signal(number, SIG_DFL);
    return;  // and crash again
  }
  end_execution("crashed", rl::test_result_user_assert_failed, {"", "", 0});
}

void catch_crashes() {
  static std::array<char, 65536> stack;
  stack_t own{};
  own.ss_sp = stack.data();
  own.ss_size = stack.size();
  sigaltstack(&own, nullptr);
  struct sigaction action{};
  action.sa_handler = &on_crash;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;  // it is left by a jump
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

// ---- plain accesses: a vector clock per address, compared with those of relacy's threads

struct shadow {
  const void* address = nullptr;
  unsigned execution = 0;
  unsigned writer = 0;
  rl::timestamp_t written = 0;
  std::array<rl::timestamp_t, threads_max> read{};
};

constexpr std::size_t shadows = 1 << 13;
std::array<shadow, shadows> shadow_table;
std::vector<shadow*> shadows_used;  // in this execution

shadow& shadow_of(const void* address) noexcept {
  std::size_t at = reinterpret_cast<std::uintptr_t>(address) * 0x9E3779B97F4A7C15u >> 51;
  for (std::size_t probes = 0; probes < shadows; ++probes, at = (at + 1) % shadows) {
    shadow& s = shadow_table[at];
    if (s.execution == execution && s.address == address) return s;
    if (s.execution == execution) continue;
    s = shadow{.address = address, .execution = execution};
    shadows_used.push_back(&s);
    return s;
  }
  std::fputs("a scenario touches more memory than checker.cpp can follow\n", stderr);
  std::abort();
}

place last_step{"", "", 0};  // the latest step at a door, to say where a race was found

/// False: a race with an access of another thread.
bool note_access(shadow& s, bool is_write) noexcept {
  rl::thread_info_base& me = *rl::ctx().threadx_;
  const unsigned self = this_thread();
  const unsigned count = static_cast<unsigned>(rl::ctx().get_thread_count());
  if (s.writer != self && me.acq_rel_order_[s.writer] < s.written) return false;
  for (unsigned other = 0; is_write && other < count; ++other)
    if (other != self && me.acq_rel_order_[other] < s.read[other]) return false;
  me.own_acq_rel_order_ += 1;
  if (is_write) {
    s.writer = self;
    s.written = me.own_acq_rel_order_;
  } else {
    s.read[self] = me.own_acq_rel_order_;
  }
  return true;
}

std::string_view base_name(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);
}

[[noreturn]] void report_access(const char* what, const char* how, const void* code,
                                rl::test_result_e kind) noexcept {
  char text[160];
  std::snprintf(text, sizeof(text), "%s by the %s at %p, after %s:%u", what, how, code,
                base_name(last_step.file).data(), last_step.line);
  end_execution(text, kind, last_step);
}

// ---- mutations

enum class effect : unsigned char { no_acquire, no_release, no_compare, not_atomic, lost, text };

const char* text_of(effect e) noexcept {
  switch (e) {
    case effect::no_acquire: return "without acquire";
    case effect::no_release: return "without release";
    case effect::no_compare: return "without comparing";
    case effect::not_atomic: return "in two steps";
    case effect::lost: return "lost";
    case effect::text: return "(in the text)";
  }
  return "";
}

struct mutation {
  place at;
  const char* operation;
  effect what;

  friend bool operator==(const mutation& a, const mutation& b) noexcept {
    return a.at.line == b.at.line && a.what == b.what &&
           std::strcmp(a.operation, b.operation) == 0 && std::strcmp(a.at.file, b.at.file) == 0;
  }
  [[nodiscard]] std::string text() const {
    return std::string(base_name(at.file)) + " " + at.function + " " + operation + " " +
           text_of(what);
  }
};

std::vector<mutation> known;  // every mutation of the steps that were seen, while it is searched
std::span<const char* const> mutated;  // of the model's options
bool is_listing = false;               // adding to `known`
const mutation* active = nullptr;      // the one planted

void list(const mutation& m) {
  if (std::find(known.begin(), known.end(), m) != known.end()) return;
  const std::string file(base_name(m.at.file));
  for (const std::string_view wanted : mutated)
    if (wanted == file || wanted == file + " " + m.at.function) return known.push_back(m);
}

bool is_planted(const place& at, const char* operation, effect what) noexcept {
  const mutation m{at, operation, what};
  if (is_listing) list(m);
  return active && *active == m;
}

rl::memory_order order_of(order o, const place& at, const char* operation) noexcept {
  bool acquires = o == order::acquire || o == order::acq_rel;
  bool releases = o == order::release || o == order::acq_rel;
  if (o == order::seq_cst) return rl::mo_seq_cst;
  if (acquires && is_planted(at, operation, effect::no_acquire)) acquires = false;
  if (releases && is_planted(at, operation, effect::no_release)) releases = false;
  if (acquires) return releases ? rl::mo_acq_rel : rl::mo_acquire;
  return releases ? rl::mo_release : rl::mo_relaxed;
}
rl::memory_order load_half(rl::memory_order mo) noexcept {
  return mo == rl::mo_acq_rel || mo == rl::mo_acquire ? rl::mo_acquire : rl::mo_relaxed;
}
rl::memory_order store_half(rl::memory_order mo) noexcept {
  return mo == rl::mo_acq_rel || mo == rl::mo_release ? rl::mo_release : rl::mo_relaxed;
}

// ---- what relacy is given

/// relacy brings an operator new of its own, inline, which must leave memory to heap.cpp and
/// malloc.
struct relacy_memory : rl::context {
  static void leave() noexcept { rl::ctx().*(&relacy_memory::disable_alloc_) = 1; }
};

using word = rl::atomic<std::uint64_t>;
word& word_of(void* cell) noexcept { return *static_cast<word*>(cell); }
rl::mutex& mutex_of(void* cell) noexcept { return *static_cast<rl::mutex*>(cell); }
rl::condition_variable& condition_of(void* cell) noexcept {
  return *static_cast<rl::condition_variable*>(cell);
}

make_scenario make = nullptr;
unsigned started = 0;      // threads that this execution's scenario has started
unsigned started_max = 0;  // of the model's options

struct thread_start {
  void* (*entry)(void*);
  void* argument;
};
std::array<thread_start, starts_max> starts;

void* run_started(void* start) {
  const inside scenario_code;
  auto& s = *static_cast<thread_start*>(start);
  return s.entry(s.argument);
}

template <unsigned Threads, unsigned Starts>
struct suite : rl::test_suite<suite<Threads, Starts>, Threads> {
  static constexpr rl::thread_id_t dynamic_thread_count = Starts;

  void before() {
    ++execution;
    started = 0;
    failure.clear();
    shadows_used.clear();
    spins.reset();
    relacy_memory::leave();
    forget_heap();
    reset_clock();
    reset_descriptors();
    locals->reset(this_thread());
    const inside scenario_code;
    world = make().release();
  }
  void thread(unsigned index) {
    const inside scenario_code;
    world->thread(index);
  }
  void after() {
    const inside scenario_code;
    world->after();
    delete world;
    if (live_blocks() != 0) fail("memory is left");
    if (open_descriptors() != 0) fail("a descriptor is left");
  }

  scenario* world = nullptr;
};

struct verdict {
  bool is_success = false;
  std::string fault;  // of a failure
  long executions = 0;
  std::string history;
};

struct search {
  rl::scheduler_type_e scheduler = rl::sched_random;
  long from = 1;
  long to = 1;
  unsigned preemptions = 0;  // for sched_bound
  bool with_history = false;
};

verdict run_search(unsigned threads, const search& wanted) {
  std::ostringstream text;
  std::ostringstream progress;
  rl::test_params p;
  p.search_type = wanted.scheduler;
  p.iteration_count = static_cast<rl::iteration_t>(wanted.to);
  p.execution_depth_limit = 5000;
  p.context_bound = wanted.preemptions;
  gives_way_when_spinning = wanted.scheduler == rl::sched_bound;
  p.output_stream = &text;
  p.progress_stream = &progress;
  p.output_history =
      !wanted.with_history;  // with neither collected nor printed, relacy stops at once
  if (wanted.from != 1) p.initial_state = std::to_string(wanted.from).c_str();
  verdict v;
  // An exhaustive search tries each thread that could be started as another: no more than needed.
  const bool starts_few = started_max == 2;
  v.is_success = threads == 3 ? rl::simulate<suite<3, 2>>(p)
                 : starts_few ? rl::simulate<suite<2, 2>>(p)
                              : rl::simulate<suite<2, starts_max>>(p);
  v.executions = static_cast<long>(p.stop_iteration);
  if (!v.is_success) {
    v.fault = rl::test_result_str(p.test_result);
    if (!failure.empty()) v.fault += ": " + failure;
  }
  v.history = text.str();
  return v;
}

}  // namespace

namespace {
void step(const place& at) noexcept {
  last_step = at;
  if (gives_way_when_spinning && spins.is_spinning(this_thread(), at))
    rl::ctx().yield(1, info_of(at));
}
}  // namespace

// ---- for the models

unsigned choose(unsigned limit) noexcept {
  const outside checker_code;
  return rl::rand(limit);
}

void fail(const char* why, place at) noexcept {
  end_execution(why, rl::test_result_user_assert_failed, at);
}

void tally::add() noexcept { ++value_; }
unsigned tally::value() const noexcept { return value_; }

// ---- for the doors

void* make_atomic(std::uint64_t initial) noexcept {
  if (!is_inside) return nullptr;
  const outside checker_code;
  return new word(initial);
}
void drop_atomic(void* cell) noexcept {
  const outside checker_code;
  delete &word_of(cell);
}
std::uint64_t load(void* cell, order o, place at) noexcept {
  const outside checker_code;
  step(at);
  return word_of(cell).load(order_of(o, at, "load"), info_of(at));
}
void store(void* cell, std::uint64_t value, order o, place at) noexcept {
  const outside checker_code;
  step(at);
  word_of(cell).store(value, order_of(o, at, "store"), info_of(at));
}

std::uint64_t modify(void* cell, change how, std::uint64_t operand, order o, place at) noexcept {
  constexpr std::array names = {"exchange", "fetch_add", "fetch_sub", "fetch_or", "fetch_and"};
  const char* name = names[static_cast<std::size_t>(how)];
  const outside checker_code;
  step(at);
  word& w = word_of(cell);
  const rl::debug_info info = info_of(at);
  const rl::memory_order mo = order_of(o, at, name);
  if (is_planted(at, name, effect::not_atomic)) {
    const std::uint64_t former = w.load(load_half(mo), info);
    const std::array results = {operand, former + operand, former - operand, former | operand,
                                former & operand};
    w.store(results[static_cast<std::size_t>(how)], store_half(mo), info);
    return former;
  }
  switch (how) {
    case change::exchange: return w.exchange(operand, mo, info);
    case change::add: return w.fetch_add(operand, mo, info);
    case change::sub: return w.fetch_sub(operand, mo, info);
    case change::bit_or: return w.fetch_or(operand, mo, info);
    case change::bit_and: return w.fetch_and(operand, mo, info);
  }
  std::abort();
}

bool compare_exchange(void* cell, std::uint64_t& expected, std::uint64_t desired, bool is_weak,
                      order o, place at) noexcept {
  const char* name = is_weak ? "compare_exchange_weak" : "compare_exchange_strong";
  const outside checker_code;
  step(at);
  word& w = word_of(cell);
  const rl::debug_info info = info_of(at);
  const rl::memory_order mo = order_of(o, at, name);
  if (is_planted(at, name, effect::no_compare)) return w.exchange(desired, mo, info), true;
  if (is_weak) return w.compare_exchange_weak(expected, desired, mo, info, rl::mo_relaxed, info);
  return w.compare_exchange_strong(expected, desired, mo, info, rl::mo_relaxed, info);
}

void* make_mutex() noexcept {
  if (!is_inside) return nullptr;
  const outside checker_code;
  return new rl::mutex;
}
void drop_mutex(void* cell) noexcept {
  const outside checker_code;
  delete &mutex_of(cell);
}
void lock(void* cell, place at) noexcept {
  const outside checker_code;
  step(at);
  mutex_of(cell).lock(info_of(at));
}
void unlock(void* cell, place at) noexcept {
  const outside checker_code;
  mutex_of(cell).unlock(info_of(at));
}

void* make_condition() noexcept {
  if (!is_inside) return nullptr;
  const outside checker_code;
  return new rl::condition_variable;
}
void drop_condition(void* cell) noexcept {
  const outside checker_code;
  delete &condition_of(cell);
}
void wait(void* cell, void* mutex, place at) noexcept {
  const outside checker_code;
  step(at);
  condition_of(cell).wait(mutex_of(mutex), info_of(at));
}
bool wait_for(void* cell, void* mutex, std::int64_t nanoseconds, place at) noexcept {
  const outside checker_code;
  step(at);
  const std::int64_t until = read_clock() + nanoseconds;
  if (condition_of(cell).wait_for(mutex_of(mutex), nanoseconds, info_of(at))) return true;
  advance_clock(until);
  return false;
}
void notify(void* cell, bool all, place at) noexcept {
  const outside checker_code;
  step(at);
  if (is_planted(at, all ? "notify_all" : "notify_one", effect::lost)) return;
  if (all)
    condition_of(cell).notify_all(info_of(at));
  else
    condition_of(cell).notify_one(info_of(at));
}

bool planted(const char* bug, place at) noexcept {
  const outside checker_code;
  return is_planted(at, bug, effect::text);
}

void* start_thread(void* (*entry)(void*), void* argument) noexcept {
  if (started == started_max) return nullptr;
  const outside checker_code;
  thread_start& s = starts[started++];
  s = {entry, argument};
  return rl::ctx().create_thread(&run_started, &s);
}
void join_thread(void* handle, place at) noexcept {
  const outside checker_code;
  step(at);
  static_cast<rl::win_waitable_object*>(handle)->wait(false, false, info_of(at));
}

void on_access(const void* address, bool is_write, const void* code) noexcept {
  if (!is_inside || locals->holds(address)) return;
  const char* how = is_write ? "write" : "read";
  if (state_of(address) == memory_state::freed)
    report_access("use after free", how, code, rl::test_result_access_to_freed_memory);
  if (!note_access(shadow_of(address), is_write))
    report_access("data race", how, code, rl::test_result_data_race);
}

void on_free(const void* begin, std::size_t bytes, const void* code) noexcept {
  if (!is_inside) return;
  const void* end = static_cast<const char*>(begin) + bytes;
  for (shadow* s : shadows_used)
    if (s->address >= begin && s->address < end && !note_access(*s, true))
      report_access("data race", "freeing", code, rl::test_result_data_race);
}

// ---- main

namespace {

bool search_faults(const char* name, const char* how, unsigned threads, const search& wanted) {
  const verdict v = run_search(threads, wanted);
  if (!v.is_success) std::printf("%s\n", v.history.c_str());
  std::printf("%s: %s, %ld executions: %s\n", name, how, v.executions,
              v.is_success ? "no fault" : v.fault.c_str());
  return v.is_success;
}

/// The model itself: no execution may fail.
bool search_faults(const char* name, const model_options& options) {
  if (!search_faults(name, "at random", options.threads,
                     {.to = options.executions, .with_history = true}))
    return false;
  if (!options.small) return true;
  make = options.small;
  if (options.small_preemptions == 0)
    return search_faults(name, "small world, all interleavings", 2,
                         {.scheduler = rl::sched_full, .with_history = true});
  return search_faults(name, "small world, all interleavings with few preemptions", 2,
                       {.scheduler = rl::sched_bound,
                        .preemptions = options.small_preemptions,
                        .with_history = true});
}

const survivor* find_survivor(const model_options& options, const mutation& m) {
  const std::string text = m.text();
  for (const survivor& s : options.survivors)
    if (text == s.mutation) return &s;
  return nullptr;
}

/// Each mutation alone must be found, unless the model says why it cannot be.
bool search_mutations(const model_options& options) {
  mutated = options.mutated;
  is_listing = true;
  const verdict unharmed = run_search(options.threads, {.to = std::min(2000L, options.executions)});
  is_listing = false;
  if (!unharmed.is_success) return std::puts("the model itself fails"), false;
  bool is_ok = !known.empty();
  unsigned found = 0;
  for (const mutation& m : known) {
    const survivor* excused = find_survivor(options, m);
    active = &m;
    const verdict v =
        run_search(options.threads, {.to = excused ? options.executions / 5 : options.executions});
    active = nullptr;
    const bool is_expected = v.is_success == (excused != nullptr);
    found += !v.is_success;
    is_ok = is_ok && is_expected;
    std::printf("%s line %u %s: %s", is_expected ? "ok  " : "BAD ", m.at.line, m.text().c_str(),
                v.is_success ? "not found" : v.fault.c_str());
    if (v.is_success)
      std::printf(" (%s)\n", excused ? excused->why : "a gap in the model, or redundant");
    else
      std::printf(" in execution %ld\n", v.executions);
  }
  std::printf("%u of %zu mutations found, %zu survive on purpose\n", found, known.size(),
              known.size() - found);
  return is_ok;
}

bool replay(const char* name, const model_options& options, long seed) {
  const verdict v = run_search(options.threads, {.from = seed, .to = seed, .with_history = true});
  std::printf("%s\n%s, execution %ld: %s\n", v.history.c_str(), name, seed,
              v.is_success ? "no fault" : v.fault.c_str());
  return v.is_success;
}

}  // namespace

int run(int argc, char** argv, const char* name, make_scenario how, const model_options& options) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  catch_crashes();
  static local_storage block;
  locals = &block;
  shadows_used.reserve(shadows);  // now, as it grows while a scenario's memory is the heap
  make = how;
  model_options wanted = options;
  started_max = options.starts;
  const std::string_view word1 = argc > 1 ? argv[1] : "";
  const long number = argc > 2 ? std::atol(argv[2]) : 0;
  if (word1 == "--replay" && number > 0) return !replay(name, wanted, number);
  if (number > 0) wanted.executions = number;
  if (word1 == "--mutations") return !search_mutations(wanted);
  if (word1 == "--faults" || argc == 1) return !search_faults(name, wanted);
  std::fprintf(stderr,
               "usage: %s [--faults [EXECUTIONS] | --mutations [EXECUTIONS] | --replay SEED]\n",
               argv[0]);
  return 2;
}

}  // namespace rouse::model

// ---- what the house does when something is wrong

namespace rouse::internal {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  model::fail(expression, {file, "", static_cast<unsigned>(line)});
}
constinit atomic<unsigned> log_threshold{static_cast<unsigned>(log_level::off)};
void log_line(log_site&, log_level, const char*, ...) noexcept {}

}  // namespace rouse::internal
