#include <rouse/http/directory_page.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <rouse/http/page.hpp>
#include <rouse/http/target.hpp>

namespace rouse::http {
namespace {

std::string page_of(std::vector<directory_entry> entries, std::string_view path = "",
                    std::size_t omitted = 0) {
  std::string out;
  append_directory_page(
      out, {.path = path, .root_name = "root", .entries = entries, .omitted = omitted});
  return out;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

/// The links of the page's rows, in order.
std::vector<std::string> links(const std::string& page) {
  std::vector<std::string> found;
  constexpr std::string_view before = "<td><a href=\"";
  for (std::size_t at = page.find(before); at != std::string::npos; at = page.find(before, at)) {
    at += before.size();
    found.push_back(page.substr(at, page.find('"', at) - at));
  }
  return found;
}

std::string human(std::uint64_t bytes) {
  std::string out;
  append_human_size(out, bytes);
  return out;
}

TEST(directory_page, lists_directories_first_and_names_in_natural_order) {
  std::string page = page_of({{.name = "b.txt"},
                              {.name = "a10"},
                              {.name = "Z", .is_directory = true},
                              {.name = "a2"},
                              {.name = "c", .is_directory = true}});
  EXPECT_EQ(links(page), (std::vector<std::string>{"c/", "Z/", "a2", "a10", "b.txt"}));
}

TEST(directory_page, sorts_and_filters_as_its_query_says) {
  const auto listed = [](std::string_view query) {
    std::vector<directory_entry> entries = {{.name = "b.txt", .size = 5, .modified = 30},
                                            {.name = "a10.TXT", .size = 5, .modified = 10},
                                            {.name = "d", .is_directory = true, .modified = 20},
                                            {.name = "a2", .size = 7, .modified = 20}};
    std::string storage;
    std::string out;
    append_directory_page(out, {.entries = entries, .view = read_directory_view(query, storage)});
    return links(out);
  };
  using names = std::vector<std::string>;
  EXPECT_EQ(listed(""), (names{"d/", "a2", "a10.TXT", "b.txt"}));
  EXPECT_EQ(listed("order=desc"), (names{"d/", "b.txt", "a10.TXT", "a2"}));
  EXPECT_EQ(listed("sort=size&order=desc"), (names{"d/", "a2", "a10.TXT", "b.txt"}));
  EXPECT_EQ(listed("sort=size"), (names{"d/", "a10.TXT", "b.txt", "a2"}));
  EXPECT_EQ(listed("sort=modified"), (names{"d/", "a10.TXT", "a2", "b.txt"}));
  EXPECT_EQ(listed("filter=.txt"), (names{"a10.TXT", "b.txt"}));
  EXPECT_EQ(listed("sort=nonsense&order=up&filter="), listed(""));
  EXPECT_EQ(listed("filter=%zz"), listed(""));
}

TEST(directory_page, what_was_asked_comes_back_in_links_and_form_but_never_as_markup) {
  std::string storage;
  std::string out;
  std::vector<directory_entry> none;
  append_directory_page(
      out, {.entries = none,
            .view = read_directory_view("sort=size&filter=%22%3E%3Cscript%3E+x", storage)});
  EXPECT_EQ(out.find("<script"), std::string::npos);
  EXPECT_NE(out.find("value=\"&quot;&gt;&lt;script&gt; x\""), std::string::npos);
  EXPECT_NE(out.find("href=\"?sort=size&amp;order=desc&amp;filter=%22%3E%3Cscript%3E%20x\""),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("No name has that in it."), std::string::npos);
}

TEST(directory_page, shows_sizes_and_dates) {
  std::string page = page_of({{.name = "a", .size = 1536, .modified = 784111777}});
  EXPECT_NE(page.find("<td title=\"1536 bytes\">1.5 KiB<td>1994-11-06<i> 08:49</i>"),
            std::string::npos);
  EXPECT_NE(page.find("<p>1 file, 1.5 KiB</p>"), std::string::npos);
}

TEST(directory_page, names_are_escaped_as_text_and_encoded_as_links) {
  const std::string name = "<img src=x onerror=\"alert('1')\">&.html";
  std::string page = page_of({{.name = name}});
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(
      page.find("<bdi>&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;.html</bdi>"),
      std::string::npos);
  EXPECT_EQ(links(page), std::vector<std::string>{
                             "%3Cimg%20src%3Dx%20onerror%3D%22alert%28%271%27%29%22%3E%26.html"});
  EXPECT_NE(page_of({{.name = "javascript:alert(1)"}}).find("href=\"javascript%3Aalert"),
            std::string::npos);
}

TEST(directory_page, paths_and_the_root_name_are_escaped_too) {
  std::vector<directory_entry> none;
  std::string out;
  append_directory_page(out, {.path = "<b>/\"x\"", .root_name = "<i>root", .entries = none});
  EXPECT_EQ(out.find("<b>"), std::string::npos);
  EXPECT_EQ(out.find("<i>root"), std::string::npos);
  EXPECT_NE(out.find("<title>&lt;b&gt;/&quot;x&quot;</title>"), std::string::npos);
}

TEST(directory_page, links_lead_to_the_names_they_show) {
  for (std::string name :
       {"a b", "100%", "%2e%2e", "a?b#c", "\xff\xfe", "\xe6\x97\xa5", "a+b", "..x"}) {
    std::string page = page_of({{.name = name}});
    if (!is_servable_name(name)) {
      EXPECT_TRUE(links(page).empty());
      continue;
    }
    ASSERT_EQ(links(page).size(), 1u) << name;
    std::string storage;
    auto decoded = decode_target("/" + links(page)[0], storage);
    ASSERT_TRUE(decoded) << name;
    EXPECT_EQ(decoded->path, name);
  }
}

TEST(fault_H9, what_no_request_can_reach_is_not_listed) {
  std::string page = page_of({{.name = ".git", .is_directory = true},
                              {.name = ".env"},
                              {.name = "a\\b"},
                              {.name = "a\nb"},
                              {.name = ""},
                              {.name = ".."},
                              {.name = "shown"}});
  EXPECT_EQ(links(page), std::vector<std::string>{"shown"});
  EXPECT_NE(page.find("<p>1 file, 0 B</p>"), std::string::npos);
}

TEST(directory_page, leads_up_from_all_but_the_root) {
  EXPECT_TRUE(links(page_of({})).empty());
  std::string page = page_of({}, "docs/api");
  EXPECT_EQ(links(page), std::vector<std::string>{"../"});
  EXPECT_NE(page.find("<h1><a href=\"../../\"><bdi>root</bdi></a><i>/</i><a "
                      "href=\"../\"><bdi>docs</bdi></a><i>/</i>"
                      "<bdi>api</bdi></h1>"),
            std::string::npos);
}

TEST(directory_page, says_when_it_is_empty_or_cut) {
  EXPECT_NE(page_of({}).find("This folder is empty."), std::string::npos);
  EXPECT_EQ(page_of({{.name = "a"}}).find("This folder is empty."), std::string::npos);
  EXPECT_NE(page_of({{.name = "a"}}, "", 1).find("and 1 more entry that is not shown"),
            std::string::npos);
  EXPECT_NE(page_of({{.name = "a"}}, "", 7).find("and 7 more entries that are not shown"),
            std::string::npos);
}

TEST(directory_page, needs_nothing_that_its_policy_forbids) {
  std::string page = page_of({{.name = "a"}, {.name = "b", .is_directory = true}}, "c");
  EXPECT_EQ(count(page, "<style>"), 1u);
  for (const char* forbidden : {"<script", " style=", " onclick", "src=", "@import", "url("})
    EXPECT_EQ(page.find(forbidden), std::string::npos) << forbidden;
}

TEST(directory_page, stays_small) {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i)
    names.push_back("a file of some name " + std::to_string(i));
  std::vector<directory_entry> entries;
  for (const std::string& name : names)
    entries.push_back({.name = name, .size = 123456789, .modified = 1764028800});
  EXPECT_LT(page_of(entries).size(), 5u * 1024 + 300 * 100);
}

TEST(human_size, has_a_tenth_below_ten) {
  EXPECT_EQ(human(0), "0 B");
  EXPECT_EQ(human(1023), "1023 B");
  EXPECT_EQ(human(1024), "1.0 KiB");
  EXPECT_EQ(human(1536), "1.5 KiB");
  EXPECT_EQ(human(10188), "9.9 KiB");
  EXPECT_EQ(human(10240), "10 KiB");
  EXPECT_EQ(human(1023 * 1024 + 511), "1023 KiB");
  EXPECT_EQ(human(1023 * 1024 + 512), "1.0 MiB");
  EXPECT_EQ(human(1024ull * 1024 * 1024 * 5 / 2), "2.5 GiB");
  EXPECT_EQ(human(UINT64_MAX), "16 EiB");
}

TEST(human_size, never_exceeds_its_width) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t bytes = random() >> (random() % 64);
    ASSERT_LE(human(bytes).size(), 8u) << bytes;
  }
}

