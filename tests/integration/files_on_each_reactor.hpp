// What the suites of files share: a runtime on each reactor, a folder, and a look at the
// descriptors when all is over.
#pragma once

#include <rouse/rouse.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/open_descriptors.hpp>
#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace support {

/// Plain reading and writing, past the library.
inline void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}
inline std::string get(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

/// A suite of it: the parameter names the reactor.
class files_on_each_reactor : public each_reactor {
 protected:
  void SetUp() override {
    each_reactor::SetUp();
    if (IsSkipped()) return;
    before_ = open_descriptors();
    runtime_.emplace(std::move(rouse::runtime::make({.reactor = {.kind = GetParam()}}).value()));
  }
  void TearDown() override {
    if (!runtime_) return;
    runtime_.reset();
    EXPECT_EQ(open_descriptors(), before_) << "a descriptor is left";
  }
  [[nodiscard]] std::string at(std::string_view name) const { return folder_ / name; }
  template <class P>
  auto run(P work) {
    return runtime_->block_on(rouse::assume_owned(std::move(work)));
  }
  /// Names in the folder, in order.
  [[nodiscard]] std::string names() const {
    std::vector<std::string> all;
    for (auto& entry : std::filesystem::directory_iterator(folder_.path()))
      all.push_back(entry.path().filename());
    std::ranges::sort(all);
    std::string text;
    for (const std::string& name : all)
      text.append(text.empty() ? "" : " ").append(name);
    return text;
  }

  std::optional<rouse::runtime> runtime_;
  const scratch_folder folder_;

 private:
  std::size_t before_ = 0;
};

}  // namespace support
