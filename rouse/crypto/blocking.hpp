// The functions themselves, on the calling thread: for jobs of one's own, and where blocking is
// fine. Want of memory is ENOMEM inside OpenSSL, std::bad_alloc outside.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/crypto/bytes.hpp>
#include <rouse/crypto/parameters.hpp>

namespace rouse::crypto::blocking {

/// @param algorithm  as OpenSSL names it: "sha256", "sha512", "sha3-256", "blake2b512", ...
/// @errors           unknown_algorithm.
[[nodiscard]] result<bytes> hash(std::string_view algorithm, std::span<const std::byte> data);

/// A key from a password, RFC 8018.
/// @errors  unknown_algorithm; invalid_input: an option out of its range.
[[nodiscard]] result<bytes> pbkdf2(std::string_view password, std::span<const std::byte> salt,
                                   const pbkdf2_options& options = {});

/// A key from a password that costs memory too, RFC 7914.
/// @errors  invalid_input: an option out of its range; too_large: it would need more than
///          memory_bytes_max.
[[nodiscard]] result<bytes> scrypt(std::string_view password, std::span<const std::byte> salt,
                                   const scrypt_options& options = {});

/// Fit for keys: from OpenSSL's generator, which the kernel seeds.
/// @errors  EIO: the generator has failed.
[[nodiscard]] result<bytes> random_bytes(std::size_t count);

}  // namespace rouse::crypto::blocking
