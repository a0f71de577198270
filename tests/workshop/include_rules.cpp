#include "include_rules.hpp"

#include <sstream>
#include <stdexcept>

namespace workshop {
namespace {

// Headers that cost 0.2 to 0.4 s to parse, each with its door in base.
const std::set<std::string> costly = {
    "atomic",     "barrier",   "chrono",       "condition_variable",
    "filesystem", "format",    "fstream",      "functional",
    "future",     "iostream",  "iomanip",      "latch",
    "memory",     "mutex",     "random",       "regex",
    "ranges",     "semaphore", "shared_mutex", "sstream",
    "stop_token", "thread"};

// Kernel and POSIX headers by name; whole folders are listed in is_kernel_header().
const std::set<std::string> posix = {"aio.h",     "dirent.h", "dlfcn.h", "errno.h",   "fcntl.h",
                                     "ifaddrs.h", "netdb.h",  "poll.h",  "pthread.h", "pwd.h",
                                     "sched.h",   "signal.h", "spawn.h", "syscall.h", "termios.h",
                                     "unistd.h",  "csignal"};

bool is_kernel_header(std::string_view path) {
  for (std::string_view folder : {"sys/", "linux/", "netinet/", "arpa/", "net/", "asm/"}) {
    if (path.starts_with(folder)) return true;
  }
  return posix.contains(std::string(path));
}

// Doors through which a kernel header comes in elsewhere, each for a reason its file gives.
bool is_door(std::string_view file, std::string_view header) {
  if (file.starts_with("rouse/sys/")) return true;
  if (file.starts_with("rouse/base/")) return header == "pthread.h";
  return false;
}

std::string module_of(std::string_view path) {  // "rouse/time/wheel.hpp" -> "time"
  if (!path.starts_with("rouse/")) return {};
  path.remove_prefix(6);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

bool is_internal(std::string_view path) {
  return path.find("/internal/") != std::string_view::npos;
}

bool is_public_header(std::string_view path) {
  return path.starts_with("rouse/") && path.ends_with(".hpp") && !is_internal(path) &&
         !is_test(path);
}

class include_check {
 public:
  include_check(const floors& house, std::string_view path)
      : house_(house), path_(path), module_(module_of(path)) {}

  std::vector<finding> run(const source_text& source) {
    if (!module_.empty() && !house_.knows(module_))
      say(1, "module " + module_ + " has no line in floors.txt");
    for (const include& i : source.includes) {
      if (source.excused.contains(i.line)) continue;
      if (i.path.starts_with("rouse/"))
        ours(i);
      else if (!is_test(path_))
        foreign(i);
    }
    if (!module_.empty() && !is_test(path_) && module_ != "sys") {
      for (const token& t : source.tokens) {
        if (t.text == "errno" && !source.excused.contains(t.line))
          say(t.line, "errno is seen in rouse/sys only");
      }
    }
    return std::move(found_);
  }

 private:
  void ours(const include& i) {
    const std::string target = module_of(i.path);
    if (!module_.empty() && target != module_ &&
        !house_.allow(module_, std::string_view(i.path).substr(6))) {
      say(i.line,
          "an arrow that goes up: " + module_ + " may not include <" + i.path + "> (floors.txt)");
    }
    if (is_internal(i.path) && target != module_ && !is_test(path_)) {
      say(i.line, "<" + i.path + "> is internal to " + target);
    }
    if (is_internal(i.path) && is_public_header(path_)) {
      say(i.line, "a public header includes <" + i.path + ">, which is not installed");
    }
  }

  void foreign(const include& i) {
    if (i.path == "liburing.h" || i.path.starts_with("liburing/")) {
      if (!path_.starts_with("rouse/reactor/io_uring/") || is_public_header(path_)) {
        say(i.line, "<liburing.h> belongs in rouse/reactor/io_uring, and in no public header");
      }
    } else if (i.path == "llhttp.h") {
      if (module_ != "http" || is_public_header(path_))
        say(i.line, "<llhttp.h> belongs in http, and in no public header");
    } else if (i.path.starts_with("openssl/")) {
      if (module_ != "crypto" || is_public_header(path_))
        say(i.line, "<" + i.path + "> belongs in crypto, and in no public header");
    } else if (is_kernel_header(i.path)) {
      if (!module_.empty() && !is_door(path_, i.path))
        say(i.line, "kernel header <" + i.path + "> outside rouse/sys");
    } else if (costly.contains(i.path) && is_public_header(path_)) {
      say(i.line, "<" + i.path +
                      "> is costly to parse: use base/{atomic,mutex,condition,duration}.hpp, or a "
                      "source file");
    }
  }

  void say(int line, std::string message) { found_.push_back({line, std::move(message)}); }

  const floors& house_;
  std::string_view path_;
  std::string module_;
  std::vector<finding> found_;
};

}  // namespace

floors::floors(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error("floors.txt: no colon in: " + line);
    std::set<std::string> closed = {"base"};
    std::istringstream names(line.substr(colon + 1));
    for (std::string name; names >> name;) {
      const auto below = allowed_.find(name.substr(0, name.find('/')));
      // Only names above this line count, so a circle cannot be written down.
      if (below == allowed_.end())
        throw std::runtime_error("floors.txt: " + name + " is named before its own line: " + line);
      closed.insert(name);
      closed.insert(below->second.begin(), below->second.end());
    }
    allowed_.emplace(line.substr(0, colon), std::move(closed));
  }
}

bool floors::allow(const std::string& module, std::string_view path) const {
  const auto line = allowed_.find(module);
  if (line == allowed_.end()) return false;
  for (const std::string& prefix : line->second) {
    if (path.starts_with(prefix + "/") || path == prefix + ".hpp") return true;
  }
  return false;
}

std::vector<finding> check_includes(const floors& house, std::string_view path,
                                    const source_text& source) {
  return include_check(house, path).run(source);
}

}  // namespace workshop
