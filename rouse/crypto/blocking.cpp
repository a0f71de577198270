#include <rouse/crypto/blocking.hpp>

#include <rouse/crypto/hasher.hpp>
#include <rouse/crypto/internal/digest.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <bit>
#include <climits>

namespace rouse::crypto::blocking {
namespace {

constexpr std::size_t int_max = INT_MAX;  // OpenSSL counts in int

unsigned char* raw(bytes& b) noexcept { return reinterpret_cast<unsigned char*>(b.data()); }
const unsigned char* raw(std::span<const std::byte> b) noexcept {
  return reinterpret_cast<const unsigned char*>(b.data());
}

constexpr error malformed(const char* operation) noexcept {
  return {operation, errc::invalid_input};
}

/// The limits of RFC 7914.
bool is_valid(const scrypt_options& o) noexcept {
  constexpr std::size_t blocks_max = (std::size_t{1} << 30) - 1;
  return o.cost > 1 && std::has_single_bit(o.cost) && o.block_size > 0 && o.parallelization > 0 &&
         o.block_size <= blocks_max && o.parallelization <= blocks_max / o.block_size &&
         o.key_bytes > 0 && o.key_bytes <= int_max &&
         (o.block_size >= 4 || o.cost < std::size_t{1} << (16 * o.block_size));
}

/// What OpenSSL counts against its limit: the blocks of all lanes, and one lane's table.
bool fits_memory(const scrypt_options& o) noexcept {
  const std::size_t blocks_max = o.memory_bytes_max / 128 / o.block_size;
  return o.cost + 2 <= blocks_max && o.parallelization <= blocks_max - o.cost - 2;
}

}  // namespace

result<bytes> hash(std::string_view algorithm, std::span<const std::byte> data) {
  auto sum = hasher::make(algorithm);
  if (!sum) return std::unexpected(sum.error());
  sum->update(data);
  return sum->finish();
}

result<bytes> pbkdf2(std::string_view password, std::span<const std::byte> salt,
                     const pbkdf2_options& options) {
  const bool is_valid = options.iterations > 0 && options.iterations <= int_max &&
                        options.key_bytes > 0 && options.key_bytes <= int_max &&
                        std::max(password.size(), salt.size()) <= int_max;
  if (!is_valid) return std::unexpected(malformed("pbkdf2"));
  const auto digest = internal::find_digest("pbkdf2", options.digest);
  if (!digest) return std::unexpected(digest.error());
  bytes key(options.key_bytes);
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt),
                        static_cast<int>(salt.size()), static_cast<int>(options.iterations),
                        digest->get(), static_cast<int>(key.size()), raw(key)) != 1)
    return std::unexpected(internal::openssl_error("pbkdf2", malformed("pbkdf2")));
  return key;
}

result<bytes> scrypt(std::string_view password, std::span<const std::byte> salt,
                     const scrypt_options& options) {
  if (!is_valid(options)) return std::unexpected(malformed("scrypt"));
  if (!fits_memory(options)) return std::unexpected(error("scrypt", errc::too_large));
  bytes key(options.key_bytes);
  if (EVP_PBE_scrypt(password.data(), password.size(), raw(salt), salt.size(), options.cost,
                     options.block_size, options.parallelization, options.memory_bytes_max,
                     raw(key), key.size()) != 1)
    return std::unexpected(internal::openssl_error("scrypt", malformed("scrypt")));
  return key;
}

result<bytes> random_bytes(std::size_t count) {
  bytes random(count);
  std::span<std::byte> rest(random);
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(rest.size(), int_max));
    if (RAND_bytes(reinterpret_cast<unsigned char*>(piece.data()),
                   static_cast<int>(piece.size())) != 1)
      return std::unexpected(internal::openssl_error("random bytes", error("", EIO)));
    rest = rest.subspan(piece.size());
  }
  return random;
}

}  // namespace rouse::crypto::blocking
