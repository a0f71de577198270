// What the slow functions can be told. The defaults are what is recommended for stored passwords.
#pragma once

#include <cstddef>

namespace rouse::crypto {

/// Trivial members only.
struct pbkdf2_options {
  const char* digest = "sha256";  ///< as for hash(); static text
  unsigned iterations = 600'000;  ///< 1 or more
  std::size_t key_bytes = 32;     ///< 1 or more
};

/// RFC 7914. Needs about 128 * cost * block_size bytes while it runs. Trivial members only.
struct scrypt_options {
  std::size_t cost = 1 << 17;       ///< N: a power of 2 above 1
  std::size_t block_size = 8;       ///< r
  std::size_t parallelization = 1;  ///< p
  std::size_t key_bytes = 32;       ///< 1 or more
  std::size_t memory_bytes_max = 256 * 1024 * 1024;
};

}  // namespace rouse::crypto
