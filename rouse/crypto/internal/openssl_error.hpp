// What OpenSSL says, in our words. It keeps errors in a queue of the thread, which must not grow.
#pragma once

#include <rouse/base/error.hpp>

#include <openssl/err.h>

#include <cerrno>

namespace rouse::crypto::internal {

/// The error for a call that failed, and an empty queue: ENOMEM where memory was short, else `why`.
[[nodiscard]] inline error openssl_error(const char* operation, error why) noexcept {
  const bool is_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
  ERR_clear_error();
  return {operation, is_memory ? ENOMEM : why.code};
}

}  // namespace rouse::crypto::internal
