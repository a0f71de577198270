#include <rouse/fs/directory.hpp>

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/offload.hpp>
#include <rouse/sys/directory.hpp>

#include <cerrno>

namespace rouse::fs {
namespace {

using internal::start;

result<std::vector<directory_entry>> read_entries(const start& at, const std::string& path,
                                                  list_options options) {
  auto opened = sys::open_at(at.fd(), path.c_str(), {.directory = true});
  if (!opened) return std::unexpected(opened.error());
  sys::directory_reader reader(std::move(*opened));
  std::vector<directory_entry> entries;
  for (;;) {
    auto next = reader.next();
    if (!next) return std::unexpected(next.error());
    if (!*next) return entries;
    if (entries.size() == options.entries_max)
      return std::unexpected(error("list", errc::too_large));
    directory_entry& e = entries.emplace_back();
    e.name = (*next)->name;
    e.kind = (*next)->kind;
    if (!options.with_status && e.kind != file_kind::unknown) continue;
    auto known = sys::status_at(reader.fd(), e.name.c_str(), false);
    if (!known) {
      if (known.error().code != ENOENT) return std::unexpected(known.error());
      entries.pop_back();  // removed meanwhile
      continue;
    }
    e.kind = known->kind;
    e.size_bytes = known->size_bytes;
    e.modified_s = known->modified_s;
    e.modified_ns = known->modified_ns;
  }
}

task<result<std::vector<directory_entry>>> listed(start at, std::string path,
                                                  list_options options) {
  if (!internal::is_path(path)) co_return std::unexpected(error("list", errc::invalid_input));
  auto job = [at = std::move(at), path = std::move(path), options] {
    return read_entries(at, path, options);
  };
  auto entries = co_await internal::offload(std::move(job));
  co_return entries;
}

task<result<directory>> opened(std::string path, open_options options) {
  options.directory = true;
  auto self = co_await open(std::move(path), options).result();
  if (!self) co_return std::unexpected(self.error());
  co_return directory(std::move(*self));
}

}  // namespace

open_operation directory::open(std::string path, open_options options) const {
  return open_operation({start(self_.share()), std::move(path), options});
}
operation<file_status> directory::status(std::string path, bool follow) const {
  return {internal::status(start(self_.share()), path, follow), path};
}
operation<std::vector<directory_entry>> directory::list(list_options options) const {
  return {listed(start(self_.share()), ".", options), self_.path()};
}

operation<directory> open_directory(std::string path, open_options options) {
  return {opened(path, options), path};
}
operation<std::vector<directory_entry>> list_directory(std::string path, list_options options) {
  return {listed(start(), path, options), path};
}

}  // namespace rouse::fs
