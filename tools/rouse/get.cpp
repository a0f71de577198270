// A partial file can be resumed later without a file of notes beside it: the server's Last-Modified
// becomes the file's own time, and a later run asks for the rest "if it is still the one of that
// time" (If-Range). A server that has another one, or does not know, answers with the whole.
#include "get.hpp"

#include "progress.hpp"

#include <rouse/base/io_error.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/fs/byte_streams.hpp>
#include <rouse/fs/paths.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/runtime/run.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/interval.hpp>

#include <unistd.h>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace tool {
namespace {

using namespace std::chrono_literals;
namespace http = rouse::http;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_status = 22;
constexpr int exit_too_slow = 28;
constexpr int exit_interrupted = 130;
constexpr std::size_t write_bytes = 256 * 1024;  // to the file at once
constexpr rouse::nanoseconds redraw_period = 100ms;

[[noreturn]] void fail(const std::string& text) { throw std::runtime_error(text); }

// ---- where the body goes

class sink {
 public:
  explicit sink(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] bool is_file() const noexcept { return !path_.empty(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Opens the file, from `offset` on.
  rouse::task<void> open(std::uint64_t offset) {
    if (!is_file()) co_return;
    rouse::fs::open_options how;
    how.mode = rouse::sys::access::write;
    how.create = true;
    how.truncate = offset == 0;
    file_.emplace(co_await rouse::fs::open(path_, how));
    offset_ = offset;
  }
  rouse::task<void> write(std::span<const std::byte> bytes) {
    if (!is_file()) {
      co_await print(rouse::io::as_text(bytes));
      co_return;
    }
    pending_.append(bytes);
    if (pending_.size() >= write_bytes) co_await flush();
  }
  [[nodiscard]] bool is_writing() const noexcept { return is_writing_; }
  rouse::task<void> flush() {
    if (pending_.is_empty()) co_return;
    is_writing_ = true;  // and stays so when this is cancelled: the write goes on by itself
    auto wrote = co_await file_->write_all_at(offset_, std::exchange(pending_, {}));
    is_writing_ = false;
    offset_ += wrote.bytes;
    pending_ = std::move(wrote.buffer);
    pending_.clear();
  }
  /// The version that is being fetched, for If-Range. Best effort: without it a later run starts
  /// over.
  rouse::task<void> set_time(std::int64_t unix_seconds) {
    if (!file_) co_return;
    rouse::sys::new_times times;
    times.modified.what = rouse::sys::new_time::kind::given;
    times.modified.seconds = unix_seconds;
    auto done = co_await file_->set_times(times).result();
    (void)done;
  }
  /// To stdout, wherever the body goes.
  rouse::task<void> print(std::string_view text) {
    auto all = stdout_.write_all(text);
    co_await all;
  }

 private:
  std::string path_;
  rouse::fs::output_stream stdout_ = rouse::fs::standard_output();
  std::optional<rouse::fs::file> file_;
  rouse::io::buffer pending_;
  std::uint64_t offset_ = 0;
  bool is_writing_ = false;
};

// ---- the request

struct partial_file {
  std::uint64_t bytes = 0;  // 0: nothing to resume
  std::int64_t modified = 0;
};

rouse::task<partial_file> find_partial(std::string path) {
  auto status = co_await rouse::fs::status(path).result();
  if (!status && status.error() == std::errc::no_such_file_or_directory) co_return partial_file();
  if (!status) rouse::throw_error(status.error(), path);
  if (status->kind != rouse::fs::file_kind::regular) fail(path + ": only a file can be resumed");
  co_return partial_file{.bytes = status->size_bytes, .modified = status->modified_s};
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  return text;
}

std::string with_scheme(const std::string& url) {
  return url.find("://") == std::string::npos ? "http://" + url : url;
}

http::outgoing request_of(const get_options& options, const partial_file& have) {
  const std::string method = !options.method.empty() ? options.method
                             : options.has_data      ? "POST"
                                                     : "GET";
  http::outgoing request(method, with_scheme(options.url));
  bool has_type = false;
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    const std::string name = header.substr(0, colon);
    has_type = has_type || name == "Content-Type" || name == "content-type";
    request.header(name, trimmed(std::string_view(header).substr(colon + 1)));
  }
  if (options.has_data && !has_type)
    request.header("Content-Type", "application/x-www-form-urlencoded");
  if (have.bytes != 0) {
    const http::http_date_text date = http::format_http_date(have.modified);
    request.header("Range", "bytes=" + std::to_string(have.bytes) + "-");
    request.header("If-Range", {date.data(), date.size()});
  }
  if (options.time_max_s > 0)
    request.within(std::chrono::duration_cast<rouse::nanoseconds>(
        std::chrono::duration<double>(options.time_max_s)));
  return request;
}

rouse::task<http::reply> send(http::client& client, http::outgoing request,
                              const get_options* options) {
  if (!options->has_data || !options->data.starts_with('@')) {
    if (options->has_data) request.body(options->data);
    auto answer = co_await client.send(std::move(request));
    co_return std::move(answer);
  }
  auto file = co_await rouse::fs::open(options->data.substr(1));
  const auto status = file.status();
  if (status && status->kind == rouse::fs::file_kind::regular)
    request.body_length(status->size_bytes);
  // send() keeps the closure as long as the coroutine.
  auto write = [&file](http::body_writer& to)  // lint: ok, see above
      -> rouse::task<rouse::result<void>> {
    rouse::io::buffer piece;
    for (std::uint64_t at = 0;; at += piece.size()) {
      piece.clear();
      auto read = co_await file.read_at(at, write_bytes, std::move(piece)).result();
      if (!read) co_return std::unexpected(read.error());
      piece = std::move(*read);
      if (piece.is_empty()) co_return rouse::result<void>();
      auto sent = co_await to.write(piece.bytes()).result();
      if (!sent) co_return sent;
    }
  };
  auto answer = co_await client.send(std::move(request), write);
  co_return std::move(answer);
}

// ---- the answer

struct content_range {
  bool is_satisfied = false;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> total;
};

// "bytes 5-9/10", "bytes 5-9/*", "bytes */10"
std::optional<content_range> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  auto number = [&text](std::uint64_t& into) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return ec == std::errc();
  };
  auto skip = [&text](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  content_range range;
  range.is_satisfied = !skip('*');
  if (range.is_satisfied &&
      !(number(range.first) && skip('-') && number(range.last) && range.first <= range.last))
    return std::nullopt;
  if (!skip('/')) return std::nullopt;
  if (skip('*')) return text.empty() ? std::optional(range) : std::nullopt;
  std::uint64_t total = 0;
  if (!number(total) || !text.empty()) return std::nullopt;
  range.total = total;
  return range;
}

class transfer {
 public:
  explicit transfer(const get_options& options)
      : options_(options), out_(options.output), screen_(look_at(STDERR_FILENO)) {
    const bool body_is_seen = !out_.is_file() && ::isatty(STDOUT_FILENO) == 1;
    is_drawn_ = screen_.is_terminal && !options.silent && !body_is_seen;
  }

