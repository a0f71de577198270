// Serves the files below one directory.
#pragma once

#include <rouse/fs/directory.hpp>
#include <rouse/http/exchange.hpp>
#include <rouse/http/ranges.hpp>
#include <rouse/http/target.hpp>

#include <string>

namespace rouse::internal {
class file_cache;
}

namespace rouse::http {

struct static_files_options {
  static_files_options() = default;
  bool listing = true;                      ///< a page for directories without an index.html
  std::size_t listed_entries_max = 10'000;  ///< more are counted, not shown
  std::string root_name = "~";              ///< what the root is called on its page
  /// Where "a.js.br" or "a.js.gz" stand beside "a.js", and are not older, they go to clients that
  /// take them.
  bool precompressed = true;
  /// Files beyond 64 KiB go from the page cache to the socket without a copy (sendfile),
  /// which is faster. Off, because a file that is truncated or rewritten in place then changes what
  /// has been sent and not yet received, zeros included, and no length tells.
  bool sendfile = false;
  /// How long a small file may be served from memory without a look at the disk. 0: never, except
  /// to requests that arrived together.
  nanoseconds cached_for{};
  std::size_t cache_bytes_max = 16u << 20;  ///< of memory, with cached_for
  /// Cache-Control of files, "max-age=3600" for example; empty: none. Must be a field value.
  std::string cache_control;
};

/// GET and HEAD of regular files and directory pages; 405 for the rest. No way out of the
/// directory: the kernel resolves paths beneath it (openat2), follows no symbolic link, and names
/// that begin with a dot are not there.
///
/// Files have an ETag and Last-Modified, conditions and ranges are answered by them. A file that
/// shrinks while it is sent cuts the connection; it is never padded.
/// @cost  A file in the kernel's caches: open, status, read, close, and the answer's share of a
///        send.
class static_files final : public handler {
 public:
  explicit static_files(fs::directory root, static_files_options options = {});
  ~static_files() override;
  [[nodiscard]] task<result<void>> respond(exchange& x) override;

 private:
  struct selected;
  [[nodiscard]] task<result<void>> send_list(exchange& x, fs::directory here, target_path target);
  [[nodiscard]] task<result<void>> send(exchange& x, selected& file);
  [[nodiscard]] task<void> prefer_compressed(exchange& x, selected& file, std::string_view path);
  [[nodiscard]] task<result<void>> read_small(selected& file);
  void keep(const std::string& key, const selected& file, std::uint64_t batch);
  [[nodiscard]] task<result<void>> send_whole(exchange& x, selected& file);
  [[nodiscard]] task<result<void>> send_parts(exchange& x, selected& file,
                                              std::span<const byte_range> parts);
  void describe(response_head& head, const selected& file) const;

  fs::directory root_;
  static_files_options options_;
  internal::file_cache* const cache_;  // owned; a pointer keeps its headers out
};

}  // namespace rouse::http
