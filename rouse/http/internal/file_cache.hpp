// Small files, read once for several requests.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/list.hpp>
#include <rouse/sys/file.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rouse::internal {

/// A file as it was when it was read. Refers to static text for type and coding.
struct cached_file : list_link {
  std::string key;
  sys::file_status status;
  std::string content;
  std::string_view type;
  std::string_view coding;
  bool varies = false;
  std::uint64_t batch = 0;  // when it was read
  instant checked;
};

/// When may a file be served without a look at the disk? Always, when it was read for a request
/// that arrived in the same read of the same connection: all of them were there before the file was
/// opened, so each could have been answered then. Beyond that only for as long as the owner allows.
///
/// Least recently used files go first when there is no room. One thread.
class file_cache {
 public:
  /// @param fresh_for  after its read; 0: only within a batch, and one file is kept.
  /// @param bytes_max  of contents, and of what each entry takes besides.
  file_cache(nanoseconds fresh_for, std::size_t bytes_max) noexcept
      : fresh_for_(fresh_for), bytes_max_(bytes_max) {}
  file_cache(const file_cache&) = delete;
  file_cache& operator=(const file_cache&) = delete;

  /// Null: ask the disk. Valid until the next put.
  /// @param batch  of the request; 0: not known, and no other's.
  [[nodiscard]] const cached_file* get(std::string_view key, std::uint64_t batch) noexcept;
  void put(std::unique_ptr<cached_file> file);
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] static constexpr std::size_t file_bytes_max() noexcept { return 32 * 1024; }

 private:
  void remove(cached_file& file) noexcept;
  [[nodiscard]] static std::size_t cost_of(const cached_file& file) noexcept;

  nanoseconds fresh_for_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  list<cached_file> by_use_;  // least recently used first
  std::unordered_map<std::string_view, std::unique_ptr<cached_file>> files_;  // keys are in them
};

}  // namespace rouse::internal
