// A digest of OpenSSL by name.
#pragma once

#include <rouse/crypto/internal/openssl_error.hpp>

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace rouse::crypto::internal {

struct free_digest {
  void operator()(EVP_MD* d) const noexcept { EVP_MD_free(d); }
};
using digest = std::unique_ptr<EVP_MD, free_digest>;

[[nodiscard]] inline result<digest> find_digest(const char* operation, std::string_view name) {
  digest found(EVP_MD_fetch(nullptr, std::string(name).c_str(), nullptr));
  if (!found)
    return std::unexpected(openssl_error(operation, error(operation, errc::unknown_algorithm)));
  return found;
}

}  // namespace rouse::crypto::internal
