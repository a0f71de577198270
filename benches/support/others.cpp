#include "others.hpp"

#include "clocks.hpp"
#include "row.hpp"

#include <tests/peers/child.hpp>
#include <tests/support/scratch_folder.hpp>

#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace bench {
namespace {

constexpr std::int64_t load_ns = 1'000'000'000;
constexpr std::int64_t longest_load_ns = 20 * load_ns;

std::vector<int> processors() {
  cpu_set_t all;
  CPU_ZERO(&all);
  ::sched_getaffinity(0, sizeof all, &all);
  std::vector<int> found;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &all)) found.push_back(i);
  }
  return found;
}

/// The servers' processor; this process, and the loads it starts, leave it to them.
int server_processor() {
  static const int last = [] {
    const auto all = processors();
    if (all.size() == 1) return all.back();
    cpu_set_t others;
    CPU_ZERO(&others);
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
      CPU_SET(all[i], &others);
    ::sched_setaffinity(0, sizeof others, &others);
    return all.back();
  }();
  return last;
}

/// What is served, and where the servers' own files lie.
class site {
 public:
  site() {
    std::ofstream(files_ / "small") << std::string(1024, 'x');
    std::ofstream(files_ / "big");
    if (::truncate((files_ / "big").c_str(), big_bytes()) != 0)
      throw std::runtime_error("no room for a sparse file");
  }
  [[nodiscard]] const std::string& path() const { return files_.path(); }
  [[nodiscard]] std::string file(std::string_view name, std::string_view content) const {
    const std::string path = scratch_ / name;
    std::ofstream(path) << content;
    return path;
  }
  [[nodiscard]] const std::string& scratch() const { return scratch_.path(); }

 private:
  support::scratch_folder files_;
  support::scratch_folder scratch_;
};

const site& the_site() {
  static const site one;
  return one;
}

std::string need_program(const std::string& name) {
  const std::string path = peers::find_program(name);
  if (path.empty()) throw std::runtime_error("not here: " + name);
  return path;
}

struct running {
  std::unique_ptr<peers::rouse_serve> rouse;
  std::unique_ptr<peers::nginx> nginx;
  std::unique_ptr<peers::child> node;
  place at;
};

running start_rouse(const char* reactor, const std::vector<std::string>& more = {}) {
  running r;
  r.rouse =
      std::make_unique<peers::rouse_serve>(the_site().path(), reactor, server_processor(), more);
  if (!r.rouse->has_reactor()) throw std::runtime_error(std::string("not here: ") + reactor);
  r.at = {.port = r.rouse->port(), .process = r.rouse->pid()};
  return r;
}

running start_nginx(bool open_file_cache) {
  running r;
  const unsigned short port = peers::free_port();
  const std::string scratch = the_site().scratch() + (open_file_cache ? "/cached" : "/plain");
  std::filesystem::create_directory(scratch);
  r.nginx = std::make_unique<peers::nginx>(
      need_program("nginx"), scratch, the_site().path(),
      peers::nginx_options{
          .port = port, .open_file_cache = open_file_cache, .processor = server_processor()});
  r.at = {.port = port, .process = r.nginx->pid()};
  return r;
}

running start_node(const std::string& answer) {
  const std::string script =
      "const http = require('http'), fs = require('fs');\n"
      "const name = process.argv[2], body = fs.readFileSync(name);\n"
      "const say = (r, b) => {\n"
      "  r.writeHead(200, {'Content-Type': 'text/plain', 'Content-Length': b.length});\n"
      "  r.end(b);\n"
      "};\n"
      "const s = http.createServer((q, r) => { " +
      answer +
      " });\n"
      "s.listen(0, '127.0.0.1', 4096, () => console.log(s.address().port));\n";
  running r;
  r.node = std::make_unique<peers::child>(
      std::vector<std::string>{need_program("node"), the_site().file("server.js", script),
                               the_site().path() + "/small"},
      std::vector<std::string>{}, server_processor());
  r.at.port = static_cast<unsigned short>(std::atoi(r.node->next_line().c_str()));
  r.at.process = r.node->pid();
  if (r.at.port == 0) throw std::runtime_error("node did not start");
  return r;
}

running start(served_by who) {
  switch (who) {
    case served_by::rouse_epoll: return start_rouse("epoll");
    case served_by::rouse_io_uring: return start_rouse("io_uring");
    case served_by::rouse_sendfile: return start_rouse("epoll", {"--sendfile"});
    case served_by::rouse_cached: return start_rouse("epoll", {"--cache", "60"});
    case served_by::rouse_cached_ring: return start_rouse("io_uring", {"--cache", "60"});
    case served_by::nginx: return start_nginx(false);
    case served_by::nginx_open_file_cache: return start_nginx(true);
    case served_by::node_from_memory: return start_node("say(r, body);");
    case served_by::node_from_file: break;
  }
  return start_node("fs.readFile(name, (e, b) => say(r, b));");
}

