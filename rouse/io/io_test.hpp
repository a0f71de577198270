// For the tests of io: polls by hand.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>

#include <tests/support/counting_waker.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rouse::io::testing {

using support::counting_waker;

template <class P>
auto poll_once(P& p, wakeable& w = no_wakeable()) {
  context cx(w);
  return p.poll(cx);
}
template <class P>
bool cancel_once(P& p) {
  context cx(no_wakeable());
  return rouse::poll_cancel(p, cx).is_ready();
}
/// Polls once; the answer must be there and be a value.
template <class P>
auto must_finish(P&& p) {
  auto answer = poll_once(p);
  EXPECT_TRUE(answer.is_ready());
  auto value = answer.take();
  EXPECT_TRUE(value) << value.error().message();
  return value;
}

struct block {
  std::vector<std::byte> bytes;
  explicit block(std::size_t n) : bytes(n) {}
  [[nodiscard]] std::span<std::byte> first(std::size_t n) { return std::span(bytes).first(n); }
  [[nodiscard]] std::string text(std::size_t n) const {
    return std::string(as_text(std::span(bytes).first(n)));
  }
};

/// Reads up to 64 KiB that must be there.
template <class S>
std::string take_text(S& from) {
  block memory(65536);
  auto read = from.read(std::span(memory.bytes));
  const auto count = must_finish(read);
  return count ? memory.text(*count) : std::string();
}

}  // namespace rouse::io::testing
