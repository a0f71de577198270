#include <rouse/http/internal/sha256.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::internal {
namespace {

std::string digest_text(std::string_view text) {
  auto encoded = base64(sha256(text));
  return {encoded.data(), encoded.size()};
}

TEST(sha256, gives_the_digests_of_the_standard) {
  EXPECT_EQ(digest_text(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  EXPECT_EQ(digest_text("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(digest_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=");
}

TEST(sha256, pads_at_every_border_of_a_block) {
  EXPECT_EQ(digest_text(std::string(55, 'a')), "n0OQ+NMMLdkuyfCVtl4rmumwqSWlJY4kHJ8ekQ9zQxg=");
  EXPECT_EQ(digest_text(std::string(56, 'a')), "s1Q5pKxvCUi21vnjxq8PX1kM4g8b3nCQ73lwaG7Gc4o=");
  EXPECT_EQ(digest_text(std::string(63, 'a')), "fT50oF19sVvOStnsBljqmOPwbu7PFrTG//LaRX3cLzQ=");
  EXPECT_EQ(digest_text(std::string(64, 'a')), "/+BU/nrgy23GXDr5th1SCfQ5hR20PQulmXM33xVGaOs=");
  EXPECT_EQ(digest_text(std::string(65, 'a')), "Y1NhxIu56rFBmOduqKt/GkFoXWrWKqkUbTAdTxfrCuA=");
  EXPECT_EQ(digest_text(std::string(1000, 'a')), "Qe3s5C1j6Nm/UVqbppMuHCDLyfWl0TRkWttdsblzfqM=");
}

}  // namespace
}  // namespace rouse::internal