  rouse::task<int> run() {
    http::client_options limits;
    limits.read_limit = 60s;
    http::client client(limits);
    if (options_.resume) have_ = co_await find_partial(options_.output);
    http::reply answer = co_await send(client, request_of(options_, have_), &options_);
    if (options_.include_head) co_await out_.print(answer.head().bytes());
    const auto code = static_cast<unsigned>(answer.code());
    if (have_.bytes != 0 && is_complete_already(answer)) co_return 0;
    if (code >= 400) co_return co_await refuse(answer);
    begin(answer);
    co_await out_.open(have_.bytes);
    const int ended = co_await copy(answer);
    co_return ended;
  }

 private:
  /// The server has no more than we have.
  bool is_complete_already(const http::reply& answer) const {
    if (answer.code() != http::status::range_not_satisfiable) return false;
    const auto range = parse_content_range(answer.header("content-range").value_or(""));
    if (!range || !range->total) return false;
    if (*range->total != have_.bytes)
      fail(options_.output + " has " + std::to_string(have_.bytes) + " bytes, the server's " +
           std::to_string(*range->total) + ": it is another file; remove it to start over");
    if (!options_.silent) std::fprintf(stderr, "%s is complete\n", options_.output.c_str());
    return true;
  }

  rouse::task<int> refuse(http::reply& answer) {
    const std::string reason(answer.reason());
    if (!out_.is_file()) {
      for (;;) {
        auto piece = co_await answer.body().read();
        if (piece.empty()) break;
        co_await out_.write(piece);
      }
      co_await out_.flush();
    }
    std::fprintf(stderr, "rouse get: %u %s: %s\n", static_cast<unsigned>(answer.code()),
                 reason.c_str(), answer.where().to_string().c_str());
    co_return exit_status;
  }

