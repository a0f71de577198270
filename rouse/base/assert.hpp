// Assertions. A breach of a contract, ours or the caller's, stops the process with one line that
// says what and where; an outcome that input can cause (a missing file, a refused connection) is
// never asserted.
#pragma once

namespace rouse::internal {
[[noreturn, gnu::cold]] void assertion_failed(const char* expression, const char* file,
                                              int line) noexcept;
}

/// Always on, also in release: keep the condition cheap.
#define ROUSE_ASSERT(x)                 \
  (__builtin_expect(!!(x), 1) ? (void)0 \
                              : ::rouse::internal::assertion_failed(#x, __FILE__, __LINE__))

/// On in debug and sanitizer builds (no NDEBUG): may cost.
#ifdef NDEBUG
#define ROUSE_DEBUG_ASSERT(x) ((void)0)
#else
#define ROUSE_DEBUG_ASSERT(x) ROUSE_ASSERT(x)
#endif

/// Ends an exhaustive switch.
#define ROUSE_UNREACHABLE() ::rouse::internal::assertion_failed("unreachable", __FILE__, __LINE__)
