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
#include <rouse/http/response_parser.hpp>

namespace rouse::http::testing {

/// One message, kept after its bytes are gone.
struct parsed_message {
  std::string head = {};  // method, target, authority, fields and conclusions, a line each
  std::string body = {};
  std::string trailers = {};  // "name=value\n" each
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
      out +=
          m.head + "body=" + m.body + (m.complete ? "\ncomplete\n" : "\nincomplete\n") + m.trailers;
    if (failed) out += "error " + std::to_string(static_cast<int>(code)) + " " + reason + "\n";
    return out + "consumed " + std::to_string(consumed) + "\n";
  }
};

inline void append_fields(std::string& out, const message_head& m) {
  for (std::size_t i = 0; i < m.header_count(); ++i) {
    out += m.header_at(i).name;
    out += "=";
    out += m.header_at(i).value;
    out += "\n";
  }
  constexpr const char* kinds[] = {"none", "length", "chunked", "until_close"};
  out += kinds[static_cast<int>(m.body())];
  out += " " + std::to_string(m.content_length());
  out += m.keep_alive() ? " keep" : " close";
}

inline std::string describe(const request& r) {
  std::string out(r.method_name());
  out += " ";
  out += r.target();
  out += " 1." + std::to_string(r.minor_version()) + " @";
  out += r.authority();
  out += "\n";
  append_fields(out, r);
  return out + (r.expects_continue() ? " expects\n" : "\n");
}

inline std::string describe(const response& r) {
  std::string out =
      std::to_string(static_cast<int>(r.code())) + " 1." + std::to_string(r.minor_version()) + " ";
  out += r.reason();
  out += "\n";
  append_fields(out, r);
  return out + "\n";
}

/// Feeds one connection. Each piece makes a new exact copy of the pending bytes, so that a parser
/// which reads past the end, or remembers an address, is caught by ASan.
template <class Parser>
class basic_feeder {
 public:
  explicit basic_feeder(Parser parser) : parser_(std::move(parser)) {}

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
        case parse_event::complete: end_message(); break;
        case parse_event::error: return fail();
      }
      pending_.erase(0, step.consumed);
    }
  }

  /// The end of the stream: for responses.
  void finish() {
    if (result_.failed) return;
    if (parser_.finish().event == parse_event::complete)
      end_message();
    else
      fail();
  }

  [[nodiscard]] const transcript& result() const { return result_; }
  [[nodiscard]] Parser& parser() { return parser_; }
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }

 private:
  void end_message() {
    parsed_message& message = result_.messages.back();
    message.complete = true;
    for (std::size_t i = 0; i < parser_.trailer_count(); ++i) {
      message.trailers += parser_.trailer_at(i).name;
      message.trailers += "=";
      message.trailers += parser_.trailer_at(i).value;
      message.trailers += "\n";
    }
  }
  void fail() {
    result_.failed = true;
    result_.code = parser_.error().code;
    result_.reason = parser_.error().reason;
  }

  Parser parser_;
  std::string pending_;
  transcript result_;
};

class feeder : public basic_feeder<request_parser> {
 public:
  explicit feeder(const request_limits& limits = {}) : basic_feeder(request_parser(limits)) {}
};

/// The bytes whole, in two pieces, or in pieces of a size, through a copy of `fresh`.
template <class Parser>
transcript parse_whole(std::string_view bytes, const Parser& fresh) {
  basic_feeder<Parser> f(fresh);
  f.feed(bytes);
  return f.result();
}
template <class Parser>
transcript parse_cut(std::string_view bytes, std::size_t at, const Parser& fresh) {
  basic_feeder<Parser> f(fresh);
  f.feed(bytes.substr(0, at));
  f.feed(bytes.substr(at));
  return f.result();
}
template <class Parser>
transcript parse_by_pieces(std::string_view bytes, std::size_t piece_bytes, const Parser& fresh) {
  basic_feeder<Parser> f(fresh);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes)
    f.feed(bytes.substr(at, piece_bytes));
  return f.result();
}

inline transcript parse_whole(std::string_view bytes, const request_limits& limits = {}) {
  return parse_whole(bytes, request_parser(limits));
}
inline transcript parse_cut(std::string_view bytes, std::size_t at,
                            const request_limits& limits = {}) {
  return parse_cut(bytes, at, request_parser(limits));
}
inline transcript parse_by_pieces(std::string_view bytes, std::size_t piece_bytes,
                                  const request_limits& limits = {}) {
  return parse_by_pieces(bytes, piece_bytes, request_parser(limits));
}

/// What the fuzz targets do with every input: all ways of cutting it say the same. Every cut of a
/// short input, some of a long one: it is quadratic. The cuts depend on the input alone.
template <class Parser, class RequireSame>
void compare_cuts(std::string_view input, const Parser& fresh, RequireSame require_same) {
  constexpr std::size_t every_cut_bytes_max = 160;
  const transcript whole = parse_whole(input, fresh);
  require_same(parse_by_pieces(input, 1, fresh), whole);
  require_same(parse_by_pieces(input, 7, fresh), whole);
  if (input.size() <= every_cut_bytes_max) {
    for (std::size_t at = 1; at < input.size(); ++at)
      require_same(parse_cut(input, at, fresh), whole);
    return;
  }
  std::uint32_t random = 2166136261u;
  for (char c : input)
    random = (random ^ static_cast<unsigned char>(c)) * 16777619u;
  for (int i = 0; i < 8; ++i) {
    random = random * 1664525u + 1013904223u;
    require_same(parse_cut(input, random % input.size(), fresh), whole);
  }
}

}  // namespace rouse::http::testing
