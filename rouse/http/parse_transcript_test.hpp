// What a parser said about some bytes, as text: the tests and the fuzzer compare it between ways of
// cutting the bytes.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rouse/http/request_parser.hpp>

namespace rouse::http::testing {

/// One message, kept after its bytes are gone.
struct parsed_message {
  std::string head = {};  // method, target, authority, fields and conclusions, a line each
  std::string body = {};
  bool complete = false;

  friend bool operator==(const parsed_message&, const parsed_message&) = default;
};

struct transcript {
  std::vector<parsed_message> messages = {};
  bool failed = false;
  status code = status::ok;
  std::string reason = {};
  std::size_t consumed = 0;

  // An error's consumed bytes are nobody's business; those of all else are.
  friend bool operator==(const transcript& a, const transcript& b) {
    return a.messages == b.messages && a.failed == b.failed && a.code == b.code &&
           a.reason == b.reason && (a.failed || a.consumed == b.consumed);
  }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const parsed_message& m : messages)
      out += m.head + "body=" + m.body + (m.complete ? "\ncomplete\n" : "\nincomplete\n");
    if (failed) out += "error " + std::to_string(static_cast<int>(code)) + " " + reason + "\n";
    return out + "consumed " + std::to_string(consumed) + "\n";
  }
};

inline std::string describe(const request& r) {
  std::string out(r.method_name());
  out += " ";
  out += r.target();
  out += " 1." + std::to_string(r.minor_version()) + " @";
  out += r.authority();
  out += "\n";
  for (std::size_t i = 0; i < r.header_count(); ++i) {
    out += r.header_at(i).name;
    out += "=";
    out += r.header_at(i).value;
    out += "\n";
  }
  constexpr const char* kinds[] = {"none", "length", "chunked"};
  out += kinds[static_cast<int>(r.body())];
  out += " " + std::to_string(r.content_length());
  out += r.keep_alive() ? " keep" : " close";
  out += r.expects_continue() ? " expects\n" : "\n";
  return out;
}

/// Feeds one connection. Each piece makes a new exact copy of the pending bytes, so that a parser
/// which reads past the end, or remembers an address, is caught by ASan.
class feeder {
 public:
  explicit feeder(const request_limits& limits = {}) : parser_(limits) {}

  void feed(std::string_view piece) {
    if (result_.failed) return;
    pending_.append(piece);
    for (;;) {
      auto copy = std::make_unique<char[]>(pending_.size());
      pending_.copy(copy.get(), pending_.size());
      std::string_view input(copy.get(), pending_.size());
      parse_step step = parser_.parse(input);
      if (step.consumed > input.size()) std::abort();
      result_.consumed += step.consumed;
      switch (step.event) {
        case parse_event::need_more: pending_.erase(0, step.consumed); return;
        case parse_event::head:
          result_.messages.push_back({.head = describe(parser_.head())});
          break;
        case parse_event::body:
          if (step.body.empty() || step.body.data() < input.data() ||
              step.body.data() + step.body.size() > input.data() + step.consumed)
            std::abort();
          result_.messages.back().body += step.body;
          break;
        case parse_event::complete: result_.messages.back().complete = true; break;
        case parse_event::error:
          result_.failed = true;
          result_.code = parser_.error().code;
          result_.reason = parser_.error().reason;
          return;
      }
      pending_.erase(0, step.consumed);
    }
  }

  [[nodiscard]] const transcript& result() const { return result_; }
  [[nodiscard]] const request_parser& parser() const { return parser_; }
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }

 private:
  request_parser parser_;
  std::string pending_;
  transcript result_;
};

inline transcript parse_whole(std::string_view bytes, const request_limits& limits = {}) {
  feeder f(limits);
  f.feed(bytes);
  return f.result();
}

inline transcript parse_cut(std::string_view bytes, std::size_t at,
                            const request_limits& limits = {}) {
  feeder f(limits);
  f.feed(bytes.substr(0, at));
  f.feed(bytes.substr(at));
  return f.result();
}

inline transcript parse_by_pieces(std::string_view bytes, std::size_t piece_bytes,
                                  const request_limits& limits = {}) {
  feeder f(limits);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes)
    f.feed(bytes.substr(at, piece_bytes));
  return f.result();
}

}  // namespace rouse::http::testing
