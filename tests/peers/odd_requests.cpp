#include "odd_requests.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace peers {
namespace {

/// Reads one level of an escaped text: up to its end, or to the brace that closes a repetition.
std::string expand(std::string_view& rest, std::string_view etag, bool inside) {
  std::string out;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '}' && inside) return out;
    if (c != '\\') {
      out += c;
      continue;
    }
    const char escape = rest.empty() ? '\0' : rest.front();
    rest.remove_prefix(rest.empty() ? 0 : 1);
    switch (escape) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '\\': out += '\\'; break;
      case 'h': out += "Host: a\r\n"; break;
      case 'E': out += etag; break;
      case 'x':
        out += static_cast<char>(std::stoi(std::string(rest.substr(0, 2)), nullptr, 16));
        rest.remove_prefix(2);
        break;
      case '{': {
        const std::size_t space = rest.find(' ');
        const int times = std::stoi(std::string(rest.substr(0, space)));
        rest.remove_prefix(space + 1);
        const std::string once = expand(rest, etag, true);
        for (int i = 0; i < times; ++i)
          out += once;
        break;
      }
      default: throw std::runtime_error("unknown escape");
    }
  }
  if (inside) throw std::runtime_error("a repetition without its end");
  return out;
}

std::vector<std::string> split(const std::string& line, std::string_view separator) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t end; (end = line.find(separator, at)) != std::string::npos;
       at = end + separator.size())
    parts.push_back(line.substr(at, end - at));
  parts.push_back(line.substr(at));
  return parts;
}

void take_difference(const std::string& line, odd_requests& into) {
  const auto parts = split(line.substr(2), " | ");
  if (parts.size() != 3 || into.all.empty()) throw std::runtime_error("a difference has 3 parts");
  odd_request& of = into.all.back();
  of.reason = parts[0];
  of.ours = parts[1];
  of.theirs = parts[2];
}

void take_reason(const std::string& line, odd_requests& into) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string::npos) throw std::runtime_error("a reason has a name and a text");
  into.reasons[line.substr(2, colon - 2)] = line.substr(colon + 2);
}

void take_line(const std::string& line, std::string& section, odd_requests& into) {
  if (line.starts_with("## ")) {
    section = line.substr(3);
  } else if (line.starts_with("> ")) {
    take_difference(line, into);
  } else if (line.starts_with("! ")) {
    take_reason(line, into);
  } else if (!line.empty() && !line.starts_with('#')) {
    const std::size_t bar = line.find(" | ");
    if (bar == std::string::npos) throw std::runtime_error("a request has a name and a text");
    into.all.push_back({.name = line.substr(0, bar),
                        .section = section,
                        .text = line.substr(bar + 3),
                        .reason = {},
                        .ours = {},
                        .theirs = {}});
    (void)into.all.back().bytes("");  // says now what cannot be read
  }
}

void make_file(const std::string& name, std::string_view content) {
  std::ofstream(name) << content;
  const timespec then{.tv_sec = 784111777, .tv_nsec = 0};  // the date of the RFCs' examples
  const timespec both[2] = {then, then};
  if (::utimensat(AT_FDCWD, name.c_str(), both, 0) != 0)
    throw std::runtime_error("cannot make " + name);
}

}  // namespace

std::string odd_request::bytes(std::string_view etag) const {
  std::string_view rest = text;
  return expand(rest, etag, false);
}

odd_requests read_odd_requests() {
  std::ifstream file(PEERS_SOURCES "/odd_requests.txt");
  odd_requests all;
  std::string section;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    try {
      take_line(line, section, all);
    } catch (const std::exception& e) {
      throw std::runtime_error("odd_requests.txt, line " + std::to_string(number) + ": " +
                               e.what());
    }
  }
  return all;
}

void make_site(const std::string& directory) {
  make_file(directory + "/file", "0123456789abcdefghijklmnopqrstuvwxyz");
  make_file(directory + "/empty", "");
  make_file(directory + "/probe", "probe");
  make_file(directory + "/a b", "a space");
  make_file(directory + "/50%", "half");
  make_file(directory + "/.hidden", "hidden");
  std::filesystem::create_directory(directory + "/dir");
  make_file(directory + "/dir/inside", "inside");
}

}  // namespace peers
