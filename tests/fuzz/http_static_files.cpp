// Any bytes as requests to a server of files: each answer is well framed and true, and what lies
// outside of the root never shows.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>
#include <rouse/http/request_parser.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/rouse.hpp>

namespace {

using namespace rouse;

constexpr std::string_view secret = "what lies outside";
constexpr std::string_view content = "what lies inside\n";

void require(bool holds, const char* what, std::string_view shown) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n%.*s\n", what, static_cast<int>(shown.size()),
               shown.data());
  std::abort();
}

/// A folder with a site in it, and beside the site what must not be reached.
class scratch_site {
 public:
  scratch_site()
      : folder_(std::filesystem::temp_directory_path() /
                ("rouse-fuzz-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(site() / "dir" / "deep");
    write(folder_ / "secret", secret);
    write(site() / "a", content);
    write(site() / "dir" / "b c", content);
    write(site() / "dir" / ".dot", secret);
    std::filesystem::create_symlink(folder_ / "secret", site() / "link");
    std::filesystem::create_directory_symlink(folder_, site() / "up");
  }
  ~scratch_site() { std::filesystem::remove_all(folder_); }
  scratch_site(const scratch_site&) = delete;
  scratch_site& operator=(const scratch_site&) = delete;

  [[nodiscard]] std::filesystem::path site() const { return folder_ / "site"; }

 private:
  static void write(const std::filesystem::path& where, std::string_view what) {
    std::ofstream(where, std::ios::binary) << what;
  }
  std::filesystem::path folder_;
};

/// Everything that outlives one input.
struct world {
  scratch_site scratch;
  runtime rt = std::move(runtime_builder().reactor(reactor_kind::epoll).build().value());
  runtime::entered here{rt};
  http::static_files files{rt.block_on(fs::open_directory(scratch.site().string()))};
  net::tcp_stream unused;  // small answers are gathered, never sent
};

struct answer {
  int status = 0;
  std::string_view head;
  std::string_view body;
};

/// Takes the one answer that `text` must be.
answer read_answer(std::string_view text, bool head_only) {
  answer a;
  require(text.starts_with("HTTP/1.1 "), "an answer begins with its status", text);
  const std::size_t end = text.find("\r\n\r\n");
  require(end != std::string_view::npos, "a head ends", text);
  a.head = text.substr(0, end + 2);
  a.body = text.substr(end + 4);
  a.status = std::atoi(std::string(text.substr(9, 3)).c_str());
  require(a.status >= 200 && a.status < 600, "a status that exists", text);
  if (a.status == 304) {
    require(a.body.empty(), "304 has no body", text);
    return a;
  }
  const std::size_t length = a.head.find("\r\nContent-Length: ");
  require(length != std::string_view::npos, "a length is given", text);
  const auto bytes =
      std::strtoull(std::string(a.head.substr(length + 18, 20)).c_str(), nullptr, 10);
  require(a.body.size() == (head_only ? 0 : bytes), "the body is as long as it says", text);
  for (const char c : a.head)
    require(c == '\r' || c == '\n' || (c >= 0x20 && c != 0x7f), "a head is text", text);
  return a;
}

/// Small answers are gathered, never sent; no body is asked for.
class nobody final : public http::exchange_source {
 public:
  task<result<std::span<const std::byte>>> next() override {
    co_return std::span<const std::byte>();
  }
  [[nodiscard]] const std::uint64_t* length() const noexcept override { return nullptr; }
  [[nodiscard]] std::string subject() const override { return "nobody"; }
  void want_body() override {}
  void allow_body(std::uint64_t, nanoseconds) noexcept override {}
  [[nodiscard]] std::optional<std::string_view> trailer(std::string_view) const noexcept override {
    return std::nullopt;
  }
  [[nodiscard]] bool is_stopping() const noexcept override { return false; }
};

void answer_one(world& w, const http::request& asked) {
  nobody client;
  http::output sink(w.unused, no_limit);
  const std::string& out = sink.text();
  http::exchange x(client, asked, sink, "Thu, 01 Jan 1970 00:00:00 GMT", true);
  auto answered = w.rt.block_on(w.files.respond(x));
  require(answered.has_value(), "an answer is given", asked.target());
  require(x.bytes() == out.size(), "bytes are counted", out);
  const answer a = read_answer(out, x.is_head());
  require(a.status == static_cast<int>(x.answered()), "the status that is logged", out);
  require(out.find(secret) == std::string::npos, "nothing from outside", out);
  const bool is_page = a.body.starts_with("<!");
  if (a.status == 200 && !x.is_head() && !is_page) require(a.body == content, "the file", out);
  if (a.status == 206 && a.body.find("\r\n--") == std::string_view::npos)
    require(content.find(a.body) != std::string_view::npos, "a part of the file", out);
  if (a.status >= 400) require(x.is_head() || !a.body.empty(), "an error says what", out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static world* const w = new world;  // lives for ever, but for its folder
  static const bool removes = std::atexit([] { w->scratch.~scratch_site(); }) == 0;
  (void)removes;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  http::request_parser parser;
  for (;;) {
    const http::parse_step step = parser.parse(input);
    input.remove_prefix(step.consumed);
    if (step.event == http::parse_event::need_more || step.event == http::parse_event::error)
      return 0;
    if (step.event == http::parse_event::head) answer_one(*w, parser.head());
  }
}
