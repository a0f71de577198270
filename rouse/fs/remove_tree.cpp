#include <rouse/fs/remove_tree.hpp>

#include <rouse/fs/internal/named_call.hpp>
#include <rouse/sys/directory.hpp>

#include <memory>
#include <vector>

namespace rouse::fs {
namespace {

constexpr std::size_t levels_max = 256;
constexpr int rounds_max = 8;  // some file systems skip entries of a directory that is changed

/// A directory on the way down.
struct level {
  level(sys::descriptor opened, std::string n) : reader(std::move(opened)), name(std::move(n)) {}
  sys::directory_reader reader;
  std::string name;  // in the level above
  int rounds = 1;
};
using levels = std::vector<std::unique_ptr<level>>;

result<void> enter(levels& path, int above, std::string name) {
  if (path.size() == levels_max) return std::unexpected(error("remove", errc::too_large));
  auto opened = sys::open_at(above, name.c_str(), {.directory = true, .no_follow = true});
  if (!opened) return std::unexpected(opened.error());
  path.push_back(std::make_unique<level>(std::move(*opened), std::move(name)));
  return {};
}

/// True when it is a directory, which must be emptied first.
result<bool> remove_entry(int directory, const char* name) {
  auto removed = sys::unlink_at(directory, name);
  if (removed || removed.error().code == ENOENT) return false;
  if (removed.error().code != EISDIR && removed.error().code != EPERM)
    return std::unexpected(removed.error());
  auto known = sys::status_at(directory, name, false);
  if (known && known->kind == sys::file_kind::directory) return true;
  return std::unexpected(removed.error());
}

/// The lowest level is read to its end: its directory goes, or is read once more.
result<void> leave(levels& path, int top) {
  const std::unique_ptr<level> done = std::move(path.back());
  path.pop_back();
  const int above = path.empty() ? top : path.back()->reader.fd();
  auto removed = sys::unlink_at(above, done->name.c_str(), sys::unlink_directory);
  if (removed || removed.error().code == ENOENT) return {};
  if (removed.error().code != ENOTEMPTY || done->rounds == rounds_max) return removed;
  if (auto again = enter(path, above, done->name); !again) return again;
  path.back()->rounds = done->rounds + 1;
  return {};
}

}  // namespace

result<void> internal::remove_tree_now(const std::string& path) {
  constexpr int top = sys::current_directory;
  auto first = remove_entry(top, path.c_str());
  if (!first) return std::unexpected(first.error());
  if (!*first) return {};
  levels down;
  if (auto entered = enter(down, top, path); !entered) return entered;
  while (!down.empty()) {
    level& here = *down.back();
    auto next = here.reader.next();
    if (!next) return std::unexpected(next.error());
    if (!*next) {
      if (auto left = leave(down, top); !left) return left;
      continue;
    }
    const std::string name((*next)->name);
    auto removed = remove_entry(here.reader.fd(), name.c_str());
    if (!removed) return std::unexpected(removed.error());
    if (!*removed) continue;
    if (auto entered = enter(down, here.reader.fd(), name); !entered) return entered;
  }
  return {};
}

operation<void> remove_tree(std::string path) {
  auto job = [path] { return internal::remove_tree_now(path); };
  return internal::named_call(std::move(path), std::move(job));
}

}  // namespace rouse::fs
