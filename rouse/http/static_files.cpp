#include <rouse/http/static_files.hpp>

#include <rouse/http/conditions.hpp>
#include <rouse/http/content_coding.hpp>
#include <rouse/http/content_type.hpp>
#include <rouse/http/directory_page.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/internal/file_cache.hpp>
#include <rouse/http/page.hpp>
#include <rouse/http/ranges.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/time/clock.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace rouse::http {
namespace {

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

/// "5f3c-1a2b-400": time and size of the file in hexadecimal digits, so that it changes with every
/// change that a file system tells. Weak while the file is so young that it could change again
/// without that its time does.
class entity_tag {
 public:
  entity_tag(const fs::file_status& file, std::string_view coding, bool is_fresh) noexcept {
    if (is_fresh) add("W/");
    add("\"");
    add(static_cast<std::uint64_t>(file.modified_s));
    add("-");
    add(file.modified_ns);
    add("-");
    add(file.size_bytes);
    if (!coding.empty()) add("-");
    add(coding);
    add("\"");
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  void add(std::string_view part) noexcept {
    std::ranges::copy(part, text_.begin() + size_);
    size_ += part.size();
  }
  void add(std::uint64_t number) noexcept {
    char* const end =
        std::to_chars(text_.data() + size_, text_.data() + text_.size(), number, 16).ptr;
    size_ = static_cast<std::size_t>(end - text_.data());
  }
  std::array<char, 64> text_;  // 2 + 1 + 16 + 1 + 8 + 1 + 16 + 1 + 4 + 1 at most
  std::size_t size_ = 0;
};

result<void> redirect_to_directory(exchange& x, const target_path& target) {
  std::string location(x.mounted_at());
  append_encoded_path(location, target.path, true);
  if (target.has_query) location.append("?").append(target.query);
  if (x.redirect(location, status::moved_permanently)) return {};
  x.error(status::bad_request);
  return {};
}

result<void> refuse(exchange& x, status code) {
  x.error(code);
  return {};
}

file_copy copy_of(const static_files_options& options) noexcept {
  return options.sendfile ? file_copy::none : file_copy::through_memory;
}

/// What decides which file answers: the path, and which codings the client takes.
std::string cache_key(const request& r, const target_path& target, bool precompressed) {
  std::string key(target.path);
  if (target.wants_directory) key += '/';
  if (!precompressed || !r.header("accept-encoding")) return key;
  const unsigned br = coding_weight(r, "br");
  const unsigned gzip = coding_weight(r, "gzip");
  key += '\0';  // in no path
  if (br != 0) key += 'b';
  if (gzip != 0) key += gzip > br ? 'G' : 'g';
  return key;
}

std::string random_boundary() {
  std::array<std::byte, 16> bytes{};
  if (auto drawn = sys::random_bytes(bytes); !drawn) throw_error(drawn.error());
  std::string text;
  for (const std::byte b : bytes)
    for (const unsigned half :
         {std::to_integer<unsigned>(b) >> 4, std::to_integer<unsigned>(b) & 15})
      text += "0123456789abcdef"[half];
  return text;
}

}  // namespace

/// The file that answers: open, or its content.
struct static_files::selected {
  selected(fs::file f, const fs::file_status& s, std::string_view file_name)
      : file(std::move(f)), status(s), type(content_type_of(file_name)) {}
  explicit selected(const internal::cached_file& known)
      : content(known.content),
        is_read(true),
        status(known.status),
        type(known.type),
        coding(known.coding),
        varies(known.varies) {}
  std::optional<fs::file> file;
  std::string content;  // of a small file
  bool is_read = false;
  fs::file_status status;
  std::string_view type;
  std::string_view coding;  // "br", "gzip" or none
  std::string_view etag;
  std::int64_t modified = 0;  // as it is told
  bool varies = false;        // another client may get it in another coding
};

static_files::static_files(fs::directory root, static_files_options options)
    : root_(std::move(root)),
      options_(std::move(options)),
      cache_(new internal::file_cache(options_.cached_for, options_.cache_bytes_max)) {}
static_files::~static_files() { delete cache_; }

task<result<void>> static_files::respond(exchange& x) {
  const verb method = x.request().method();
  if (method != verb::get && method != verb::head) {
    x.error(status::method_not_allowed, "GET, HEAD");
    co_return result<void>();
  }
  std::string storage;
  const auto target = decode_target(x.target(), storage);
  if (!target) co_return refuse(x, target.error());

  const std::string key = cache_key(x.request(), *target, options_.precompressed);
  if (const internal::cached_file* known = cache_->get(key, x.batch())) {
    selected file(*known);
    auto sent = co_await send(x, file);
    co_return sent;
  }
  std::string path(target->path.empty() ? "." : target->path);
  auto opened = co_await root_.open(path, confined()).result();
  if (!opened) co_return refuse(x, status_of_open(opened.error()));
  auto known = opened->status();
  if (!known) co_return refuse(x, status::internal_server_error);
  if (known->kind == fs::file_kind::directory) {
    if (!target->wants_directory && !target->path.empty())
      co_return redirect_to_directory(x, *target);
    fs::directory here(std::move(*opened));
    opened = co_await here.open("index.html", confined()).result();
    if (opened) known = opened->status();
    if (!opened || !known || known->kind != fs::file_kind::regular) {
      const status why = opened ? status::not_found : status_of_open(opened.error());
      if (why != status::not_found) co_return refuse(x, why);  // there, so a list would be a lie
      auto listed = co_await send_list(x, std::move(here), *target);
      co_return listed;
    }
    path += "/index.html";
  } else if (known->kind != fs::file_kind::regular || target->wants_directory) {
    co_return refuse(x, status::not_found);
  }

  selected file(std::move(*opened), *known, path);
  file.varies = options_.precompressed && is_compressible(file.type);
  if (file.varies && x.request().header("accept-encoding"))
    co_await prefer_compressed(x, file, path);
  if (file.status.size_bytes <= internal::file_cache::file_bytes_max() && !x.is_head()) {
    auto read = co_await read_small(file);
    if (!read) co_return read;
    keep(key, file, x.batch());
  }
  auto sent = co_await send(x, file);
  co_return sent;
}

// All of it at once, before the head says how long it is.
task<result<void>> static_files::read_small(selected& file) {
  const auto bytes = static_cast<std::size_t>(file.status.size_bytes);
  while (file.content.size() < bytes) {
    auto piece =
        co_await file.file->read_at(file.content.size(), bytes - file.content.size()).result();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->is_empty())
      co_return std::unexpected(error("read", errc::end_of_stream));  // it has shrunk
    file.content.append(piece->text());
  }
  file.is_read = true;
  co_return result<void>();
}

