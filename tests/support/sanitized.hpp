// Whether a sanitizer watches: tests of many rounds make fewer of them then.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUPPORT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SUPPORT_SANITIZED 1
#endif
#endif
#ifndef SUPPORT_SANITIZED
#define SUPPORT_SANITIZED 0
#endif

// ThreadSanitizer alone does not let a program replace operator new.
#if defined(__SANITIZE_THREAD__)
#define SUPPORT_REPLACES_NEW 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUPPORT_REPLACES_NEW 0
#endif
#endif
#ifndef SUPPORT_REPLACES_NEW
#define SUPPORT_REPLACES_NEW 1
#endif

namespace support {

inline constexpr bool is_sanitized = SUPPORT_SANITIZED != 0;
inline constexpr bool can_replace_new = SUPPORT_REPLACES_NEW != 0;

}  // namespace support
