// What a connection needs from the first byte of a request to the end of its answer, and an idle
// one does not have: so ten thousand idle connections cost their sockets and little more, and a
// busy server goes through the same few kilobytes again and again.
#pragma once

#include <rouse/http/output.hpp>
#include <rouse/http/request_parser.hpp>

#include <memory>
#include <string>
#include <vector>

namespace rouse::internal {

struct workspace {
  workspace(const http::request_limits& limits, nanoseconds write_limit)
      : parser(limits), out(write_limit) {}
  http::request_parser parser;
  std::string unread;  // received, not understood yet
  std::string head;    // of the request that is being answered
  http::output out;
};

/// Keeps some for the next connection.
class workspaces {
 public:
  workspaces(const http::request_limits& limits, nanoseconds write_limit) noexcept
      : limits_(limits), write_limit_(write_limit) {}
  [[nodiscard]] std::unique_ptr<workspace> take(net::stream& of) {
    std::unique_ptr<workspace> one;
    if (spare_.empty()) {
      one = std::make_unique<workspace>(limits_, write_limit_);
    } else {
      one = std::move(spare_.back());
      spare_.pop_back();
    }
    one->out.attach(of);
    return one;
  }
  /// @pre  between two messages, nothing unread.
  void give_back(std::unique_ptr<workspace> one) noexcept {
    if (spare_.size() == spare_max || one->unread.capacity() > kept_bytes_max ||
        one->out.text().capacity() > kept_bytes_max)
      return;
    if (spare_.capacity() == 0) {
      try {
        spare_.reserve(spare_max);
      } catch (...) {
        return;
      }
    }
    spare_.push_back(std::move(one));
  }

 private:
  static constexpr std::size_t spare_max = 32;
  static constexpr std::size_t kept_bytes_max = 16 * 1024;

  http::request_limits limits_;
  nanoseconds write_limit_;
  std::vector<std::unique_ptr<workspace>> spare_;
};

}  // namespace rouse::internal
