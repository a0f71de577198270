#include <tests/faults/scenario.hpp>

#include <rouse/fs/attributes.hpp>
#include <rouse/fs/copy_file.hpp>
#include <rouse/fs/links.hpp>
#include <rouse/fs/lock.hpp>
#include <rouse/fs/remove_tree.hpp>
#include <rouse/fs/replace_file.hpp>
#include <rouse/fs/temporary.hpp>
#include <rouse/fs/walk.hpp>
#include <rouse/fs/watch.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/rouse.hpp>

#include <rouse/process/orphans.hpp>
#include <tests/faults/children.hpp>
#include <tests/faults/hosted.hpp>
#include <tests/faults/looped.hpp>
#include <tests/support/scratch_folder.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>
#include <vector>

namespace faults {

using namespace rouse;
using namespace std::chrono_literals;

namespace {

constexpr unsigned clients = 3;
constexpr std::size_t echoed_bytes = 100 * 1024;
constexpr std::size_t echoed_bytes_brief = 4 * 1024;
constexpr std::size_t looped_bytes = 40 * 1024;
constexpr std::size_t looped_bytes_brief = 2 * 1024;
constexpr std::size_t hosted_bytes = 300 * 1024;   // more than a pair of sockets holds
constexpr std::size_t kernel_buffer_bytes = 4096;  // small, so that writers wait
constexpr long patch_offset = 100;                 // where `store` changes its file
constexpr const char* store_folder = "/store";
constexpr const char* tend_folder = "/tend";
constexpr const char* loop_folder = "/loop";
constexpr nanoseconds hang_limit = 10s;

/// Text that shows where a byte was lost, doubled or moved.
std::string pattern(std::size_t bytes, std::uint32_t seed) {
  std::string text(bytes, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

constexpr std::size_t posted_bytes = 3'000;

struct page {
  const char* name;  // "GET " and the path
  unsigned status;
  std::string content;  // empty: any
};

/// What the scenarios use and faults do not touch.
class site {
 public:
  site() {
    pages = {{"GET /", 200, {}},
             {"GET /small.txt", 200, pattern(700, 7)},
             {"GET /big.bin", 200, pattern(300 * 1024, 8)},
             {"GET /missing", 404, {}}};
    brief_pages = pages;
    brief_pages[2] = {"GET /middle.bin", 200, pattern(8 * 1024, 9)};
    std::ofstream(folder_ / "small.txt") << pages[1].content;
    std::ofstream(folder_ / "big.bin") << pages[2].content;
    std::ofstream(folder_ / "middle.bin") << brief_pages[2].content;
    for (unsigned i = 0; i < clients; i++)
      texts.push_back(pattern(echoed_bytes, i + 1));
  }
  [[nodiscard]] const std::string& path() const { return folder_.path(); }

  std::vector<page> pages;
  std::vector<page> brief_pages;
  std::vector<std::string> texts;  // one for each client

 private:
  support::scratch_folder folder_;
};

const site& the_site() {
  static const site instance;
  return instance;
}

// ---- echo

task<void> echo(net::tcp_stream stream) {
  const std::uint64_t count = co_await io::copy(stream, stream);
  (void)count;
  co_await stream.shutdown();
}

task<void> echo_everybody(net::tcp_listener& listener, outcome& out) {
  auto body = [&listener](nursery& connections) -> task<void> {
    for (;;) {
      auto client = co_await listener.accept();
      connections.spawn(echo(std::move(client.stream)));
    }
  };
  auto failed = [&out](std::exception_ptr why) { out.note_failure("server", why); };
  auto all = supervise(std::move(body), failed);
  co_await all;
}

task<void> send(net::write_half to, std::string_view text) {
  co_await to.write_all(text);
  co_await to.shutdown();
}

/// Compares as it comes, so that a wrong byte is seen also when an error follows.
task<void> receive(net::read_half from, std::string_view text, const char* who, outcome& out) {
  std::size_t at = 0;
  for (;;) {
    auto bytes = co_await from.read();
    if (!bytes) break;
    const std::string_view came = io::as_text(bytes.bytes());
    if (text.substr(at, came.size()) != came) out.note_wrong(who, "got bytes that were not sent");
    at += came.size();
  }
  at == text.size() ? out.note_complete() : out.note_cut(who);
}

task<void> talk(net::address at, unsigned number, volume how_much, outcome& out) {
  constexpr const char* names[clients] = {"client 0", "client 1", "client 2"};
  const bool is_brief = how_much == volume::brief;
  const auto text = std::string_view(the_site().texts[number])
                        .substr(0, is_brief ? echoed_bytes_brief : echoed_bytes);
  const std::size_t buffer = is_brief ? 0 : kernel_buffer_bytes;
  try {
    auto stream =
        co_await net::connect(at, {.receive_buffer_bytes = buffer, .send_buffer_bytes = buffer});
    auto [in, to] = stream.split();
    auto both = when_all(send(to, text), receive(in, text, names[number], out));
    co_await both;
  } catch (...) {
    out.note_failure(names[number], std::current_exception());
  }
}

task<void> run_echo(volume how_much, outcome& out) {
  const std::size_t buffer = how_much == volume::brief ? 0 : kernel_buffer_bytes;
  auto listener = co_await net::listen(
      "127.0.0.1:0", {.receive_buffer_bytes = buffer, .send_buffer_bytes = buffer});
  const auto at = listener.local_address();
  if (!at) throw_error(at.error());
  auto all = [where = *at, how_much, &out](nursery& children) -> task<void> {
    for (unsigned i = 0; i < clients; i++)
      children.spawn(talk(where, i, how_much, out));
    co_return;
  };
  auto talking = scope(std::move(all));
  auto done = co_await select(echo_everybody(listener, out), talking);
  if (done.index() == 0) out.note_wrong("server", "ended by itself");
}

// ---- serve

/// True when the answer is that of a server without faults.
bool is_as_it_should_be(const page& asked, unsigned status, std::string_view body) {
  if (status != asked.status) return false;
  if (!asked.content.empty()) return body == asked.content;
  if (asked.status != 200) return true;
  return body.find("small.txt") != body.npos && body.find("big.bin") != body.npos;
}

task<void> fetch(http::client& client, net::address from, const page& asked, outcome& out) {
  const std::string path = asked.name + std::string_view("GET ").size();
  auto answer = co_await client.get("http://" + from.to_string() + path);
  auto body = co_await answer.body().read_to_end();
  const auto status = static_cast<unsigned>(answer.code());
  if (is_as_it_should_be(asked, status, body))
    out.note_complete();
  else if (status >= 400)
    out.note_failure(asked.name, error("status", static_cast<int>(status)));
  else
    out.note_wrong(asked.name, "answered with something else");
}

task<void> browse(net::address at, volume how_much, outcome& out) {
  const site& from = the_site();
  http::client client;
  for (const page& p : how_much == volume::brief ? from.brief_pages : from.pages) {
    try {
      co_await fetch(client, at, p, out);
    } catch (...) {
      out.note_failure(p.name, std::current_exception());
      break;
    }
  }
}

/// What comes goes back, while it comes.
task<result<void>> echo_body(http::exchange& x) {
  http::body_writer& back = x.begin(http::status::ok, "text/plain");
  for (;;) {
    auto piece = co_await x.body().read().result();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return result<void>();
    auto sent = co_await back.write(*piece).result();
    if (!sent) co_return sent;
  }
}

task<void> post(net::address at, outcome& out) {
  constexpr const char* who = "POST /echo";
  const std::string_view text = std::string_view(the_site().texts[0]).substr(0, posted_bytes);
  try {
    http::client client;
    const auto write = [text](http::body_writer& to) -> task<result<void>> {
      auto half = co_await to.write(text.substr(0, posted_bytes / 2)).result();
      if (!half) co_return half;
      auto rest = co_await to.write(text.substr(posted_bytes / 2)).result();
      co_return rest;
    };
    http::outgoing request("POST", "http://" + at.to_string() + "/echo");
    auto answer = co_await client.send(std::move(request), write);
    const std::string body = co_await answer.body().read_to_end();
    if (static_cast<unsigned>(answer.code()) >= 400)
      out.note_failure(who, error("status", static_cast<int>(answer.code())));
    else if (body != text)
      out.note_wrong(who, "came back as something else");
    else
      out.note_complete();
  } catch (...) {
    out.note_failure(who, std::current_exception());
  }
}

task<void> run_serve(volume how_much, outcome& out) {
  auto root = co_await fs::open_directory(the_site().path());
  http::static_files_options how;
  how.sendfile = true;
  http::static_files files(std::move(root), how);
  http::router app;
  app.post("/echo", echo_body);
  app.mount("/", files);
  auto listener = co_await net::listen("127.0.0.1:0");
  const auto at = listener.local_address();
  if (!at) throw_error(at.error());
  http::server server(std::move(listener), app);
  auto both = [&server, &out, how_much, where = *at](nursery& n) -> task<void> {
    n.spawn(server.run());
    co_await browse(where, how_much, out);
    co_await post(where, out);
    server.stop();
  };
  auto all = scope(std::move(both));
  co_await all;
}

// ---- store

/// What writing says that it did is what the file has, also when it failed.
void compare_written(const std::string& path, std::string_view patch, std::size_t done,
                     outcome& out) {
  constexpr std::size_t patch_bytes_max = 64 * 1024;
  static std::array<char, patch_bytes_max> seen;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return;
  std::setvbuf(file, nullptr, _IONBF, 0);
  const bool is_there = std::fseek(file, patch_offset, SEEK_SET) == 0 &&
                        std::fread(seen.data(), 1, done, file) == done &&
                        patch.substr(0, done) == std::string_view(seen.data(), done);
  std::fclose(file);
  if (!is_there) out.note_wrong("write", "said that it had written what is not there");
}

task<void> run_store(volume how_much, outcome& out) {
  const std::size_t bytes = how_much == volume::brief ? 2'000 : 60'000;
  const std::string_view text = std::string_view(the_site().texts[0]).substr(0, bytes);
  const std::string_view patch = std::string_view(the_site().texts[1]).substr(0, bytes);
  const std::string folder = the_site().path() + store_folder;
  const std::string draft = folder + "/draft";
  const std::string final_name = folder + "/final";
  std::size_t done = 0;
  const char* step = "write";
  try {
    co_await fs::create_directory(folder);
    co_await fs::write_file(draft, std::string(text));
    {
      fs::open_options how;
      how.mode = sys::access::read_write;
      auto file = co_await fs::open(draft, how);
      io::buffer content;
      content.append(patch);
      auto wrote = co_await file.write_all_at(patch_offset, std::move(content), &done);
      if (wrote.bytes != patch.size() || done != patch.size())
        out.note_wrong(step, "a part was taken for the whole");
      step = "sync";
      co_await file.sync();
      co_await file.truncate(bytes);
    }
    step = "read";
    co_await fs::rename(draft, final_name);
    const auto entries = co_await fs::list_directory(folder, {.with_status = true});
    if (entries.size() != 1 || entries[0].size_bytes != bytes)
      out.note_wrong(step, "the list is not what was stored");
    const std::string back = co_await fs::read_file(final_name);
    if (back.size() != bytes || !text.starts_with(back.substr(0, patch_offset)) ||
        !patch.starts_with(back.substr(patch_offset)))
      out.note_wrong(step, "the content is not what was written");
    step = "remove";
    co_await fs::remove_file(final_name);
    co_await fs::remove_directory(folder);
    out.note_complete();
  } catch (...) {
    out.note_failure(step, std::current_exception());
    if (std::string_view(step) == "write") compare_written(draft, patch, done, out);
  }
}

// ---- tend

/// What is there is one of the two texts and no mixture, whatever failed; nothing at all is fine
/// too.
void compare_whole(const std::string& path, std::string_view one, std::string_view other,
                   outcome& out) {
  static std::array<char, 64 * 1024> seen;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return;
  std::setvbuf(file, nullptr, _IONBF, 0);
  const std::string_view found(seen.data(), std::fread(seen.data(), 1, seen.size(), file));
  std::fclose(file);
  if (found != one && found != other) out.note_wrong("replace", "neither the old nor the new");
}

task<void> make_names(std::string folder) {
  const std::string a = folder + "/a";
  co_await fs::hard_link(a, folder + "/hard");
  co_await fs::symbolic_link("a", folder + "/soft");
  const std::string target = co_await fs::read_link(folder + "/soft");
  if (target != "a") throw_error(error("read_link", EINVAL));
  const std::string real = co_await fs::canonical(folder + "/soft");
  if (!real.ends_with("/a")) throw_error(error("canonical", EINVAL));
  co_await fs::set_permissions(a, 0640);
  const fs::new_times times{.modified = {fs::new_time::kind::given, 0, 1'000}};
  co_await fs::set_times(a, times);
}

task<void> change_copy(std::string path, std::string_view text, outcome& out) {
  fs::open_options how;
  how.mode = sys::access::read_write;
  auto file = co_await fs::open(path, how);
  auto held = co_await fs::lock(file);
  std::vector<io::buffer> pieces(2);
  pieces[0].append(text.substr(0, 100));
  pieces[1].append(text.substr(100, 200));
  auto wrote = co_await file.write_all_at(0, std::move(pieces));
  if (wrote.bytes != 300) out.note_wrong("lock", "a part was taken for the whole");
  std::vector<std::size_t> sizes{50, 250};
  auto back = co_await file.read_vectored_at(0, sizes);
  if (!text.starts_with(back[0].text())) out.note_wrong("lock", "other bytes were read");
  co_await file.set_permissions(0600);
  co_await fs::replace_file(path, std::string(text));
}

task<void> keep_temporary(std::string folder) {
  auto file = co_await fs::create_temporary_file(folder);
  io::buffer text;
  text.append("temporary");
  auto wrote = co_await file->write_all_at(0, std::move(text));
  if (wrote.bytes != 9) throw_error(error("write", EIO));
  co_await file.keep_as(folder + "/kept");
}

task<std::size_t> count_entries(std::string folder) {
  auto entries = fs::walk(folder);
  std::size_t count = 0;
  for (;;) {
    auto entry = co_await entries.next();
    if (!entry) break;
    if (entry->failure.code != 0) throw_error(entry->failure);
    count++;
  }
  co_return count;
}

task<bool> is_told_of(std::string folder) {
  auto changes = co_await fs::watch(folder, {.recursive = true});
  co_await fs::create_directory(folder + "/new");
  auto first = co_await changes.next();
  co_await fs::write_file(folder + "/new/file", "x");
  for (;;) {
    auto event = co_await changes.next();
    if (event.kind == fs::change_kind::unwatched) throw_error(error("watch", ENOSPC));
    if (event.path.ends_with("/new/file")) break;
  }
  co_return first.kind == fs::change_kind::created;
}

task<void> run_tend(volume how_much, outcome& out) {
  const std::size_t bytes = how_much == volume::brief ? 500 : 20'000;
  const std::string_view text = std::string_view(the_site().texts[0]).substr(0, bytes);
  const std::string_view other = std::string_view(the_site().texts[1]).substr(0, bytes);
  const std::string folder = the_site().path() + tend_folder;
  const std::string a = folder + "/a";
  const std::string b = folder + "/b";
  const char* step = "replace";
  try {
    co_await fs::create_directory(folder);
    co_await fs::replace_file(a, std::string(text), {.sync = false});
    co_await fs::replace_file(a, std::string(other));
    step = "copy";
    const std::uint64_t copied = co_await fs::copy_file(a, b);
    const std::string whole = co_await fs::read_file(b);
    if (copied != bytes || whole != other) out.note_wrong(step, "the copy is another");
    step = "names";
    co_await make_names(folder);
    step = "lock";
    co_await change_copy(b, text, out);
    step = "temporary";
    co_await keep_temporary(folder);
    step = "walk";
    const std::size_t entries = co_await count_entries(folder);
    if (entries != 5) out.note_wrong(step, "there are more entries, or fewer");
    step = "watch";
    const bool is_told = co_await is_told_of(folder);
    if (!is_told) out.note_wrong(step, "told of something else");
    step = "remove";
    co_await fs::remove_tree(folder);
    const auto left = co_await fs::status(folder).result();
    if (left) out.note_wrong(step, "there is something left");
    out.note_complete();
  } catch (...) {
    out.note_failure(step, std::current_exception());
  }
  compare_whole(a, text, other, out);
}

void run_looped(scenario which, reactor_kind on, volume how_much, outcome& out) {
  const std::size_t bytes = how_much == volume::brief          ? looped_bytes_brief
                            : which == scenario::loop_sockets  ? hosted_bytes
                            : which == scenario::loop_children ? echoed_bytes
                                                               : looped_bytes;
  const looped_site at{on, std::string_view(the_site().pages[2].content).substr(0, bytes),
                       the_site().path() + loop_folder};
  switch (which) {
    case scenario::loop_sockets: return run_loop_sockets(at, out);
    case scenario::loop_files: return run_loop_files(at, out);
    case scenario::loop_http: return run_loop_http(at, out);
    case scenario::loop_children: return run_loop_children(at, out);
    case scenario::loop_watch: return run_loop_watch(at, out);
    case scenario::loop_crypto: return run_loop_crypto(at, out);
    default: return run_loop_queues(at, out);
  }
}

task<void> run_bounded(scenario which, volume how_much, outcome& out) {
  auto all = which == scenario::echo    ? run_echo(how_much, out)
             : which == scenario::store ? run_store(how_much, out)
             : which == scenario::tend  ? run_tend(how_much, out)
             : which == scenario::child
                 ? run_children(std::string_view(the_site().texts[0])
                                    .substr(0, how_much == volume::brief ? echoed_bytes_brief
                                                                         : echoed_bytes),
                                out)
                 : run_serve(how_much, out);
  auto work = timeout(hang_limit, std::move(all));
  auto ended = co_await std::move(work).result();
  if (ended) co_return;
  if (std::string_view(ended.error().operation) == "timeout")
    out.note_wrong("scenario", "hangs");
  else
    out.note_failure("scenario", ended.error());
}

}  // namespace

const char* name_of(scenario which) noexcept {
  switch (which) {
    case scenario::echo: return "echo";
    case scenario::serve: return "serve";
    case scenario::cold: return "cold";
    case scenario::store: return "store";
    case scenario::tend: return "tend";
    case scenario::host: return "host";
    case scenario::child: return "child";
    case scenario::loop_sockets: return "loop_sockets";
    case scenario::loop_files: return "loop_files";
    case scenario::loop_http: return "loop_http";
    case scenario::loop_children: return "loop_children";
    case scenario::loop_queues: return "loop_queues";
    case scenario::loop_watch: return "loop_watch";
    case scenario::loop_crypto: return "loop_crypto";
  }
  return "?";
}

bool is_looped(scenario which) noexcept { return which >= scenario::loop_sockets; }
bool is_built(scenario which) noexcept { return which != scenario::loop_crypto || has_crypto; }

unsigned exchanges_of(scenario which) noexcept {
  switch (which) {
    case scenario::echo: return clients;
    case scenario::serve:
    case scenario::cold:
      return static_cast<unsigned>(the_site().pages.size()) + 1;  // and what was posted
    case scenario::store:
    case scenario::tend:
    case scenario::host:
    case scenario::child:
    case scenario::loop_files:
    case scenario::loop_http:
    case scenario::loop_children:
    case scenario::loop_queues:
    case scenario::loop_watch:
    case scenario::loop_crypto: return 1;
    case scenario::loop_sockets: return 3;
  }
  return 0;
}

void prepare() {
  (void)the_site();
  // The first exceptions of each kind register what ends with the process, which is memory that
  // stays.
  (void)make_exception(error("nothing", EIO));
  (void)make_exception(error("nothing", errc::closed));
}

void tidy() {
  while (process::orphans() != 0)  // each has been killed, or reads the end of its input
    std::this_thread::yield();
  for (const char* folder : {store_folder, tend_folder, loop_folder})
    std::filesystem::remove_all(the_site().path() + folder);
}

void run(scenario which, reactor_kind on, outcome& out, volume how_much) {
  if (is_looped(which)) {
    try {
      return run_looped(which, on, how_much, out);
    } catch (...) {
      return out.note_failure("loop", std::current_exception());
    }
  }
  runtime_options options;
  options.reactor.kind = on;
  options.blocking.threads_max =
      1;  // glibc keeps a little of each thread that ever ran beside others
  auto made = runtime::make(options);
  if (!made) return out.note_failure("runtime", made.error());
  try {
    if (which == scenario::host) {
      const std::size_t bytes = how_much == volume::brief ? echoed_bytes_brief : hosted_bytes;
      return run_hosted(*made, std::string_view(the_site().pages[2].content).substr(0, bytes),
                        hang_limit, out);
    }
    made->block_on(assume_owned(run_bounded(which, how_much, out)));
  } catch (...) {
    out.note_failure("runtime", std::current_exception());
  }
}

// ---- outcome

void outcome::note_failure(const char* who, const error& why) noexcept {
  if (!*why.operation) note_wrong(who, "failed without saying what");
  if (failure_count_ == failures_.size()) return note_wrong(who, "failed too often");
  line& l = failures_[failure_count_++];
  std::snprintf(l.text.data(), l.text.size(), "%s: %s: %d", who, why.operation, why.code);
}

void outcome::note_failure(const char* who, const std::exception_ptr& why) noexcept {
  try {
    std::rethrow_exception(why);
  } catch (const io_error& e) {
    note_failure(who, e.reason());
  } catch (const std::bad_alloc&) {
    note_failure(who, error("memory", ENOMEM));
  } catch (const std::exception& e) {
    note_wrong(who, e.what());
  }
}

void outcome::note_cut(const char* who) noexcept {
  cuts_++;
  note_failure(who, error("receive", errc::end_of_stream));
}

void outcome::note_wrong(const char* who, const char* what) noexcept {
  if (wrong_count_ == wrongs_.size()) return;
  line& l = wrongs_[wrong_count_++];
  std::snprintf(l.text.data(), l.text.size(), "%s: %s", who, what);
}

}  // namespace faults
