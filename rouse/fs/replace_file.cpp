#include <rouse/fs/replace_file.hpp>

#include <rouse/fs/internal/named_call.hpp>
#include <rouse/fs/internal/names.hpp>

#include <optional>

namespace rouse::fs {
namespace {

/// A file with a random name in `directory`, which goes unless it was given its final one.
class draft {
 public:
  static result<draft> make(int directory, std::uint32_t permissions) {
    auto name = internal::random_name(".rouse-");
    if (!name) return std::unexpected(name.error());
    auto opened = sys::open_at(directory, name->c_str(),
                               {.mode = sys::access::write,
                                .create = true,
                                .exclusive = true,
                                .permissions = permissions});
    if (!opened) return std::unexpected(opened.error());
    return draft(directory, std::move(*name), std::move(*opened));
  }
  draft(draft&& other) noexcept
      : directory_(other.directory_),
        name_(std::exchange(other.name_, {})),
        file_(std::move(other.file_)) {}
  draft& operator=(draft&&) = delete;
  ~draft() {
    if (!name_.empty()) (void)sys::unlink_at(directory_, name_.c_str());
  }

  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  result<void> write(std::string_view content) const {
    std::size_t at = 0;
    while (at < content.size()) {
      auto n = sys::write_at(fd(), io::as_bytes(content.substr(at)), at);
      if (!n) return std::unexpected(n.error());
      at += *n;
    }
    return {};
  }
  result<void> close() { return sys::close(std::move(file_)); }
  result<void> rename(const std::string& to) {
    auto done = sys::rename_at(directory_, name_.c_str(), directory_, to.c_str());
    if (done) name_.clear();
    return done;
  }

 private:
  draft(int directory, std::string name, sys::descriptor opened) noexcept
      : directory_(directory), name_(std::move(name)), file_(std::move(opened)) {}
  int directory_;
  std::string name_;
  sys::descriptor file_;
};

/// Permissions of what is there; none when nothing is.
result<std::optional<std::uint32_t>> permissions_of(int directory, const std::string& name) {
  auto former = sys::status_at(directory, name.c_str(), false);
  if (former) {
    if (former->kind == sys::file_kind::directory) return std::unexpected(error("replace", EISDIR));
    if (former->kind == sys::file_kind::regular) return former->permissions;
    return std::nullopt;  // a link, a socket: its permissions mean something else
  }
  if (former.error().code != ENOENT) return std::unexpected(former.error());
  return std::nullopt;
}

result<void> replace(const std::string& path, std::string_view content, replace_options options) {
  const internal::place to = internal::place_of(path);
  auto folder = sys::open_at(sys::current_directory, to.folder.c_str(), {.directory = true});
  if (!folder) return std::unexpected(folder.error());
  auto former = permissions_of(folder->get(), to.name);
  if (!former) return std::unexpected(former.error());
  // Nobody else may read the new content before it has the permissions it shall have.
  auto fresh = draft::make(folder->get(), *former ? 0600 : options.permissions);
  if (!fresh) return std::unexpected(fresh.error());
  result<void> done = fresh->write(content);
  if (done && *former) done = sys::set_permissions(fresh->fd(), **former);
  if (done && options.sync) done = sys::sync(fresh->fd());
  if (done) done = fresh->close();
  if (done) done = fresh->rename(to.name);
  if (done && options.sync) done = sys::sync(folder->get());
  return done;
}

}  // namespace

operation<void> replace_file(std::string path, std::string content, replace_options options) {
  auto job = [path, content = std::move(content), options] {
    return replace(path, content, options);
  };
  return internal::named_call(std::move(path), std::move(job));
}

}  // namespace rouse::fs
