#include <rouse/crypto/crypto.hpp>

#include <rouse/crypto/blocking.hpp>
#include <rouse/crypto/internal/secret.hpp>

#include <string>

namespace rouse::crypto {
namespace {

template <class F>
operation compute(const char* name, F f) {
  return operation(spawn_blocking({.name = name, .kind = job_class::general}, std::move(f)));
}

}  // namespace

operation hash(std::string_view algorithm, bytes data) {
  return compute("hash", [name = std::string(algorithm), all = std::move(data)] {
    return blocking::hash(name, all);
  });
}

operation hash(std::string_view algorithm, std::string_view text) {
  return hash(algorithm, to_bytes(text));
}

operation pbkdf2(std::string_view password, bytes salt, const pbkdf2_options& options) {
  return compute("pbkdf2", [options, known = internal::secret(password), salted = std::move(salt)] {
    return blocking::pbkdf2(known.view(), salted, options);
  });
}

operation scrypt(std::string_view password, bytes salt, const scrypt_options& options) {
  return compute("scrypt", [options, known = internal::secret(password), salted = std::move(salt)] {
    return blocking::scrypt(known.view(), salted, options);
  });
}

operation random_bytes(std::size_t count) {
  return compute("random bytes", [count] { return blocking::random_bytes(count); });
}

}  // namespace rouse::crypto
