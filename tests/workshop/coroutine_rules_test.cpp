#include "coroutine_rules.hpp"

#include <gtest/gtest.h>

namespace workshop {
namespace {

const std::filesystem::path root = ROUSE_ROOT;

// The messages about `text`, cut to their first words, as one line.
std::string about(std::string_view text, bool is_test = false) {
  std::string all;
  for (const finding& f : check_coroutines(read_source(text), is_test)) {
    all += (all.empty() ? "" : "; ") + std::to_string(f.line) + " " + f.message.substr(0, 24);
  }
  return all;
}

constexpr auto condition = "1 awaits in a condition wi";
constexpr auto braced = "1 a braced temporary that ";
constexpr auto closure = "1 a capturing lambda in on";
constexpr auto conditional = "1 one branch of ?: makes a";
constexpr auto branch = "1 co_await in a branch of ";
constexpr auto capture = "1 a lambda that is a corou";
constexpr auto reference = "1 a coroutine parameter th";
constexpr auto aligned = "1 a local aligned to more ";

TEST(coroutine_rules, hold_in_every_source_of_ours) {
  for (const std::string& path :
       find_sources(root, {"rouse", "tools", "examples", "benches", "tests"})) {
    if (path.starts_with("tests/workshop/canaries/")) continue;  // bad on purpose
    const source_text source = read_source(read_file(root / path));
    for (const finding& f : check_coroutines(source, is_test(path))) {
      ADD_FAILURE() << path << ":" << f.line << ": " << f.message;
    }
  }
}

TEST(coroutine_rules, find_an_await_in_a_condition_without_a_local) {
  EXPECT_EQ(about("task<int> f() { if (co_await g()) co_return 1; co_return 2; }"), condition);
  EXPECT_EQ(about("task<int> s::f(int n) const { while (!co_await g(n)) h(); co_return 2; }"),
            condition);
  EXPECT_EQ(about("template <class T> auto f(T t) -> task<std::vector<T>> { switch (co_await t) { "
                  "default: co_return {}; } }"),
            condition);
  EXPECT_EQ(about("task<> f() { for (;;) { if (!co_await g()) break; } }"), condition);
  EXPECT_EQ(about("task<> f() { static int n = 0; if (co_await g()) ++n; }"), condition);
  EXPECT_EQ(about("task<> f() { auto [a, b] = h(); if (co_await g()) k(a, b); }"), condition);
  EXPECT_EQ(about("task<> f() { { int inner = 0; k(inner); } if (co_await g()) h(); }"), condition);
}

TEST(coroutine_rules, accept_a_named_local_anywhere_in_the_outer_block) {
  EXPECT_EQ(about("task<> f() { int n = 0; if (co_await g()) ++n; }"), "");
  EXPECT_EQ(about("task<> f() { if (co_await g()) h(); std::vector<int> v{1}; }"), "");
  EXPECT_EQ(about("task<> f() { const std::map<int, std::pair<a, b>>& m = k(); while (co_await "
                  "g()) h(m); }"),
            "");
  EXPECT_EQ(about("task<> f() { auto v = co_await g(); if (v) h(); }"), "");
  EXPECT_EQ(about("task<> f() { while (auto v = co_await g()) h(v); }"), "");
  EXPECT_EQ(about("auto f = []() -> task<> { if (co_await g()) h(); };"), "");
  EXPECT_EQ(about("task<> f() { co_return co_await g() ? 1 : 2; }"), "");
}

TEST(coroutine_rules, find_owning_temporaries_beside_co_await) {
  EXPECT_EQ(about("task<> f() { co_await g({.name = \"x\"}); }"), braced);
  EXPECT_EQ(about("task<> f() { auto x = co_await g(options{.name = std::move(n)}, 3); }"), braced);
  EXPECT_EQ(about("task<> f() { auto v = std::vector<int>{co_await a(), co_await b()}; }"), braced);
  EXPECT_EQ(about("task<> f() { co_await agg{std::string(n)}.m(); }"), braced);
  EXPECT_EQ(about("task<> f() { co_await call([s] { h(s); }); }"), closure);
  EXPECT_EQ(
      about("task<> f() { co_await call(1, [s = std::move(s)]() mutable noexcept { h(s); }); }"),
      closure);
  EXPECT_EQ(about("task<> f() { co_await call([=] { h(s); }); }", true), closure) << "in tests too";
  EXPECT_EQ(about("task<> f() { if (bool b = co_await call([&x, y] { h(x, y); })) k(b); }"),
            closure);
}

TEST(coroutine_rules, accept_what_owns_nothing_or_has_a_name) {
  EXPECT_EQ(about("task<> f() { auto l = co_await listen(a, {.backlog = 64, .wait = 5s}); }"), "");
  EXPECT_EQ(about("task<> f() { auto job = [s] { h(s); }; co_await call(std::move(job)); }"), "");
  EXPECT_EQ(about("task<> f() { options o{.name = \"x\"}; co_await g(o); }"), "");
  EXPECT_EQ(about("task<> f() { co_await call([&] { h(s); }, [this, &y] { k(y); }); }"), "");
  EXPECT_EQ(about("task<> f() { co_await g(); h({\"x\"}); }"), "") << "another expression";
  EXPECT_EQ(about("task<> f() { if (x) { h({\"x\"}); } co_await g(); }"), "");
}

TEST(coroutine_rules, find_a_temporary_of_one_branch_beside_co_await) {
  EXPECT_EQ(about("task<> f() { co_await g(path.empty() ? \".\" : path, 3); }"), conditional);
  EXPECT_EQ(about("task<> f() { auto x = co_await g(n > 0 ? s : std::string(\"x\")).m(); }"),
            conditional);
  EXPECT_EQ(about("task<> f() { co_await g(1, a ? k(b, c) : std::move(s)); }"), conditional);
  EXPECT_EQ(about("task<> f() { auto s = a ? \".\" : path; co_await g(std::move(s)); }"), "");
  EXPECT_EQ(about("task<> f() { co_await g(a ? 1 : 2, h(b ? c : d)); }"), "");
  EXPECT_EQ(about("task<> f() { l.add(co_await g() ? \"yes\" : \"no\"); }"), "");
}

TEST(coroutine_rules, find_co_await_in_a_branch) {
  EXPECT_EQ(about("task<> f() { auto x = a ? std::move(b).s : (co_await g()).s; }"), branch);
  EXPECT_EQ(about("task<> f() { h(a ? co_await g() : b, c); }"), branch);
  EXPECT_EQ(about("task<> f() { h(a ? k(1, 2) : co_await g(b, c)); }"), branch);
  EXPECT_EQ(about("task<> f() { auto x = (co_await g()) ? a : b; }"), "");
  EXPECT_EQ(about("task<> f() { h((a ? 1 : 2) + co_await g()); }"), "");
}

TEST(coroutine_rules, find_capturing_coroutines_except_bodies_of_scopes) {
  EXPECT_EQ(about("auto f = [&]() -> task<> { co_await g(); };"), capture);
  EXPECT_EQ(about("void k() { spawn([x](int n) mutable -> task<int> { co_return x + n; }(1)); }"),
            capture);
  EXPECT_EQ(about("auto f = [this] { return h([=]() -> task<> { co_return; }); };"), capture);
  EXPECT_EQ(
      about("task<> f() { co_await scope([&](nursery& n) -> task<> { co_await n.room(); }); }"),
      "");
  EXPECT_EQ(about("void f() { app.post(\"/\", [&](auto& x) -> task<> { co_await g(); }); }"), "");
  EXPECT_EQ(about("task<> f() { co_await rouse::supervise<int>({.limit = 3}, [&](auto& n) -> "
                  "task<> { co_await n.room(); }); }"),
            "");
  EXPECT_EQ(about("auto f = [](int n) -> task<int> { co_return n; };"), "");
  EXPECT_EQ(about("auto f = [&]() -> task<> { co_await g(); };", true), "") << "tests may";
}

TEST(coroutine_rules, find_parameters_that_bind_to_temporaries) {
  EXPECT_EQ(about("task<> f(const std::string& s) { co_await g(s); }"), reference);
  EXPECT_EQ(about("template <class T> task<> f(int n, T&& t) { co_await g(n, t); }"), reference);
  EXPECT_EQ(
      about("task<> f(tcp_stream& s, std::function<void(const int&)> h) { co_await g(s, h); }"),
      "");
  EXPECT_EQ(about("task<> f(const char* s, const int n, int& k) { co_await g(s, n, k); }"), "");
  EXPECT_EQ(about("task<> f(const std::string& s) { return g(s); }"), "") << "no coroutine";
}

TEST(coroutine_rules, find_over_aligned_locals_and_locks_across_an_await) {
  EXPECT_EQ(about("task<> f() { alignas(64) char b[64]; co_await g(b); }"), aligned);
  EXPECT_EQ(about("task<> f() { alignas(16) char b[64]; co_await g(b); }"), "");
  EXPECT_EQ(about("task<> f() { lock_guard held(m); co_await g(); }"),
            "1 a lock is held across th");
  EXPECT_EQ(about("task<> f() { { lock_guard held(m); h(); } co_await g(); }"), "");
}

TEST(coroutine_rules, see_through_comments_text_and_directives) {
  EXPECT_EQ(about("// task<> f() { if (co_await g()) h(); }\n"), "");
  EXPECT_EQ(about("auto s = \"if (co_await g()) { \"; auto r = R\"x(co_await })x\"; char c = '{';"),
            "");
  EXPECT_EQ(about("#define W(x) \\\n  if (co_await x) {\nint n = 1'000;"), "");
}

TEST(coroutine_rules, name_the_line_and_take_an_excuse_with_a_reason) {
  EXPECT_EQ(about("task<> f() {\n  // why\n  if (co_await g()) h();\n}"),
            "3 awaits in a condition wi");
  EXPECT_EQ(about("task<> f() {\n  if (co_await g()) h();  // lint: ok, this is the canary\n}"),
            "");
}

TEST(coroutine_rules, admit_what_they_cannot_read) {
  EXPECT_EQ(about("co_await lost();"), "1 cannot tell which functi");
}

}  // namespace
}  // namespace workshop
