// A loop under test: on each reactor, with time that passes only when nothing else happens, and a
// log of what was called.
#pragma once

#include <rouse/io/bytes.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/time/manual_clock.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/open_descriptors.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace loop_test {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

class on_loop : public support::each_reactor {
 protected:
  /// Before the test's own folder: a job that was given up may still make a file there.
  void TearDown() override { loop_.reset(); }
  /// Makes another loop with these options, on the same clock.
  rouse::loop& make(rouse::loop_options options = {}) {
    loop_.reset();
    clock_.set_auto_advance(true);
    options.runtime.reactor.kind = GetParam();
    options.runtime.clock = &clock_;
    loop_.emplace(options);
    return *loop_;
  }
  /// The same on the clock of the machine: for what happens on other threads, which virtual time
  /// would overtake.
  rouse::loop& make_real(rouse::loop_options options = {}) {
    loop_.reset();
    options.runtime.reactor.kind = GetParam();
    loop_.emplace(options);
    return *loop_;
  }
  rouse::loop& it() { return loop_ ? *loop_ : make(); }
  /// What is open, with what the reactor opens when it is needed first: a busy machine may do all
  /// that it would wait for before it looks.
  std::size_t open_descriptors() {
    it().runtime().reactor().open().value();
    return support::open_descriptors();
  }
  /// A callback that writes a line.
  auto say(std::string line) {
    return [this, line = std::move(line)] { log.push_back(line); };
  }
  /// A callback that writes the bytes it is given.
  auto say_bytes() {
    return
        [this](std::span<const std::byte> piece) { log.emplace_back(rouse::io::as_text(piece)); };
  }
  /// Runs the loop, and gives what that throws.
  std::string thrown() {
    try {
      it().run();
    } catch (const std::exception& e) {
      return e.what();
    }
    return "nothing";
  }
  /// A callback that throws.
  static auto fail(std::string what) {
    return [what = std::move(what)](auto&&...) { throw std::runtime_error(what); };
  }
  /// Time since the test began.
  std::chrono::milliseconds passed() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
  }

  lines log;
  rouse::manual_clock clock_;
  const rouse::instant began_ = clock_.now();
  std::optional<rouse::loop> loop_;
};

}  // namespace loop_test
