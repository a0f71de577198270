#include <rouse/crypto/hasher.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/crypto/internal/digest.hpp>

#include <new>

namespace rouse::crypto {
namespace {

/// Only memory can be short once the digest is known.
void check(int status) {
  if (status == 1) return;
  ERR_clear_error();
  throw std::bad_alloc();
}

}  // namespace

result<hasher> hasher::make(std::string_view algorithm) {
  const auto digest = internal::find_digest("hash", algorithm);
  if (!digest) return std::unexpected(digest.error());
  hasher fresh(EVP_MD_CTX_new());
  if (!fresh.state_) throw std::bad_alloc();
  check(EVP_DigestInit_ex2(fresh.state_, digest->get(), nullptr));
  return fresh;
}

hasher::~hasher() { EVP_MD_CTX_free(state_); }

void hasher::update(std::span<const std::byte> piece) {
  ROUSE_ASSERT(state_ != nullptr);
  check(EVP_DigestUpdate(state_, piece.data(), piece.size()));
}

bytes hasher::finish() {
  ROUSE_ASSERT(state_ != nullptr);
  bytes sum(static_cast<std::size_t>(EVP_MD_CTX_get_size(state_)));
  check(EVP_DigestFinal_ex(state_, reinterpret_cast<unsigned char*>(sum.data()), nullptr));
  EVP_MD_CTX_free(std::exchange(state_, nullptr));
  return sum;
}

}  // namespace rouse::crypto
