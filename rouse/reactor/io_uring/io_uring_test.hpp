// The ground that the tests of this folder share: a reactor of this kind on the contract suite's
// ground, plain blocking sockets for the far ends, and owned file operations.
#pragma once

#include <rouse/reactor/contract_test.hpp>
#include <rouse/reactor/io_uring/io_uring_reactor.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>
#include <tests/support/scratch_folder.hpp>

#include <unistd.h>

#include <string>

namespace rouse::testing {

class io_uring_test : public reactor_contract {
 protected:
  [[nodiscard]] io_uring_reactor& ring() { return static_cast<io_uring_reactor&>(on()); }

  struct pair {
    source ours;
    sys::descriptor peer;
  };
  /// A Unix stream: one end attached, the other one ours to use directly.
  pair unix_pair() {
    auto both = sys::open_socket_pair().value();
    return {on().attach(std::move(both.first), source_kind::stream).value(),
            std::move(both.second)};
  }
};

/// Tests run once, with this one kind of reactor.
inline constexpr auto this_kind = [] { return ::testing::Values(reactor_kind::io_uring); };

using support::scratch_folder;

/// Opens a file, owning its path.
class owned_open final : public owned_operation {
 public:
  owned_open(reactor& on, std::string path, const sys::open_options& how)
      : path_(std::move(path)), how_(sys::how_to_open(how)) {
    open(on, sys::current_directory, path_.c_str(), how_);
  }

 private:
  std::string path_;
  sys::open_how how_;
};

/// Writes to a file, owning the bytes.
class owned_write final : public owned_operation {
 public:
  owned_write(reactor& on, int fd, std::string bytes) : bytes_(std::move(bytes)) {
    write_at(on, fd, bytes_of(bytes_), 0);
  }

 private:
  std::string bytes_;
};

}  // namespace rouse::testing
