// Open directories: a place that paths start from, and the list of what they hold.
#pragma once

#include <rouse/fs/file.hpp>

#include <string>
#include <vector>

namespace rouse::fs {

struct directory_entry {
  std::string name;
  file_kind kind = file_kind::unknown;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_s = 0;  ///< since 1970
  std::uint32_t modified_ns = 0;
};

struct list_options {
  bool with_status = false;  ///< ask each entry for size and time, which costs a call each; one
                             ///< that is gone by then is left out
  std::size_t entries_max = 1'000'000;  ///< beyond: too_large
};

/// An open directory. With `beneath` and `no_symlinks` in the options of `open`, nothing outside
/// can be reached through it, whatever is renamed meanwhile.
class directory {
 public:
  explicit directory(sys::descriptor descriptor, std::string path = {})
      : self_(std::move(descriptor), std::move(path)) {}

  /// An open file that is a directory.
  explicit directory(file self) noexcept : self_(std::move(self)) {}

  [[nodiscard]] open_operation open(std::string path, open_options options = {}) const;
  [[nodiscard]] operation<file_status> status(std::string path, bool follow = true) const;
  [[nodiscard]] operation<std::vector<directory_entry>> list(list_options options = {}) const;
  [[nodiscard]] const std::string& path() const noexcept { return self_.path(); }
  [[nodiscard]] int native_handle() const noexcept { return self_.native_handle(); }

 private:
  file self_;
};

[[nodiscard]] operation<directory> open_directory(std::string path, open_options options = {});
/// Entries in the order of the file system, "." and ".." left out.
[[nodiscard]] operation<std::vector<directory_entry>> list_directory(std::string path,
                                                                     list_options options = {});

}  // namespace rouse::fs
