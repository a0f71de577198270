#include <rouse/base/io_error.hpp>
#include <rouse/crypto/blocking.hpp>
#include <rouse/crypto/crypto.hpp>
#include <rouse/crypto/hasher.hpp>
#include <rouse/crypto/internal/openssl_error.hpp>
#include <rouse/crypto/internal/secret.hpp>

#include <gtest/gtest.h>

#include <openssl/err.h>
#include <openssl/evperr.h>
#include <openssl/proverr.h>
#include <tests/support/counting_waker.hpp>

#include <cerrno>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rouse::crypto {
namespace {

std::string hex_of(const result<bytes>& b) { return b ? to_hex(*b) : b.error().message(); }
std::string hash_hex(std::string_view algorithm, std::string_view text) {
  return hex_of(blocking::hash(algorithm, to_bytes(text)));
}

/// A job of the current pool, to its end.
result<bytes> finish(operation job) {
  support::counting_waker waker;
  for (;;) {
    auto answer = waker.poll(job);
    std::this_thread::yield();
    if (!answer.is_ready()) continue;
    while (waker.holders() != 0)  // the thread that wakes it
      std::this_thread::yield();
    return answer.take();
  }
}

class crypto_jobs : public testing::Test {
 protected:
  blocking_pool pool_;
  current<blocking_pool>::scope here_{&pool_};
};

// ---- test vectors: FIPS 180-4 and 202 (NIST's examples), RFC 7693, 6070, 7914

TEST(hash_vectors, fips_180_4) {
  EXPECT_EQ(hash_hex("sha1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hash_hex("sha256", "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_hex("sha256", ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_hex("sha256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_hex("SHA512", "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(hash_hex("sha256", std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(hash_vectors, fips_202_and_rfc_7693) {
  EXPECT_EQ(hash_hex("sha3-256", ""),
            "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
  EXPECT_EQ(hash_hex("blake2b512", "abc"),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST(pbkdf2_vectors, rfc_6070) {
  const auto key = [](std::string_view password, std::string_view salt, unsigned iterations,
                      std::size_t key_bytes) {
    return hex_of(
        blocking::pbkdf2(password, to_bytes(salt),
                         {.digest = "sha1", .iterations = iterations, .key_bytes = key_bytes}));
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(key("password", "salt", 1, 20), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  EXPECT_EQ(key("password", "salt", 2, 20), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  EXPECT_EQ(key("password", "salt", 4096, 20), "4b007901b765489abead49d926f721d065a429c1");
  EXPECT_EQ(key("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25),
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
  EXPECT_EQ(key("pass\0word"sv, "sa\0lt"sv, 4096, 16), "56fa6aa75548099dcc37d7f03425e0c3");
}

TEST(pbkdf2_vectors, rfc_7914_with_sha256) {
  EXPECT_EQ(
      hex_of(blocking::pbkdf2("passwd", to_bytes("salt"), {.iterations = 1, .key_bytes = 64})),
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
      "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

TEST(scrypt_vectors, rfc_7914) {
  const auto key = [](std::string_view password, std::string_view salt, std::size_t cost,
                      std::size_t block_size, std::size_t parallelization) {
    return hex_of(blocking::scrypt(password, to_bytes(salt),
                                   {.cost = cost,
                                    .block_size = block_size,
                                    .parallelization = parallelization,
                                    .key_bytes = 64}));
  };
  EXPECT_EQ(key("", "", 16, 1, 1),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(key("password", "NaCl", 1024, 8, 16),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(key("pleaseletmein", "SodiumChloride", 16384, 8, 1),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

// ---- errors are typed, and leave nothing in OpenSSL's queue

TEST(crypto_errors, an_unknown_algorithm_has_its_own_code) {
  for (const char* name : {"sha257", "", "md5; rm"}) {
    EXPECT_EQ(blocking::hash(name, {}).error(), errc::unknown_algorithm) << name;
    EXPECT_EQ(hasher::make(name).error(), errc::unknown_algorithm) << name;
    EXPECT_EQ(blocking::pbkdf2("p", {}, {.digest = name, .iterations = 1}).error(),
              errc::unknown_algorithm)
        << name;
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(crypto_errors, options_out_of_range_are_invalid_input) {
  EXPECT_EQ(blocking::pbkdf2("p", {}, {.iterations = 0}).error(), errc::invalid_input);
  EXPECT_EQ(blocking::pbkdf2("p", {}, {.iterations = 1u << 31}).error(), errc::invalid_input);
  EXPECT_EQ(blocking::pbkdf2("p", {}, {.key_bytes = 0}).error(), errc::invalid_input);
  for (const std::size_t cost : {0, 1, 3, 1000})
    EXPECT_EQ(blocking::scrypt("p", {}, {.cost = cost}).error(), errc::invalid_input) << cost;
  EXPECT_EQ(blocking::scrypt("p", {}, {.cost = 2, .block_size = 0}).error(), errc::invalid_input);
  EXPECT_EQ(blocking::scrypt("p", {}, {.cost = 2, .parallelization = 0}).error(),
            errc::invalid_input);
  EXPECT_EQ(blocking::scrypt("p", {}, {.cost = 1 << 16, .block_size = 1}).error(),
            errc::invalid_input);
  EXPECT_EQ(blocking::scrypt("p", {}, {.cost = 2, .key_bytes = 0}).error(), errc::invalid_input);
  const std::size_t huge = std::size_t{1} << 62;
  EXPECT_EQ(
      blocking::scrypt("p", {}, {.cost = 2, .block_size = huge, .parallelization = huge}).error(),
      errc::invalid_input);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(crypto_errors, openssl_refuses_or_has_no_memory_whatever_it_says_of_that) {
  constexpr error refusal{"", errc::invalid_input};
  const auto code_after = [&](std::initializer_list<std::pair<int, int>> raised) {
    for (const auto& [library, reason] : raised)
      ERR_raise(library, reason);
    const error told = internal::openssl_error("hash", refusal);
    EXPECT_EQ(ERR_peek_error(), 0u);
    return told.code;
  };
  EXPECT_EQ(code_after({{ERR_LIB_EVP, ERR_R_UNSUPPORTED}}), refusal.code);
  EXPECT_EQ(code_after({{ERR_LIB_PROV, PROV_R_INVALID_SALT_LENGTH}, {ERR_LIB_EVP, ERR_R_EVP_LIB}}),
            refusal.code);
  EXPECT_EQ(code_after({{ERR_LIB_CRYPTO, ERR_R_MALLOC_FAILURE}, {ERR_LIB_EVP, ERR_R_UNSUPPORTED}}),
            ENOMEM);
  EXPECT_EQ(code_after({{ERR_LIB_EVP, EVP_R_NOT_ABLE_TO_COPY_CTX}}), ENOMEM);
  EXPECT_EQ(code_after({}), ENOMEM);
}

TEST(crypto_errors, scrypt_above_its_memory_limit_is_too_large_and_at_it_runs) {
  const std::size_t needed = 128 * 8 * (1024 + 2 + 1);
  scrypt_options options{.cost = 1024, .memory_bytes_max = needed};
  EXPECT_TRUE(blocking::scrypt("p", {}, options));
  options.memory_bytes_max = needed - 1;
  EXPECT_EQ(blocking::scrypt("p", {}, options).error(), errc::too_large);
  options.memory_bytes_max = 0;
  EXPECT_EQ(blocking::scrypt("p", {}, options).error(), errc::too_large);
  EXPECT_EQ(blocking::scrypt("p", {}, {.cost = std::size_t{1} << 62}).error(), errc::too_large);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// ---- in pieces, and random

TEST(hasher, of_pieces_is_the_hash_of_the_whole) {
  const std::string text(10'000, 'x');
  for (const std::size_t piece : {1u, 63u, 64u, 65u, 9'999u, 10'000u}) {
    auto sum = *hasher::make("sha256");
    for (std::size_t at = 0; at < text.size(); at += piece)
      sum.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(to_hex(sum.finish()), hash_hex("sha256", text)) << piece;
  }
}

TEST(hasher, can_be_moved_in_the_middle) {
  auto first = *hasher::make("sha256");
  first.update("a");
  hasher second(std::move(first));
  second.update("b");
  auto third = *hasher::make("sha1");
  third = std::move(second);
  third.update("c");
  EXPECT_EQ(to_hex(third.finish()), hash_hex("sha256", "abc"));
}

TEST(random_bytes, are_as_many_as_asked_for_and_differ) {
  EXPECT_EQ(blocking::random_bytes(0)->size(), 0u);
  const auto one = *blocking::random_bytes(32), other = *blocking::random_bytes(32);
  EXPECT_EQ(one.size(), 32u);
  EXPECT_NE(one, other);
}

TEST(secret, keeps_its_text_through_moves) {
  internal::secret one("pass\0word"), other("x");
  other = std::move(one);
  const internal::secret third(std::move(other));
  EXPECT_EQ(third.view(), "pass\0word");
}

// ---- as jobs

TEST_F(crypto_jobs, give_what_the_blocking_functions_give) {
  EXPECT_EQ(hex_of(finish(hash("sha256", "abc"))), hash_hex("sha256", "abc"));
  EXPECT_EQ(hex_of(finish(hash("sha256", to_bytes("abc")))), hash_hex("sha256", "abc"));
  EXPECT_EQ(finish(pbkdf2("p", to_bytes("s"), {.iterations = 10})),
            blocking::pbkdf2("p", to_bytes("s"), {.iterations = 10}));
  EXPECT_EQ(finish(scrypt("p", to_bytes("s"), {.cost = 16})),
            blocking::scrypt("p", to_bytes("s"), {.cost = 16}));
  EXPECT_EQ(finish(random_bytes(7))->size(), 7u);
  EXPECT_EQ(pool_.status().of(job_class::general).begun, 5u);
}

TEST_F(crypto_jobs, give_errors_as_the_blocking_functions_do) {
  EXPECT_EQ(finish(hash("sha257", "")).error(), errc::unknown_algorithm);
  EXPECT_EQ(finish(pbkdf2("p", {}, {.iterations = 0})).error(), errc::invalid_input);
  EXPECT_EQ(finish(scrypt("p", {}, {.memory_bytes_max = 1})).error(), errc::too_large);
}

TEST_F(crypto_jobs, own_what_they_work_on) {
  std::vector<operation> jobs;
  for (int i = 0; i < 100; ++i) {
    const std::string algorithm = "sha256";
    std::string text(1000, static_cast<char>('a' + i % 26));
    jobs.push_back(hash(algorithm, text));
    text.assign(1000, '!');
  }
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(hex_of(finish(std::move(jobs[static_cast<std::size_t>(i)]))),
              hash_hex("sha256", std::string(1000, static_cast<char>('a' + i % 26))));
}

TEST_F(crypto_jobs, can_be_dropped_at_any_moment) {
  for (int i = 0; i < 200; ++i)
    (void)hash("sha512", std::string(10'000, 'x'));
  EXPECT_TRUE(finish(hash("sha256", "abc")));
}

TEST(crypto_operation, without_a_pool_says_so) {
  EXPECT_EQ(finish(hash("sha256", "abc")).error(), errc::no_context);
}

}  // namespace
}  // namespace rouse::crypto