void static_files::keep(const std::string& key, const selected& file, std::uint64_t batch) {
  const bool outlives_batch = options_.cached_for != nanoseconds(0);
  if (!outlives_batch && batch == 0) return;
  auto kept = std::make_unique<internal::cached_file>();
  kept->key = key;
  kept->status = file.status;
  kept->content = file.content;
  kept->type = file.type;
  kept->coding = file.coding;
  kept->varies = file.varies;
  kept->batch = batch;
  if (outlives_batch) kept->checked = now();
  cache_->put(std::move(kept));
}

// Conditions and ranges, then the content.
task<result<void>> static_files::send(exchange& x, selected& file) {
  const std::int64_t wall = sys::wall_now().seconds;
  const bool is_fresh = file.status.modified_s >= wall - 1;
  // A date from the future would say that nothing has changed for as long.
  file.modified = std::min(file.status.modified_s, wall);
  const entity_tag etag(file.status, file.coding, is_fresh);
  file.etag = etag.text();
  const validators current{
      .etag = file.etag, .modified = file.status.modified_s, .is_fresh = is_fresh};
  const condition outcome = evaluate(x.request(), current, wall);
  if (outcome == condition::precondition_failed) co_return refuse(x, status::precondition_failed);
  if (outcome == condition::not_modified) {
    auto head = x.head(status::not_modified);
    describe(head, file);
    head.end();
    co_return result<void>();
  }

  const auto range = x.request().header("range");
  if (range && !x.is_head() && range_applies(x.request(), current, wall)) {
    const range_set asked(*range, file.status.size_bytes);
    if (asked.asked() == range_set::kind::not_satisfiable) {
      std::string content_range;
      append_content_range(content_range, file.status.size_bytes);
      (void)x.field("Content-Range", content_range);
      co_return refuse(x, status::range_not_satisfiable);
    }
    if (asked.asked() == range_set::kind::parts) {
      auto sent = co_await send_parts(x, file, asked.parts());
      co_return sent;
    }
  }
  auto sent = co_await send_whole(x, file);
  co_return sent;
}

