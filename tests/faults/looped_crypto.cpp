// The scenario `loop_crypto`: a text hashed, keys made of a password, random bytes drawn, one hash
// asked for that nobody knows, and one that is cancelled.
#include <rouse/loop/loop_crypto.hpp>

#include <tests/faults/looped.hpp>

#include <string_view>

namespace faults {

using namespace rouse;

namespace {

class ciphers final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  void begin() override {
    const crypto::bytes salt = crypto::to_bytes("salt");
    ask(hash_, [this] {
      on().crypto().hash("sha256", "abc", [this](const result<crypto::bytes>& sum) {
        compare(hash_, sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      });
    });
    ask(pbkdf2_, [&] {  // RFC 6070
      on().crypto().pbkdf2("password", salt, {.digest = "sha1", .iterations = 2, .key_bytes = 20},
                           [this](const result<crypto::bytes>& key) {
                             compare(pbkdf2_, key, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
                           });
    });
    ask(scrypt_, [this] {  // RFC 7914
      on().crypto().scrypt("", {}, {.cost = 16, .block_size = 1, .key_bytes = 64},
                           [this](const result<crypto::bytes>& key) {
                             compare(scrypt_, key,
                                     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede2"
                                     "1442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c"
                                     "38d18906");
                           });
    });
    ask(random_, [this] {
      on().crypto().random_bytes(32, [this](const result<crypto::bytes>& drawn) {
        if (got(random_, drawn) && drawn->size() != 32) out.note_wrong("random", "another size");
      });
    });
    ask(unknown_, [this] {
      on().crypto().hash("no such", "abc", [this](const result<crypto::bytes>& sum) {
        unknown_.came(out);
        if (sum)
          out.note_wrong("unknown", "was known");
        else if (sum.error() != errc::unknown_algorithm)
          fail("unknown", sum.error());
      });
    });
    ask(cancelled_, [this] {
      const auto id = on().crypto().hash("sha256", "abc", [this](const result<crypto::bytes>& sum) {
        cancelled_.came(out);
        if (sum) out.note_wrong("cancel", "was not");
      });
      if (!on().cancel(id)) out.note_wrong("cancel", "had ended");
    });
  }
  void compare(due_calls& calls, const result<crypto::bytes>& computed, std::string_view right) {
    if (got(calls, computed) && crypto::to_hex(*computed) != right)
      out.note_wrong(calls.name(), "other bytes");
  }
  /// As `came`. What was asked for is there and in range: no fault may be blamed on that.
  bool got(due_calls& calls, const result<crypto::bytes>& computed) {
    for (const errc blame : {errc::unknown_algorithm, errc::invalid_input, errc::threw})
      if (!computed && computed.error() == blame)
        out.note_wrong(calls.name(), "says that the question was wrong");
    return came(calls, computed);
  }

  void let_go() noexcept override {}
  void settle() noexcept override {
    for (const due_calls* each : {&hash_, &pbkdf2_, &scrypt_, &random_, &unknown_, &cancelled_})
      each->settle(out);
    if (!is_over()) out.note_complete();
  }

  due_calls hash_{"hash"}, pbkdf2_{"pbkdf2"}, scrypt_{"scrypt"}, random_{"random"},
      unknown_{"unknown"}, cancelled_{"cancel"};
};

}  // namespace

const bool has_crypto = true;

void run_loop_crypto(const looped_site& at, outcome& out) { ciphers(at, out).run(); }

}  // namespace faults
