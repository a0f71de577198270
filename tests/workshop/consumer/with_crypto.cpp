// What a user of the optional component needs.
#include <rouse/crypto/crypto.hpp>
#include <rouse/rouse.hpp>

#include <cstdio>

rouse::task<int> hash_abc() {
  const auto sum = co_await rouse::crypto::hash("sha256", "abc");
  co_return rouse::crypto::to_hex(sum).starts_with("ba7816bf") && std::puts("hello") >= 0 ? 0 : 1;
}

int main() { return rouse::run(hash_abc()); }