double cpu_of(pid_t process) {
  clockid_t clock{};
  if (::clock_getcpuclockid(process, &clock) != 0) throw std::runtime_error("the server has gone");
  return static_cast<double>(read_clock(clock));
}

/// The number that a line of `text` begins with, which goes on with `what`.
double number_before(const std::string& text, std::string_view what) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("wrk said: " + text);
  const std::size_t begin = text.rfind('\n', at) + 1;
  return std::atof(text.c_str() + begin);
}

std::string lua_for(int pipelined) {
  return "init = function()\n"
         "  local all = {}\n"
         "  for i = 1, " +
         std::to_string(pipelined) +
         " do all[i] = wrk.format(nil, '/small') end\n"
         "  request = function() return table.concat(all) end\n"
         "end\n";
}

/// How many answers come in `ns`.
double answers_to_wrk(const place& server, const wrk_load& load, std::int64_t ns) {
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port) + "/small";
  const std::string script = the_site().file("load.lua", lua_for(load.pipelined));
  const std::int64_t begin = now_ns();
  // It knows whole seconds only; a signal ends it in good order, once it listens to signals and has
  // begun to wait. Before that they are ignored, which a program inherits.
  const auto former = ::signal(SIGINT, SIG_IGN);
  peers::child wrk({need_program("wrk"), "-t1", "-c" + std::to_string(load.connections), "-d40s",
                    "--timeout", "30s", "-s", script, url});
  ::signal(SIGINT, former);
  sleep_until_ns(begin + ns);
  do
    ::kill(wrk.pid(), SIGINT);
  while (!wrk.has_output(20) && wrk.is_running());
  std::string said;
  for (std::string line; said.find("Transfer/sec") == std::string::npos; said += line + "\n") {
    line = wrk.next_line();
    if (line.empty() && !wrk.is_running()) break;
  }
  if (said.find("Socket errors") != std::string::npos || said.find("Non-2xx") != std::string::npos)
    throw std::runtime_error("wrk said: " + said);
  return number_before(said, " requests in");
}

int connect_and_ask(unsigned short port, const std::string& path) {
  const int fd = peers::connect_to(port);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    throw std::runtime_error("the server takes no request");
  return fd;
}

}  // namespace

std::int64_t big_bytes() { return scaled(std::int64_t{1} << 30); }

place server_of(served_by who) {
  static std::map<served_by, running> all;
  (void)the_site();  // outlives the servers
  if (const auto found = all.find(who); found != all.end()) return found->second.at;
  const place started = all.emplace(who, start(who)).first->second.at;
  const bool compiles_as_it_runs =
      who == served_by::node_from_memory || who == served_by::node_from_file;
  if (compiles_as_it_runs) (void)load_with_wrk(started, {});
  return started;
}

wrk_result load_with_wrk(const place& server, const wrk_load& load) {
  // On a machine that has others to serve, a short load may get nowhere: then a longer one.
  for (std::int64_t ns = scaled(load_ns); ns <= longest_load_ns; ns *= 4) {
    const double cpu_before = cpu_of(server.process);
    const double answers = answers_to_wrk(server, load, ns);
    const double cpu = cpu_of(server.process) - cpu_before;
    if (answers >= load.connections) return {.cpu_ns = cpu / answers};
  }
  throw std::runtime_error("the server gives wrk no answers");
}

pull_result pull_big(const place& server) {
  const double cpu_before = cpu_of(server.process);
  const std::int64_t begin = now_ns();
  const int fd = connect_and_ask(server.port, "/big");
  char head[4096];
  const ssize_t got = ::recv(fd, head, sizeof head, MSG_PEEK);
  const std::string_view text(head, got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 200") || end == std::string_view::npos)
    throw std::runtime_error("no such answer");
  std::int64_t left = big_bytes() + static_cast<std::int64_t>(end) + 4;
  while (left > 0) {
    const ssize_t n = ::recv(fd, nullptr, 1 << 20, MSG_TRUNC);  // TCP: dropped, not copied
    if (n <= 0) throw std::runtime_error("the server cut the file");
    left -= n;
  }
  const auto wall = static_cast<double>(now_ns() - begin);
  ::close(fd);
  return {.cpu_ns = cpu_of(server.process) - cpu_before, .wall_ns = wall};
}

double start_to_first_byte_ns(served_by who) {
  (void)the_site();
  const std::int64_t begin = now_ns();
  const running fresh = start(who);
  const int fd = connect_and_ask(fresh.at.port, "/small");
  char first = 0;
  const ssize_t n = ::recv(fd, &first, 1, 0);
  const auto took = static_cast<double>(now_ns() - begin);
  ::close(fd);
  if (n != 1) throw std::runtime_error("no answer");
  return took;
}

}  // namespace bench
