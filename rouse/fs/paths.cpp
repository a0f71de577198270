#include <rouse/fs/paths.hpp>

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/offload.hpp>

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
  co_return result<void>();
}

using sys::current_directory;

template <class F>
task<result<void>> checked(std::string path, F call) {
  if (!internal::is_path(path)) co_return std::unexpected(error("path", errc::invalid_input));
  auto done = co_await internal::offload(std::move(call));
  co_return done;
}
template <class F>
operation<void> on_pool(std::string path, F call) {
  return {checked(path, std::move(call)), std::move(path)};
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
  return on_pool(path, [path] { return sys::unlink_at(current_directory, path.c_str()); });
}
operation<void> remove_directory(std::string path) {
  return on_pool(path, [path] {
    return sys::unlink_at(current_directory, path.c_str(), sys::unlink_directory);
  });
}
operation<void> rename(std::string from, std::string to) {
  return on_pool(from + " -> " + to, [from, to]() -> result<void> {
    return sys::rename_at(current_directory, from.c_str(), current_directory, to.c_str());
  });
}
operation<void> create_directory(std::string path, std::uint32_t permissions) {
  return on_pool(path, [path, permissions] {
    return sys::make_directory_at(current_directory, path.c_str(), permissions);
  });
}

}  // namespace rouse::fs
