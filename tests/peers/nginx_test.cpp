// Where do we and nginx read a request in two ways? Each of odd_requests.txt goes to both; the
// answers must be alike, or the file must say how they differ and why. docs/http-vs-nginx.md is
// that file's differences as a page.
//
// With ROUSE_WRITE_DOCS=1 in the environment both are written anew: a difference keeps its reason,
// a new one gets the reason "?", which is none until somebody names it.
#include "answers.hpp"
#include "child.hpp"
#include "odd_requests.hpp"

#include <gtest/gtest.h>
#include <tests/support/scratch_folder.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

const std::string probe = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

template <class Place>
std::string etag_of(const Place& server) {
  const std::string request = "HEAD /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::string received = peers::exchange(peers::connect_to(server), request);
  const std::string tag = peers::field_of(received, "ETag");
  return tag.empty() ? "\"none\"" : tag;
}

template <class Place>
std::string answer_of(const Place& server, const peers::odd_request& r, const std::string& etag) {
  const std::string bytes = r.bytes(etag);
  const std::string received = peers::exchange(peers::connect_to(server), bytes + probe);
  return peers::summary(received, bytes.find("HEAD ") == 0);
}

/// As a cell of a table.
std::string code(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return "`" + escaped + "`";
}

std::string page_of(const peers::odd_requests& requests) {
  std::size_t different = 0;
  std::string tables;
  for (const auto& [name, why] : requests.reasons) {
    tables += "\n## " + name + "\n" + why + "\n\n| request | Rouse | nginx |\n|---|---|---|\n";
    for (const peers::odd_request& r : requests.all) {
      if (r.reason != name) continue;
      ++different;
      tables += "| " + r.name + ": " + code(r.text) + " | " + r.ours + " | " + r.theirs + " |\n";
    }
  }
  return "# Where Rouse and nginx answer differently\n"
         "Written by the tests from tests/peers/odd_requests.txt: of its " +
         std::to_string(requests.all.size()) + " requests, " +
         std::to_string(requests.all.size() - different) +
         " get the same answer from `rouse serve` " + "and from nginx 1.22, and " +
         std::to_string(different) +
         " another, for these reasons.\n\nIn a request `\\h` stands for `Host: a\\r\\n` and `\\{9 "
         "x}` for "
         "nine x. An answer is its status, the body (\"all\": the whole file; nothing: a page in "
         "the server's own words), "
         "and whether the connection could then be used again.\n" +
         tables;
}

std::string content_of(const std::string& name) {
  std::ostringstream all;
  all << std::ifstream(name).rdbuf();
  return all.str();
}

bool writes_docs() { return std::getenv("ROUSE_WRITE_DOCS") != nullptr; }

/// Puts the differences of `requests` into odd_requests.txt.
void write_differences(const peers::odd_requests& requests) {
  const std::string name = PEERS_SOURCES "/odd_requests.txt";
  std::istringstream former(content_of(name));
  std::ofstream file(name);
  auto next = requests.all.begin();
  for (std::string line; std::getline(former, line);) {
    if (line.starts_with("> ")) continue;
    file << line << "\n";
    if (next == requests.all.end() || !line.starts_with(next->name + " | ")) continue;
    if (!next->reason.empty())
      file << "> " << next->reason << " | " << next->ours << " | " << next->theirs << "\n";
    ++next;
  }
}

TEST(against_nginx, every_difference_is_explained) {
  const std::string program = peers::find_program("nginx");
  if (program.empty()) GTEST_SKIP() << "no nginx; tests/peers/packages.txt says what brings it";
  const support::scratch_folder site;
  const support::scratch_folder scratch;
  peers::make_site(site.path());
  const peers::rouse_serve ours(site.path(), "epoll");
  const peers::nginx theirs(program, scratch.path(), site.path());
  const std::string our_tag = etag_of(ours.port());
  const std::string their_tag = etag_of(theirs.socket());

  peers::odd_requests requests = peers::read_odd_requests();
  for (peers::odd_request& r : requests.all) {
    const std::string we_said = answer_of(ours.port(), r, our_tag);
    const std::string they_said = answer_of(theirs.socket(), r, their_tag);
    if (writes_docs()) {
      const bool alike = we_said == they_said;
      const std::string known = r.reason.empty() ? "?" : r.reason;
      r.reason = alike ? "" : known;
      r.ours = alike ? "" : we_said;
      r.theirs = alike ? "" : they_said;
    }
    // Where the file has no difference, the answers are alike.
    EXPECT_EQ(we_said, r.reason.empty() ? they_said : r.ours) << r.name << ", of Rouse";
    if (!r.reason.empty()) {
      EXPECT_EQ(they_said, r.theirs) << r.name << ", of nginx";
      EXPECT_NE(we_said, they_said) << r.name << ": no longer different";
    }
  }
  if (writes_docs()) write_differences(requests);
}

TEST(against_nginx, the_page_of_differences_says_what_the_file_says) {
  const peers::odd_requests requests = peers::read_odd_requests();
  EXPECT_GE(requests.all.size(), 200u);
  for (const peers::odd_request& r : requests.all)
    EXPECT_TRUE(r.reason.empty() || requests.reasons.contains(r.reason))
        << r.name << ": why do they differ? '" << r.reason << "' is no reason of the file";
  const std::string name = PEERS_DOCS "/http-vs-nginx.md";
  const std::string page = page_of(requests);
  if (writes_docs()) std::ofstream(name) << page;
  EXPECT_TRUE(content_of(name) == page) << "run this test with ROUSE_WRITE_DOCS=1";
}

}  // namespace
