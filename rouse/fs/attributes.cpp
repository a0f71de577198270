#include <rouse/fs/attributes.hpp>

#include <rouse/fs/internal/named_call.hpp>

namespace rouse::fs {

using internal::named_call;
using sys::current_directory;

operation<void> set_permissions(std::string path, std::uint32_t permissions) {
  return named_call(path, [path, permissions] {
    return sys::set_permissions_at(current_directory, path.c_str(), permissions);
  });
}
operation<void> set_times(std::string path, new_times times, bool follow) {
  return named_call(path, [path, times, follow] {
    return sys::set_times_at(current_directory, path.c_str(), times, follow);
  });
}

}  // namespace rouse::fs
