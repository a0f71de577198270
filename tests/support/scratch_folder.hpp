// A place for a test's files.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

/// A folder of its own, removed with everything in it.
class scratch_folder {
 public:
  scratch_folder() {
    path_ = (std::filesystem::temp_directory_path() / "rouse-XXXXXX").string();
    if (!::mkdtemp(path_.data())) throw std::runtime_error("no folder at " + path_);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

}  // namespace support
