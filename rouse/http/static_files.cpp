#include <rouse/http/static_files.hpp>

#include <rouse/http/content_type.hpp>
#include <rouse/http/directory_page.hpp>
#include <rouse/http/page.hpp>
#include <rouse/http/target.hpp>

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

std::string_view last_segment(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

void static_files::refuse(exchange& x, status code, std::string_view allow) {
  x.set_status(code);
  append_error_answer(x.out(), code, x.options(), allow);
}

task<result<void>> static_files::respond(exchange& x) {
  const http::request& asked = x.request();
  if (asked.method() != verb::get && asked.method() != verb::head) {
    refuse(x, status::method_not_allowed, "GET, HEAD");
    co_return result<void>();
  }
  const auto target = decode_target(asked.target(), path_storage_);
  if (!target) {
    refuse(x, target.error());
    co_return result<void>();
  }
  std::string path(target->path);
  const std::string query(target->query);
  const bool has_query = target->has_query;
  const bool wants_directory = target->wants_directory;

  std::string asked_name = path.empty() ? "." : path;
  auto opened = co_await root_.open(std::move(asked_name), confined()).result();
  if (!opened) {
    refuse(x, status_of_open(opened.error()));
    co_return result<void>();
  }
  auto known = opened->status();
  if (!known) {
    refuse(x, status::internal_server_error);
    co_return result<void>();
  }
  if (known->kind == fs::file_kind::directory) {
    if (!wants_directory && !path.empty()) {
      std::string location;
      append_encoded_path(location, path, true);
      if (has_query) location.append("?").append(query);
      x.set_status(status::moved_permanently);
      auto appended = append_redirect(x.out(), status::moved_permanently, x.options(), location);
      if (!appended) refuse(x, status::bad_request);
      co_return result<void>();
    }
    auto page = co_await send_directory(x, std::move(*opened), std::move(path));
    co_return page;
  }
  if (known->kind != fs::file_kind::regular || wants_directory) {
    refuse(x, status::not_found);
    co_return result<void>();
  }
  auto sent = co_await send_file(x, std::move(*opened), *known, std::move(path));
  co_return sent;
}

task<result<void>> static_files::send_file(exchange& x, fs::file file, fs::file_status known,
                                           std::string name) {
  {
    response_head head(x.out(), status::ok, x.options().date);
    head.persistence(x.options().persistence);
    head.content_type(content_type_of(last_segment(name)));
    head.content_length(known.size_bytes);
    head.end();
  }
  if (x.is_head()) co_return result<void>();
  std::uint64_t at = 0;
  io::buffer piece;
  while (at < known.size_bytes) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(known.size_bytes - at, piece_bytes));
    auto read = co_await file.read_at(at, want, std::move(piece)).result();
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

task<result<void>> static_files::send_directory(exchange& x, fs::file self, std::string path) {
  const fs::directory here(std::move(self));
  auto index = co_await here.open("index.html", confined()).result();
  if (index) {
    auto known = index->status();
    if (known && known->kind == fs::file_kind::regular) {
      auto sent = co_await send_file(x, std::move(*index), *known, "index.html");
      co_return sent;
    }
  } else if (const status why = status_of_open(index.error()); why != status::not_found) {
    refuse(x, why);  // it is there, so the listing would be a lie
    co_return result<void>();
  }
  if (!options_.listing) {
    refuse(x, status::not_found);
    co_return result<void>();
  }
  auto entries = co_await here.list({.with_status = true}).result();
  if (!entries) {
    refuse(x, status_of_open(entries.error()));
    co_return result<void>();
  }
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
