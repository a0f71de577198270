#include <rouse/http/internal/page_frame.hpp>

#include <array>

#include <rouse/http/internal/html.hpp>
#include <rouse/http/internal/sha256.hpp>
#include <rouse/http/page.hpp>

namespace rouse::internal {
namespace {

// Colours are named once for light and once for dark; everything else is the same. Every pair of
// text and ground has a contrast of 4.5 or more. Rows are links as a whole, which on a phone
// matters more than anything.
constexpr std::string_view style = R"(
:root{--ground:#faf8f5;--card:#fff;--line:#e9e4dc;--text:#23201c;--dim:#716a60;--link:#23201c;--warm:#b34a0b;--hover:#fdf3e7;--head:#fdfcfa;--fold:#e8913a;--shadow:0 1px 2px #2b1d0a0d,0 8px 24px #2b1d0a0f}
@media(prefers-color-scheme:dark){:root{--ground:#15171b;--card:#1c1f25;--line:#2b2f37;--text:#e9e6e1;--dim:#9c978f;--link:#e9e6e1;--warm:#ffb067;--hover:#262a32;--head:#1f2229;--fold:#f0a04b;--shadow:none}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1.25rem 1.5rem;max-width:60rem;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Ubuntu,sans-serif}
a{color:var(--link);text-decoration:none}
a:focus-visible{outline:2px solid var(--warm);outline-offset:2px;border-radius:4px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1rem;margin:0 .25rem 1rem}
h1{flex:1 1 auto;margin:0;font-size:1.375rem;font-weight:650;line-height:1.3;letter-spacing:-.01em;overflow-wrap:anywhere}
h1 a{font-weight:450;color:var(--dim)}
h1 a:hover{color:var(--warm)}
i{font-style:normal;font-weight:inherit}
h1 i{margin:0 .3em;font-weight:400;color:var(--dim);opacity:.55}
header p{margin:0;font-size:.875rem;color:var(--dim)}
form{flex:0 1 14rem;margin:0}
input{width:100%;padding:.375rem .875rem;font:inherit;font-size:.875rem;color:var(--text);background:var(--card);border:1px solid var(--line);border-radius:99px}
input::placeholder{color:var(--dim);opacity:1}
input:focus-visible{outline:2px solid var(--warm);outline-offset:1px}
bdi{white-space:pre-wrap}
main{flex:1}
table{width:100%;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow);overflow:hidden;font-variant-numeric:tabular-nums}
th,td{padding:.5625rem 1rem;text-align:left;vertical-align:top;white-space:nowrap}
th{background:var(--head);font-size:.75rem;font-weight:600;letter-spacing:.03em;color:var(--dim)}
td{border-top:1px solid var(--line);font-size:.875rem;line-height:1.5rem;color:var(--dim)}
th a{color:inherit}
th a:hover{color:var(--warm)}
th em{margin-left:.25em;font-style:normal;color:var(--warm)}
th:nth-child(2),td:nth-child(2){text-align:right}
th:first-child,td:first-child{width:100%;font-size:1rem;white-space:normal}
th:first-child{font-size:.75rem}
tbody tr{position:relative}
tbody tr:hover{background:var(--hover)}
.none a{display:inline;color:var(--warm);text-decoration:underline}
.none a::after{content:none}
td a{display:flex;gap:.75rem;overflow-wrap:anywhere}
td a::after{content:"";position:absolute;inset:0}
tr:hover a{color:var(--warm)}
td a:focus-visible{outline-offset:4px}
svg{flex:none;width:1.25rem;height:1.25rem;margin-top:.125rem;fill:none;stroke:var(--dim);stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.icons{display:none}
.d svg{fill:var(--fold);stroke:none}
.d a{font-weight:550}
tr td.none{padding:2rem 1rem;text-align:center;font-size:.875rem}
.none:hover{background:var(--card)}
.error{display:flex;flex-direction:column;align-items:center;justify-content:center;text-align:center}
.error b{font-size:clamp(5rem,22vw,9rem);line-height:1;font-weight:750;letter-spacing:-.04em;color:var(--warm)}
.error h1{flex:none;margin:.75rem 0 .25rem;font-size:1.5rem}
.error p{margin:0 0 1.5rem;max-width:28rem;color:var(--dim)}
.error a{padding:.5rem 1.25rem;border:1px solid var(--line);border-radius:99px;background:var(--card)}
.error a:hover{border-color:var(--warm);color:var(--warm)}
footer{margin:1.25rem .25rem 0;font-size:.8125rem;color:var(--dim)}
@media(max-width:40rem){form{flex:1 0 100%}body{padding:1.25rem .75rem 1rem}th,td{padding:.6875rem .75rem}td:last-child i{display:none}}
@media(max-width:28rem){th:nth-child(3),td:nth-child(3){display:none}}
)";

constexpr std::string_view before_title =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
    "viewBox='0 0 32 32'%3E%3Cg "
    "fill='none' stroke='%23e8913a' stroke-width='3' stroke-linecap='round'%3E%3Cpath d='M2 "
    "26h28M16 3v4M5 8l3 3M27 8l-3 "
    "3'/%3E%3C/g%3E%3Cpath fill='%23e8913a' d='M7 22a9 9 0 0 1 18 0z'/%3E%3C/svg%3E\">\n"
    "<title>";
constexpr std::string_view after_title = "</title>\n<style>";
constexpr std::string_view after_style = "</style>\n</head>\n<body>\n";
constexpr std::string_view end = "<footer>Served by Rouse</footer>\n</body>\n</html>\n";

constexpr std::string_view policy_before = "default-src 'none'; style-src 'sha256-";
constexpr std::string_view policy_after =
    "'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr auto policy = [] {
  constexpr auto hash = base64(sha256(style));
  std::array<char, policy_before.size() + hash.size() + policy_after.size()> text{};
  std::size_t at = 0;
  for (char c : policy_before)
    text[at++] = c;
  for (char c : hash)
    text[at++] = c;
  for (char c : policy_after)
    text[at++] = c;
  return text;
}();

}  // namespace

void append_page_begin(std::string& out, std::string_view title) {
  out += before_title;
  append_escaped(out, title);
  out += after_title;
  out += style;
  out += after_style;
}

void append_page_end(std::string& out) { out += end; }

}  // namespace rouse::internal

namespace rouse::http {

std::string_view page_security_policy() noexcept {
  return {internal::policy.data(), internal::policy.size()};
}

}  // namespace rouse::http
