// What a directory holds, in the order of the file system.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/file.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rouse::sys {

struct directory_entry {
  std::string_view name;  ///< valid until the next call; never "." or ".."
  file_kind kind =
      file_kind::unknown;  ///< unknown where the file system does not say: ask status_at()
  std::uint64_t inode = 0;
};

/// Reads an open directory in pieces of 8 KiB; may block.
class directory_reader {
 public:
  /// Takes over a descriptor that open_at() gave with `directory`.
  explicit directory_reader(descriptor directory) noexcept : directory_(std::move(directory)) {}

  /// The next entry; null at the end. Errors: ENOTDIR, EIO, ...
  [[nodiscard]] result<const directory_entry*> next();
  /// For status_at().
  [[nodiscard]] int fd() const noexcept { return directory_.get(); }

 private:
  descriptor directory_;
  directory_entry entry_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  alignas(8) std::byte buffer_[8192];
};

}  // namespace rouse::sys
