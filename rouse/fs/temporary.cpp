#include <rouse/fs/temporary.hpp>

#include <rouse/fs/internal/named_call.hpp>
#include <rouse/fs/internal/names.hpp>
#include <rouse/fs/remove_tree.hpp>

namespace rouse::fs {
namespace {

using sys::current_directory;

/// What kernels and file systems say that have no unnamed files.
bool has_no_unnamed_files(const error& e) noexcept {
  return e.code == EOPNOTSUPP || e.code == EISDIR || e.code == EINVAL;
}

task<result<void>> kept(internal::open_file_ref file, std::string* temporary, std::string path) {
  if (!internal::is_path(path)) co_return std::unexpected(error("path", errc::invalid_input));
  auto job = [file = std::move(file), from = *temporary, path] {
    if (from.empty()) return sys::link_open_file(file.fd(), current_directory, path.c_str());
    return sys::rename_at(current_directory, from.c_str(), current_directory, path.c_str(),
                          sys::rename_no_replace);
  };
  auto done = co_await internal::offload(std::move(job));
  if (done) temporary->clear();
  co_return done;
}

result<std::string> make_directory(const std::string& folder) {
  auto name = internal::random_name("rouse-");
  if (!name) return std::unexpected(name.error());
  std::string path = internal::joined(folder, *name);
  auto made = sys::make_directory_at(current_directory, path.c_str(), 0700);
  if (!made) return std::unexpected(made.error());
  return path;
}

}  // namespace

temporary_file::~temporary_file() {
  if (!path_.empty()) (void)sys::unlink_at(current_directory, path_.c_str());
}

operation<void> temporary_file::keep_as(std::string path) {
  return {kept(file_.share(), &path_, path), path};
}

operation<temporary_file> create_temporary_file(std::string folder, temporary_options options) {
  if (folder.empty()) folder = internal::temporary_folder();
  auto job = [folder, options]() -> result<temporary_file> {
    sys::open_options how{.mode = sys::access::read_write, .permissions = options.permissions};
    if (!options.named) {
      how.unnamed = true;
      auto opened = sys::open_at(current_directory, folder.c_str(), how);
      if (opened) return temporary_file(file(std::move(*opened), folder), {});
      if (!has_no_unnamed_files(opened.error())) return std::unexpected(opened.error());
      how.unnamed = false;
    }
    auto name = internal::random_name("rouse-");
    if (!name) return std::unexpected(name.error());
    const std::string path = internal::joined(folder, *name);
    how.create = how.exclusive = true;
    auto opened = sys::open_at(current_directory, path.c_str(), how);
    if (!opened) return std::unexpected(opened.error());
    return temporary_file(file(std::move(*opened), path), path);
  };
  return internal::named_call(std::move(folder), std::move(job));
}

temporary_directory::~temporary_directory() {
  if (path_.empty()) return;
  try {
    (void)internal::remove_tree_now(path_);
  } catch (...) {  // no memory: as after any other failure, what is left is left
  }
}

operation<void> temporary_directory::remove() && {
  const std::string path = path_;
  // The job owns it: one that never begins still removes, as this is destroyed.
  auto job = [self = std::move(*this)]() mutable {
    return internal::remove_tree_now(std::exchange(self.path_, {}));
  };
  return internal::named_call(path, std::move(job));
}

operation<temporary_directory> create_temporary_directory(std::string folder) {
  if (folder.empty()) folder = internal::temporary_folder();
  auto job = [folder]() -> result<temporary_directory> {
    auto path = make_directory(folder);
    if (!path) return std::unexpected(path.error());
    return temporary_directory(std::move(*path));
  };
  return internal::named_call(std::move(folder), std::move(job));
}

}  // namespace rouse::fs
