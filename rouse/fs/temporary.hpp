// Files and directories that go when their owner does.
#pragma once

#include <rouse/fs/file.hpp>

#include <string>
#include <utility>

namespace rouse::fs {

/// Trivial members only.
struct temporary_options {
  bool named = false;  ///< other programs shall open it; else it has no name where the file system
                       ///< can do that, and goes also when the process is killed
  std::uint32_t permissions = 0600;  ///< less the umask
};

/// A file that is gone when this is, unless it is kept. Open for reading and writing. Move only.
class temporary_file {
 public:
  temporary_file(temporary_file&& other) noexcept
      : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}
  temporary_file& operator=(temporary_file&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(path_, other.path_);
    return *this;
  }
  /// Unlinks the name, if it has one: one call on this thread.
  ~temporary_file();

  [[nodiscard]] const file& get() const noexcept { return file_; }
  [[nodiscard]] const file* operator->() const noexcept { return &file_; }
  /// Empty when it has no name.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// It stays, under this name, which must be free and lie in the same file system. Sync the file
  /// first where a crash shall find its content.
  /// @errors  EEXIST, EXDEV, ...; it is then still temporary.
  /// @cancel  One that has begun may still happen.
  [[nodiscard]] operation<void> keep_as(std::string path);

 private:
  friend operation<temporary_file> create_temporary_file(std::string, temporary_options);
  temporary_file(file opened, std::string path) noexcept
      : file_(std::move(opened)), path_(std::move(path)) {}
  file file_;
  std::string path_;
};

/// In `folder`; empty: in TMPDIR, else /tmp. A named one is called so that nobody can guess it.
[[nodiscard]] operation<temporary_file> create_temporary_file(std::string folder = {},
                                                              temporary_options options = {});

/// A directory for this user only (0700) that is removed with all it holds when this goes. Move
/// only.
class temporary_directory {
 public:
  temporary_directory(temporary_directory&& other) noexcept
      : path_(std::exchange(other.path_, {})) {}
  temporary_directory& operator=(temporary_directory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  /// Removes on this thread, which waits for the disk; `remove()` does not.
  ~temporary_directory();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Removes it now, on the pool, and reports what could not be removed.
  [[nodiscard]] operation<void> remove() &&;
  /// It stays. Gives its path.
  [[nodiscard]] std::string keep() && noexcept { return std::exchange(path_, {}); }

 private:
  friend operation<temporary_directory> create_temporary_directory(std::string);
  explicit temporary_directory(std::string path) noexcept : path_(std::move(path)) {}
  std::string path_;
};

[[nodiscard]] operation<temporary_directory> create_temporary_directory(std::string folder = {});

}  // namespace rouse::fs
