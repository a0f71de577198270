// A loop under test with files of its own.
#pragma once

#include <rouse/loop/on_loop_test.hpp>

#include <tests/support/scratch_folder.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace loop_test {

class on_files : public on_loop {
 protected:
  std::string at(const char* name) const { return folder / name; }
  std::string text_of(const std::string& path) const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& path, const std::string& text) const { std::ofstream(path) << text; }

  support::scratch_folder folder;
};

}  // namespace loop_test