  /// Where the body begins, and how much is to come.
  void begin(const http::reply& answer) {
    const std::uint64_t asked = std::exchange(have_.bytes, 0);
    std::uint64_t total = answer.head().content_length();
    if (answer.code() == http::status::partial_content && asked != 0) {
      const auto range = parse_content_range(answer.header("content-range").value_or(""));
      if (!range || !range->is_satisfied || range->first != asked)
        fail(options_.url + ": the server sent another part than was asked for");
      have_.bytes = asked;
      total = range->total.value_or(total == 0 ? 0 : asked + total);
    } else if (asked != 0 && !options_.silent) {
      std::fprintf(stderr, "%s: the server has another version: starting over\n",
                   options_.output.c_str());
    }
    const auto modified = answer.header("last-modified");
    if (modified) modified_ = http::parse_http_date(*modified, rouse::sys::wall_now().seconds);
    const std::string name =
        out_.is_file() ? std::filesystem::path(out_.path()).filename().string() : "stdout";
    progress_.emplace(name, have_.bytes, total, rouse::now());
  }

  rouse::task<int> copy(http::reply& answer) {
    std::exception_ptr failure;
    bool interrupted = false;
    try {
      auto moved = co_await rouse::select(move_and_draw(answer), rouse::stop_requested());
      interrupted = moved.index() == 1;
    } catch (...) {
      failure = std::current_exception();
    }
    // What came is kept, whatever ended it.
    if (!out_.is_writing()) co_await out_.flush();
    if (modified_) co_await out_.set_time(*modified_);
    if (is_drawn_) {
      const std::string last = failure || interrupted ? progress_->line(screen_, rouse::now())
                                                      : progress_->summary(screen_, rouse::now());
      std::fprintf(stderr, "\r\x1b[K%s\n", last.c_str());
    }
    const bool is_partial = (failure || interrupted) && out_.is_file();
    if (is_partial)
      std::fprintf(stderr, "rouse get: %s keeps what came; -C gets the rest\n",
                   out_.path().c_str());
    if (failure) std::rethrow_exception(failure);
    co_return interrupted ? exit_interrupted : 0;
  }

  rouse::task<void> move_and_draw(http::reply& answer) {
    auto all = rouse::scope([this, &answer](rouse::nursery& n) -> rouse::task<void> {
      if (is_drawn_) n.spawn(draw());
      co_await move(answer);
      n.cancel();
    });
    co_await all;
  }

  rouse::task<void> move(http::reply& answer) {
    for (;;) {
      auto piece = co_await answer.body().read();
      if (piece.empty()) break;
      co_await out_.write(piece);
      progress_->add(piece.size());
    }
    co_await out_.flush();
  }

  rouse::task<void> draw() {
    rouse::interval every(redraw_period, rouse::missed_ticks::skip);
    for (;;) {
      co_await every.tick();
      screen_ = look_at(STDERR_FILENO);
      std::fprintf(stderr, "\r\x1b[K%s", progress_->line(screen_, rouse::now()).c_str());
      std::fflush(stderr);
    }
  }

  const get_options& options_;
  sink out_;
  terminal screen_;
  bool is_drawn_;
  partial_file have_;
  std::optional<std::int64_t> modified_;
  std::optional<progress> progress_;
};

rouse::task<int> report_to_user(const get_options* options) {
  std::string why;
  int code = exit_failed;
  try {
    transfer all(*options);
    code = co_await all.run();
  } catch (const rouse::io_error& e) {
    why = e.what();
    if (e.reason().is_timed_out()) code = exit_too_slow;
    if (e.reason() == rouse::errc::invalid_input && why.starts_with("request")) code = exit_usage;
    if (why.starts_with("url")) code = exit_usage;
  } catch (const std::runtime_error& e) {
    why = e.what();
  }
  if (!why.empty()) std::fprintf(stderr, "rouse get: %s\n", why.c_str());
  co_return code;
}

}  // namespace

int get(const get_options& options) {
  for (const std::string& header : options.headers) {
    if (header.find(':') != std::string::npos) continue;
    std::fprintf(stderr, "rouse get: -H '%s': a header is 'Name: value'\n", header.c_str());
    return exit_usage;
  }
  if (options.resume && options.output.empty()) {
    std::fprintf(stderr, "rouse get: -C needs a file to go on with: -o FILE\n");
    return exit_usage;
  }
  return rouse::run(rouse::assume_owned(report_to_user(&options)));
}

}  // namespace tool
