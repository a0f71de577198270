// The optional component in callbacks.
#include <rouse/loop/loop_crypto.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/on_loop_test.hpp>

namespace loop_test {
namespace {

using rouse::crypto::to_bytes;
using rouse::crypto::to_hex;

class loop_crypto : public on_loop {
 protected:
  auto told() {
    return [this](rouse::result<rouse::crypto::bytes> r) {
      log.push_back(r ? to_hex(*r) : r.error().message());
    };
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_crypto, support::reactors(), support::reactor_name);

TEST_P(loop_crypto, hashes_text_and_bytes) {
  rouse::loop_options options;
  options.runtime.blocking.threads_max = 1;
  make_real(options);
  it().crypto().hash("sha256", "abc", told());
  it().crypto().hash("sha1", to_bytes("abc"), told());
  it().run();
  EXPECT_EQ(log, (lines{"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        "a9993e364706816aba3e25717850c26c9cd0d89d"}));
}

TEST_P(loop_crypto, makes_keys_from_passwords) {
  it().crypto().pbkdf2("password", to_bytes("salt"),
                       {.digest = "sha1", .iterations = 2, .key_bytes = 20}, told());  // RFC 6070
  it().run();
  it().crypto().scrypt("password", to_bytes("NaCl"),
                       {.cost = 1024, .block_size = 8, .parallelization = 16, .key_bytes = 64},
                       told());  // RFC 7914
  it().run();
  EXPECT_EQ(log, (lines{"ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
                        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"}));
}

TEST_P(loop_crypto, gives_random_bytes) {
  rouse::crypto::bytes seen[2];
  for (auto& one : seen)
    it().crypto().random_bytes(32, [&one](auto made) { one = std::move(made.value()); });
  it().run();
  EXPECT_EQ(seen[0].size(), 32U);
  EXPECT_EQ(seen[1].size(), 32U);
  EXPECT_NE(seen[0], seen[1]);
}

TEST_P(loop_crypto, tells_what_is_wrong) {
  it().crypto().hash("no such", "text", told());
  it().run();
  it().cancel(it().crypto().hash("sha256", "text", [&](auto sum) {
    log.emplace_back(!sum && sum.error().is_cancelled() ? "cancelled" : "faster");
  }));
  it().run();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_NE(log[0].find("no such algorithm"), std::string::npos) << log[0];
  auto crypto = it().crypto();
  it().close().value();
  EXPECT_THROW(crypto.hash("sha256", "text", told()), rouse::io_error);
}

}  // namespace
}  // namespace loop_test
