// Hashes, keys from passwords and random bytes, computed by the blocking pool while tasks go on.
// blocking.hpp has the same functions for the calling thread, hasher.hpp hashes in pieces.
#pragma once

#include <rouse/crypto/operation.hpp>
#include <rouse/crypto/parameters.hpp>

#include <string_view>

namespace rouse::crypto {

/// @param algorithm  as OpenSSL names it: "sha256", "sha512", "sha3-256", "blake2b512", ...
/// @errors           unknown_algorithm, and those of an operation.
/// @example
///   const auto sum = co_await rouse::crypto::hash("sha256", std::move(body));
///   std::puts(rouse::crypto::to_hex(sum).c_str());
[[nodiscard]] operation hash(std::string_view algorithm, bytes data);
/// The same of text, which is copied.
[[nodiscard]] operation hash(std::string_view algorithm, std::string_view text);

/// A key from a password, RFC 8018. Both are copied; the password's copy is wiped.
/// @errors  unknown_algorithm; invalid_input: an option out of its range; those of an operation.
[[nodiscard]] operation pbkdf2(std::string_view password, bytes salt,
                               const pbkdf2_options& options = {});

/// A key from a password that costs memory too, RFC 7914. Both are copied; the password's copy is
/// wiped.
/// @errors  invalid_input: an option out of its range; too_large: it would need more than
///          memory_bytes_max; those of an operation.
[[nodiscard]] operation scrypt(std::string_view password, bytes salt,
                               const scrypt_options& options = {});

/// Fit for keys: from OpenSSL's generator, which the kernel seeds.
/// @errors  EIO: the generator has failed; those of an operation.
[[nodiscard]] operation random_bytes(std::size_t count);

}  // namespace rouse::crypto