TEST(natural_less, orders_numbers_by_value_and_letters_without_case) {
  for (auto [a, b] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"a2", "a10"},
           {"A", "b"},
           {"a", "B"},
           {"a", "ab"},
           {"a9b", "a10a"},
           {"1", "a"},
           {"a1b2", "a1b10"},
           {"", "a"},
           {"a007", "a8"},
           {"99999999999999999999998", "99999999999999999999999"}}) {
    EXPECT_TRUE(natural_less(a, b)) << a << " " << b;
    EXPECT_FALSE(natural_less(b, a)) << a << " " << b;
  }
  EXPECT_FALSE(natural_less("a", "a"));
  EXPECT_NE(natural_less("a", "A"), natural_less("A", "a"));
  EXPECT_NE(natural_less("a01", "a1"), natural_less("a1", "a01"));
}

TEST(natural_less, is_a_strict_total_order) {
  std::mt19937 random(5);
  std::vector<std::string> names;
  for (int i = 0; i < 120; ++i) {
    std::string name;
    for (auto n = random() % 5; n > 0; --n)
      name += "aAbB019."[random() % 8];
    names.push_back(name);
  }
  for (const auto& a : names)
    for (const auto& b : names) {
      ASSERT_EQ(natural_less(a, b) || natural_less(b, a), a != b) << a << " " << b;
      ASSERT_FALSE(natural_less(a, b) && natural_less(b, a)) << a << " " << b;
    }
  for (const auto& a : names)
    for (const auto& b : names)
      if (natural_less(a, b))
        for (const auto& c : names)
          if (natural_less(b, c)) ASSERT_TRUE(natural_less(a, c)) << a << " " << b << " " << c;
}

}  // namespace
}  // namespace rouse::http
