// Hashes, keys from passwords and random bytes in callbacks. For programs that link Rouse::crypto,
// which the library itself does not.
#pragma once

#include <rouse/crypto/crypto.hpp>
#include <rouse/loop/loop_jobs.hpp>

#include <string_view>

namespace rouse {

/// `loop.crypto()`. A light object: the loop, seen from here.
///
/// Each is a job of the pool; `done` gets its bytes, or why not, in the poll phase. What they take
/// is copied, and the copies of passwords are wiped.
/// @returns  what `loop::cancel` takes, see loop_jobs::run.
/// @errors   As the function of the same name in `rouse::crypto`, to `done`. Throws
///           io_error(closed) once the loop has closed.
/// @threads  The loop's.
/// @example
///   loop.crypto().hash("sha256", "text", [](auto sum) {
///     std::puts(rouse::crypto::to_hex(*sum).c_str());
///   });
class loop_crypto {
 public:
  using site = loop::site;
  using on_bytes = callback<void(result<crypto::bytes>)>;

  explicit loop_crypto(loop& of) noexcept : loop_(&of) {}

  request_id hash(std::string_view algorithm, std::string_view text, on_bytes done,
                  site at = site::current()) {
    return run(std::move(done), at, [&] { return crypto::hash(algorithm, text); });
  }
  request_id hash(std::string_view algorithm, crypto::bytes data, on_bytes done,
                  site at = site::current()) {
    return run(std::move(done), at, [&] { return crypto::hash(algorithm, std::move(data)); });
  }
  request_id pbkdf2(std::string_view password, crypto::bytes salt,
                    const crypto::pbkdf2_options& options, on_bytes done,
                    site at = site::current()) {
    return run(std::move(done), at,
               [&] { return crypto::pbkdf2(password, std::move(salt), options); });
  }
  request_id scrypt(std::string_view password, crypto::bytes salt,
                    const crypto::scrypt_options& options, on_bytes done,
                    site at = site::current()) {
    return run(std::move(done), at,
               [&] { return crypto::scrypt(password, std::move(salt), options); });
  }
  request_id random_bytes(std::size_t count, on_bytes done, site at = site::current()) {
    return run(std::move(done), at, [&] { return crypto::random_bytes(count); });
  }

 private:
  template <class Make>
  request_id run(on_bytes done, const site& at, Make make) {
    const rouse::runtime::entered here(loop_->runtime());
    return internal::call_when_ended(*loop_, make, std::move(done), at);
  }

  loop* loop_;
};

inline loop_crypto loop::crypto() noexcept { return loop_crypto(*this); }

}  // namespace rouse
