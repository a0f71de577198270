// Serves the files below one directory.
#pragma once

#include <rouse/fs/directory.hpp>
#include <rouse/http/exchange.hpp>
#include <rouse/http/target.hpp>

#include <string>

namespace rouse::http {

struct static_files_options {
  bool listing = true;                      ///< a page for directories without an index.html
  std::size_t listed_entries_max = 10'000;  ///< more are counted, not shown
  std::string root_name = "~";              ///< what the root is called on its page
};

/// GET and HEAD of regular files and directory pages; 405 for the rest. No way out of the
/// directory: the kernel resolves paths beneath it (openat2), follows no symbolic link, and names
/// that begin with a dot are not there. A file that shrinks while it is sent cuts the connection;
/// it is never padded.
class static_files final : public handler {
 public:
  explicit static_files(fs::directory root) : root_(std::move(root)) {}
  static_files(fs::directory root, static_files_options options)
      : root_(std::move(root)), options_(std::move(options)) {}
  [[nodiscard]] task<result<void>> respond(exchange& x) override;

 private:
  static result<void> refuse(exchange& x, status code, std::string_view allow = {});
  static result<void> redirect_to_directory(exchange& x, const target_path& target);
  static void begin_file(exchange& x, std::string_view name, std::uint64_t bytes);
  [[nodiscard]] task<result<void>> send_list(exchange& x, fs::directory here,
                                             std::string_view path);

  fs::directory root_;
  static_files_options options_;
};

}  // namespace rouse::http
