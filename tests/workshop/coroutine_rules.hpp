// The coroutine shapes that g++ 12 miscompiles, or that dangle on every compiler, found in the
// source text:
//   condition    a coroutine that is no lambda, names no local, and awaits in a condition: its body
//                may never run
//   temporary    a braced aggregate or a lambda that owns something, in one expression with
//                co_await: destroyed twice
//   conditional  a temporary that only one branch of ?: makes, in one expression with co_await:
//                destroyed twice, or though it was never made
//   branch       a co_await in a branch of ?: - what it makes is destroyed whichever is taken
//   capture      a lambda that is a coroutine captures, and is no body of a scope: the closure dies
//                first
//   reference    a coroutine parameter that binds to temporaries: const T& or T&&
//   aligned      alignas(more than 16) in a frame: misaligned on both compilers
//   lock         a lock guard that lives across co_await
// It reads tokens, not types, so it is stricter than the compilers: `// lint: ok, why` excuses a
// line. Not a clang-tidy plug-in on purpose: this one takes milliseconds and needs no compile.
#pragma once

#include "source_text.hpp"

namespace workshop {

/// Tests may capture and take references (their bodies outlive what they start); the other rules
/// hold there too.
[[nodiscard]] std::vector<finding> check_coroutines(const source_text& source, bool is_test);

}  // namespace workshop