// A sibling that is older than the file would serve what the file no longer says.
task<void> static_files::prefer_compressed(exchange& x, selected& file, std::string_view path) {
  struct form {
    std::string_view coding;
    std::string_view suffix;
    unsigned weight;
  };
  std::array<form, 2> forms = {form{"br", ".br", coding_weight(x.request(), "br")},
                               form{"gzip", ".gz", coding_weight(x.request(), "gzip")}};
  if (forms[1].weight > forms[0].weight) std::swap(forms[0], forms[1]);
  for (const form& f : forms) {
    if (f.weight == 0) co_return;
    std::string sibling(path);
    sibling += f.suffix;
    auto opened = co_await root_.open(std::move(sibling), confined()).result();
    if (!opened) continue;
    const auto known = opened->status();
    const auto time = [](const fs::file_status& s) {
      return std::pair(s.modified_s, s.modified_ns);
    };
    if (!known || known->kind != fs::file_kind::regular || time(*known) < time(file.status))
      continue;
    file.file = std::move(*opened);
    file.status = *known;
    file.coding = f.coding;
    co_return;
  }
}

void static_files::describe(response_head& head, const selected& file) const {
  const http_date_text modified = format_http_date(file.modified);
  head.constant_field("Last-Modified", std::string_view(modified.data(), modified.size()));
  head.constant_field("ETag", file.etag);
  if (file.varies) head.constant_field("Vary", "Accept-Encoding");
  if (!file.coding.empty()) head.constant_field("Content-Encoding", file.coding);
  if (!options_.cache_control.empty()) head.constant_field("Cache-Control", options_.cache_control);
}

task<result<void>> static_files::send_whole(exchange& x, selected& file) {
  const std::uint64_t bytes = file.status.size_bytes;
  {
    auto head = x.head(status::ok);
    head.content_type(file.type);
    head.content_length(bytes);
    head.constant_field("Accept-Ranges", "bytes");
    describe(head, file);
    head.end();
  }
  if (x.is_head() || bytes == 0) co_return result<void>();
  if (file.is_read) {
    x.out().append(file.content);
    co_return result<void>();
  }
  body_writer& body = x.begin_body(body_framing::length, bytes);
  auto sent = co_await body.write_file(*file.file, 0, bytes, copy_of(options_)).result();
  co_return sent;
}

task<result<void>> static_files::send_parts(exchange& x, selected& file,
                                            std::span<const byte_range> parts) {
  const std::uint64_t whole = file.status.size_bytes;
  const bool is_single = parts.size() == 1;
  const std::string boundary = is_single ? std::string() : random_boundary();
  const multipart_ranges framing(boundary, file.type, parts, whole);
  const std::uint64_t length = is_single ? parts[0].size() : framing.content_length();
  {
    auto head = x.head(status::partial_content);
    std::string text;
    if (is_single) {
      append_content_range(text, parts[0], whole);
      head.constant_field("Content-Range", text);
      head.content_type(file.type);
    } else {
      framing.append_content_type(text);
      head.content_type(text);
    }
    head.content_length(length);
    describe(head, file);
    head.end();
  }
  body_writer& body = x.begin_body(body_framing::length, length);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string part_head;
    if (!is_single) framing.append_part_head(part_head, i);
    auto begun = body.gather(part_head);
    if (!begun) co_return begun;
    const auto [first, last] = parts[i];
    if (file.is_read) {
      auto sent = body.gather(std::string_view(file.content).substr(first, last - first + 1));
      if (!sent) co_return sent;
      continue;
    }
    auto sent =
        co_await body.write_file(*file.file, first, last - first + 1, copy_of(options_)).result();
    if (!sent) co_return sent;
  }
  std::string end;
  if (!is_single) framing.append_end(end);
  co_return body.gather(end);
}

task<result<void>> static_files::send_list(exchange& x, fs::directory here, target_path target) {
  if (!options_.listing) co_return refuse(x, status::not_found);
  auto entries = co_await here.list({.with_status = true}).result();
  if (!entries) co_return refuse(x, status_of_open(entries.error()));
  std::vector<directory_entry> shown;
  shown.reserve(std::min(entries->size(), options_.listed_entries_max));
  directory_page page;
  std::string filter;
  page.view = read_directory_view(target.query, filter);
  for (const fs::directory_entry& e : *entries) {
    const bool is_directory = e.kind == fs::file_kind::directory;
    if ((!is_directory && e.kind != fs::file_kind::regular) || !is_shown(e.name, page.view))
      continue;
    if (shown.size() == options_.listed_entries_max) {
      ++page.omitted;
      continue;
    }
    shown.push_back({.name = e.name,
                     .is_directory = is_directory,
                     .size = e.size_bytes,
                     .modified = e.modified_s});
  }
  page.path = target.path;
  page.root_name = options_.root_name;
  page.entries = shown;
  std::string text;
  append_directory_page(text, page);
  (void)x.field("Content-Security-Policy", page_security_policy());
  x.answer(page_content_type, text);
  co_return result<void>();
}

}  // namespace rouse::http
