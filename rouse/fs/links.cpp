#include <rouse/fs/links.hpp>

#include <rouse/fs/internal/named_call.hpp>

namespace rouse::fs {

using internal::named_call;
using sys::current_directory;

operation<void> hard_link(std::string existing, std::string path) {
  return named_call(existing + " -> " + path, [existing, path] {
    return sys::link_at(current_directory, existing.c_str(), current_directory, path.c_str());
  });
}
operation<void> symbolic_link(std::string target, std::string path) {
  return named_call(path + " -> " + target, [target, path] {
    return sys::symbolic_link_at(target.c_str(), current_directory, path.c_str());
  });
}
operation<std::string> read_link(std::string path) {
  return named_call(path, [path] { return sys::read_link_at(current_directory, path.c_str()); });
}
operation<std::string> canonical(std::string path) {
  return named_call(path, [path]() -> result<std::string> {
    // The kernel resolves, and tells where it came to: no race between looking and following.
    auto there = sys::open_at(current_directory, path.c_str(), {.path_only = true});
    if (!there) return std::unexpected(there.error());
    return sys::path_of(there->get());
  });
}

}  // namespace rouse::fs
