#include <tests/faults/trial.hpp>

#include <rouse/core/frame_memory.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/support/allocations.hpp>

#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#if SUPPORT_SANITIZED
#include <sanitizer/allocator_interface.h>
#endif

#if SUPPORT_SANITIZED && SUPPORT_REPLACES_NEW
namespace {

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (support::refuse_allocation()) return nullptr;
  return alignment == 0
             ? std::malloc(bytes)
             : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  if (void* block = allocate(bytes, alignment)) return block;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
#endif

namespace faults {

// ---- what is tried

namespace {

constexpr unsigned hang_limit_s = 50;  // far beyond the scenarios' own limit, below the test's
char trial_text[160];

void say(const char* text) noexcept { (void)!::write(STDERR_FILENO, text, std::strlen(text)); }

void die(int signal) noexcept {
  say(signal == SIGALRM ? "hangs: " : "aborts: ");
  say(trial_text);
  say("\n");
  ::signal(SIGABRT, SIG_DFL);
  std::abort();
}

}  // namespace

current_trial::current_trial(const char* format, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(trial_text, sizeof trial_text, format, arguments);
  va_end(arguments);
  ::signal(SIGALRM, die);
  ::signal(SIGABRT, die);
  ::alarm(hang_limit_s);
}

current_trial::~current_trial() {
  ::alarm(0);
  ::signal(SIGABRT, SIG_DFL);
}

const char* current_trial::text() noexcept { return trial_text; }

// ---- what is held

namespace {

std::size_t entries_of(const char* directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    (void)entry, count++;
  return count;
}

/// Without the kernel's own for a ring, which go some time after it.
std::size_t threads_now() {
  std::size_t count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    if (!name.starts_with("iou-")) ++count;
  }
  return count;
}

/// A thread that was joined leaves the list a moment later, so more than before are counted again
/// for a while.
std::size_t threads() {
  constexpr auto settling_time = std::chrono::seconds(2);
  static std::size_t before = threads_now();
  const auto until = std::chrono::steady_clock::now() + settling_time;
  std::size_t count = threads_now();
  while (count > before && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
    count = threads_now();
  }
  return before = count;
}

long allocated() noexcept {
  rouse::internal::trim_frame_cache(0);
#if SUPPORT_SANITIZED
  return static_cast<long>(__sanitizer_get_current_allocated_bytes());
#else
  return support::live_blocks;
#endif
}

}  // namespace

holdings held() {
  const std::size_t now_threads = threads();  // first: what ends may free
  siginfo_t child{};
  const bool has_children = ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
  return {entries_of("/proc/self/fd"), now_threads, has_children ? 1u : 0u, allocated()};
}

failing_allocation::failing_allocation(unsigned long n, shortage how) noexcept
    : refused_before_(support::refused) {
  support::fail_at = n;
  support::fail_for_good = how == shortage::stays;
}
failing_allocation::~failing_allocation() {
  support::fail_at = 0;
  support::fail_for_good = false;
}
bool failing_allocation::has_failed() const noexcept { return support::refused != refused_before_; }

namespace {

std::atomic<unsigned long> pool_fail_at;
std::atomic<shortage> pool_shortage;
std::atomic<bool> pool_has_failed;

}  // namespace

failing_pool_allocation::failing_pool_allocation(unsigned long n, shortage how) noexcept {
  pool_fail_at = n;
  pool_shortage = how;
  pool_has_failed = false;
  on_pool_thread.begins = [](unsigned, void*) {
    support::fail_at = pool_fail_at;
    support::fail_for_good = pool_shortage == shortage::stays;
  };
  on_pool_thread.ends = [](unsigned, void*) {
    support::fail_at = 0;
    pool_has_failed = support::refused != 0;
  };
}
failing_pool_allocation::~failing_pool_allocation() { on_pool_thread = {}; }
bool failing_pool_allocation::has_failed() const noexcept { return pool_has_failed; }

// ---- what must hold

namespace {

std::string lines_of(std::span<const outcome::line> lines) {
  std::string all;
  for (const outcome::line& l : lines)
    all.append("\n    ").append(l.text.data());
  return all;
}

}  // namespace

std::string complaint_about_end(scenario which, const outcome& out) {
  if (!out.wrongs().empty()) return lines_of(out.wrongs());
  const unsigned asked = exchanges_of(which);
  if (out.complete() > asked) return "more answers than questions";
  if (out.complete() < asked && out.failures().empty()) return "ended early without an error";
  // an echo has no length: only its server knows that a stream ended early
  const bool is_echo = which == scenario::echo || which == scenario::loop_sockets;
  if (is_echo && out.cuts() == out.failures().size() && out.cuts() != 0)
    return "cut short, and nobody says why:" + lines_of(out.failures());
  return {};
}

std::string complaint_about_success(scenario which, const outcome& out) {
  if (!out.wrongs().empty()) return lines_of(out.wrongs());
  if (!out.failures().empty()) return lines_of(out.failures());
  return out.complete() == exchanges_of(which) ? "" : "not all that was asked was answered";
}

std::string complaint_about(const holdings& before, const holdings& after) {
  std::string text;
  const auto compare = [&](const char* what, auto was, auto is) {
    if (was != is)
      text.append(" ")
          .append(what)
          .append(": ")
          .append(std::to_string(was))
          .append(" before, ")
          .append(std::to_string(is))
          .append(" after;");
  };
  compare("descriptors", before.descriptors, after.descriptors);
  compare("threads", before.threads, after.threads);
  compare("children", before.children, after.children);
  compare("memory", before.allocations, after.allocations);
  return text;
}

}  // namespace faults
