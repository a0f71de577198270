#include <rouse/fs/paths.hpp>

#include <rouse/fs/internal/named_call.hpp>

namespace rouse::fs {
namespace {

task<result<std::string>> contents(std::string path, std::size_t bytes_max) {
  auto opened = co_await open(std::move(path)).result();
  if (!opened) co_return std::unexpected(opened.error());
  auto content = co_await opened->read_to_end(0, bytes_max).result();
  if (!content) co_return std::unexpected(content.error());
  co_return std::string(content->text());
}

task<result<void>> replaced(std::string path, std::string content) {
  io::buffer bytes;
  bytes.append(content);
  open_options options;
  options.mode = sys::access::write;
  options.create = options.truncate = true;
  auto opened = co_await open(std::move(path), options).result();
  if (!opened) co_return std::unexpected(opened.error());
  auto done = co_await opened->write_all_at(0, std::move(bytes)).result();
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*opened).close();
}

using sys::current_directory;

std::uint32_t flags_of(rename_mode mode) noexcept {
  switch (mode) {
    case rename_mode::replace: return 0;
    case rename_mode::no_replace: return sys::rename_no_replace;
    case rename_mode::exchange: return sys::rename_exchange;
  }
  ROUSE_UNREACHABLE();
}

}  // namespace

operation<std::string> read_file(std::string path, std::size_t bytes_max) {
  return {contents(path, bytes_max), path};
}
operation<void> write_file(std::string path, std::string content) {
  return {replaced(path, std::move(content)), path};
}

operation<file_status> status(std::string path, bool follow) {
  return {internal::status(internal::start(), path, follow), path};
}
operation<void> remove_file(std::string path) {
  return internal::named_call(path,
                              [path] { return sys::unlink_at(current_directory, path.c_str()); });
}
operation<void> remove_directory(std::string path) {
  return internal::named_call(path, [path] {
    return sys::unlink_at(current_directory, path.c_str(), sys::unlink_directory);
  });
}
operation<void> rename(std::string from, std::string to, rename_mode mode) {
  return internal::named_call(from + " -> " + to, [from, to, mode] {
    return sys::rename_at(current_directory, from.c_str(), current_directory, to.c_str(),
                          flags_of(mode));
  });
}
operation<void> create_directory(std::string path, std::uint32_t permissions) {
  return internal::named_call(path, [path, permissions] {
    return sys::make_directory_at(current_directory, path.c_str(), permissions);
  });
}

}  // namespace rouse::fs
