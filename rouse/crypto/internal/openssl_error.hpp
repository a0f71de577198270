// What OpenSSL says, in our words. It keeps errors in a queue of the thread, which must not grow.
#pragma once

#include <rouse/base/error.hpp>

#include <openssl/err.h>

#include <cerrno>

namespace rouse::crypto::internal {

/// OpenSSL has found a reason of its own: no such algorithm, or a provider or generator that says
/// no.
[[nodiscard]] inline bool is_refusal(unsigned long queued) noexcept {
  const int from = ERR_GET_LIB(queued);
  return ERR_GET_REASON(queued) == ERR_R_UNSUPPORTED || from == ERR_LIB_PROV ||
         from == ERR_LIB_RAND;
}

/// The error for a call that failed, and an empty queue: `why` where OpenSSL refuses, else ENOMEM.
/// Whatever lacks memory says so first, if at all: OpenSSL 3.0 keeps it secret more often than not,
/// and what its callers say then ("not able to copy ctx") hides it.
[[nodiscard]] inline error openssl_error(const char* operation, error why) noexcept {
  bool is_refused = false;
  bool is_memory = false;
  while (const unsigned long each = ERR_get_error()) {
    is_memory |= ERR_GET_REASON(each) == ERR_R_MALLOC_FAILURE;
    is_refused |= is_refusal(each);
  }
  return {operation, is_refused && !is_memory ? why.code : ENOMEM};
}

}  // namespace rouse::crypto::internal
