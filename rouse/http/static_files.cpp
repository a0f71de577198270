#include <rouse/http/static_files.hpp>

#include <rouse/http/content_type.hpp>
#include <rouse/http/directory_page.hpp>
#include <rouse/http/page.hpp>

#include <algorithm>

namespace rouse::http {
namespace {

constexpr std::size_t piece_bytes = 128 * 1024;  // of a file that is sent in pieces

fs::open_options confined() noexcept {
  fs::open_options options;
  options.beneath = true;
  options.no_symlinks = true;
  return options;
}

status status_of_open(const error& e) noexcept {
  switch (e.code) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EXDEV:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: return status::not_found;
    case EACCES:
    case EPERM: return status::forbidden;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return status::service_unavailable;
    default: return status::internal_server_error;
  }
}

}  // namespace

result<void> static_files::refuse(exchange& x, status code, std::string_view allow) {
  x.set_status(code);
  append_error_answer(x.out(), code, x.options(), allow);
  return {};
}

result<void> static_files::redirect_to_directory(exchange& x, const target_path& target) {
  std::string location;
  append_encoded_path(location, target.path, true);
  if (target.has_query) location.append("?").append(target.query);
  x.set_status(status::moved_permanently);
  if (append_redirect(x.out(), status::moved_permanently, x.options(), location)) return {};
  return refuse(x, status::bad_request);
}

task<result<void>> static_files::respond(exchange& x) {
  const verb method = x.request().method();
  if (method != verb::get && method != verb::head)
    co_return refuse(x, status::method_not_allowed, "GET, HEAD");
  std::string storage;
  const auto target = decode_target(x.request().target(), storage);
  if (!target) co_return refuse(x, target.error());

  std::string_view name = target->path;
  std::string path(name.empty() ? "." : name);
  auto opened = co_await root_.open(std::move(path), confined()).result();
  if (!opened) co_return refuse(x, status_of_open(opened.error()));
  auto known = opened->status();
  if (!known) co_return refuse(x, status::internal_server_error);
  if (known->kind == fs::file_kind::directory) {
    if (!target->wants_directory && !name.empty()) co_return redirect_to_directory(x, *target);
    fs::directory here(std::move(*opened));
    opened = co_await here.open("index.html", confined()).result();
    if (opened) known = opened->status();
    if (!opened || !known || known->kind != fs::file_kind::regular) {
      const status why = opened ? status::not_found : status_of_open(opened.error());
      if (why != status::not_found) co_return refuse(x, why);  // there, so a list would be a lie
      auto listed = co_await send_list(x, std::move(here), name);
      co_return listed;
    }
    name = "index.html";
  } else if (known->kind != fs::file_kind::regular || target->wants_directory) {
    co_return refuse(x, status::not_found);
  }

  begin_file(x, name, known->size_bytes);
  if (x.is_head()) co_return result<void>();
  std::uint64_t at = 0;
  io::buffer piece;
  while (at < known->size_bytes) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(known->size_bytes - at, piece_bytes));
    auto read = co_await opened->read_at(at, want, std::move(piece)).result();
    if (!read) co_return std::unexpected(read.error());
    piece = std::move(*read);
    if (piece.is_empty())
      co_return std::unexpected(error("read", errc::end_of_stream));  // it has shrunk
    at += piece.size();
    if (x.out().size() + piece.size() <= gather_bytes_max) {
      x.out().append(piece.text());
    } else {
      auto sent = co_await x.send(piece.bytes());
      if (!sent) co_return std::unexpected(sent.error());
    }
    piece.clear();
  }
  co_return result<void>();
}

void static_files::begin_file(exchange& x, std::string_view name, std::uint64_t bytes) {
  response_head head(x.out(), status::ok, x.options().date);
  head.persistence(x.options().persistence);
  head.content_type(content_type_of(name));
  head.content_length(bytes);
  head.end();
}

task<result<void>> static_files::send_list(exchange& x, fs::directory here, std::string_view path) {
  if (!options_.listing) co_return refuse(x, status::not_found);
  auto entries = co_await here.list({.with_status = true}).result();
  if (!entries) co_return refuse(x, status_of_open(entries.error()));
  std::vector<directory_entry> shown;
  shown.reserve(std::min(entries->size(), options_.listed_entries_max));
  directory_page page;
  for (const fs::directory_entry& e : *entries) {
    const bool is_directory = e.kind == fs::file_kind::directory;
    if ((!is_directory && e.kind != fs::file_kind::regular) || !is_servable_name(e.name)) continue;
    if (shown.size() == options_.listed_entries_max) {
      ++page.omitted;
      continue;
    }
    shown.push_back({.name = e.name,
                     .is_directory = is_directory,
                     .size = e.size_bytes,
                     .modified = e.modified_s});
  }
  page.path = path;
  page.root_name = options_.root_name;
  page.entries = shown;
  std::string text;
  append_directory_page(text, page);
  append_page_answer(x.out(), status::ok, x.options(), text);
  co_return result<void>();
}

}  // namespace rouse::http
