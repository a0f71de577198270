#include <rouse/crypto/internal/secret.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace rouse::crypto::internal {

secret::secret(std::string_view text) : text_(new char[text.size()]), size_(text.size()) {
  std::ranges::copy(text, text_);
}

secret::~secret() {
  if (text_) OPENSSL_cleanse(text_, size_);
  delete[] text_;
}

}  // namespace rouse::crypto::internal
