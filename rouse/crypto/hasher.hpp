// A hash of bytes that come in pieces.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/crypto/bytes.hpp>

#include <string_view>
#include <utility>

struct evp_md_ctx_st;  // OpenSSL's

namespace rouse::crypto {

/// One thread at a time. Computes where it is called: for what is long, use it inside a job.
/// @example
///   auto sum = rouse::crypto::hasher::make("sha256").value();
///   while (auto piece = next_piece())
///     sum.update(*piece);
///   std::puts(to_hex(sum.finish()).c_str());
class hasher {
 public:
  /// @param algorithm  as OpenSSL names it: "sha256", "sha512", "sha3-256", "blake2b512", ...
  /// @errors           unknown_algorithm: OpenSSL has none of that name, or does not allow it here.
  [[nodiscard]] static result<hasher> make(std::string_view algorithm);
  hasher(hasher&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  hasher& operator=(hasher&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~hasher();

  void update(std::span<const std::byte> piece);
  void update(std::string_view piece) { update(std::as_bytes(std::span(piece))); }
  /// The hash of all pieces. Once.
  [[nodiscard]] bytes finish();

 private:
  explicit hasher(evp_md_ctx_st* state) noexcept : state_(state) {}

  evp_md_ctx_st* state_;
};

}  // namespace rouse::crypto
