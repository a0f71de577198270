#include "answers.hpp"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace peers {
namespace {

constexpr int silence_ms_max = 20'000;
constexpr std::size_t shown_max = 40;
constexpr std::string_view whole_file = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view probe_answer = "200 \"probe\"";

std::optional<std::string> find_field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return std::string(value);
    }
  }
  return {};
}

/// Takes a chunked body off the front; nothing when it is malformed.
std::optional<std::string> take_chunked(std::string_view& rest) {
  std::string body;
  for (;;) {
    const std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return {};
    const std::size_t bytes = std::strtoul(std::string(rest.substr(0, line)).c_str(), nullptr, 16);
    if (rest.size() < line + 2 + bytes + 2) return {};
    body += rest.substr(line + 2, bytes);
    rest.remove_prefix(line + 2 + bytes + 2);
    if (bytes == 0) return body;
  }
}

std::string describe(std::string_view status, std::string_view head, const std::string& body) {
  std::string out(status);
  if (const auto to = find_field(head, "Location")) out += " -> " + *to;
  if (const auto range = find_field(head, "Content-Range"))
    out += " " + range->substr(range->find(' ') + 1);
  const auto type = find_field(head, "Content-Type");
  if (type && type->starts_with("multipart/byteranges")) {
    std::size_t parts = 0;
    for (std::size_t at = 0; (at = body.find("\r\nContent-Range:", at)) != std::string::npos; ++at)
      ++parts;
    return out + " " + std::to_string(parts) + " parts";
  }
  if (status.front() != '2' || body.size() > shown_max) return out;
  return out + (body == whole_file ? " all" : " \"" + body + "\"");
}

/// Takes one answer off the front. Nothing: it cannot be followed.
std::optional<std::string> take_answer(std::string_view& rest, bool is_head) {
  const std::size_t end = rest.find("\r\n\r\n");
  if (!rest.starts_with("HTTP/1.1 ") || end == std::string_view::npos) return {};
  const std::string_view head = rest.substr(0, end + 2);
  const std::string_view status = head.substr(9, 3);
  rest.remove_prefix(end + 4);
  const bool has_body = !is_head && status != "304" && status != "204" && status.front() != '1';
  if (!has_body) {
    const auto length = find_field(head, "Content-Length");
    std::string out = describe(status, head, "");
    if (is_head && status.front() == '2') out += length ? " of " + *length : "";
    return out;
  }
  if (find_field(head, "Transfer-Encoding")) {
    const auto body = take_chunked(rest);
    if (!body) return {};
    return describe(status, head, *body);
  }
  const auto length = find_field(head, "Content-Length");
  const std::size_t bytes = length ? std::strtoul(length->c_str(), nullptr, 10) : rest.size();
  if (bytes > rest.size()) return {};
  const std::string body(rest.substr(0, bytes));
  rest.remove_prefix(bytes);
  return describe(status, head, body);
}

}  // namespace

std::string exchange(int fd, const std::string& bytes) {
  std::string received;
  std::size_t sent = 0;
  bool is_over = false;
  while (!is_over) {
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (sent < bytes.size()) wait.events |= POLLOUT;
    if (::poll(&wait, 1, silence_ms_max) != 1) {
      ::close(fd);
      throw std::runtime_error("silence after: " + received);
    }
    if ((wait.revents & POLLOUT) && sent < bytes.size()) {
      const ssize_t n =
          ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      // A server that has seen enough closes: what it said may still be there to read.
      sent = n > 0 ? sent + static_cast<std::size_t>(n) : bytes.size();
      if (sent == bytes.size()) ::shutdown(fd, SHUT_WR);
    }
    if (wait.revents & (POLLIN | POLLHUP | POLLERR)) {
      char buffer[16 * 1024];
      const ssize_t n = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      is_over = n == 0 || (n < 0 && errno != EAGAIN);
      if (n > 0) received.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return received;
}

std::string summary(const std::string& received, bool is_head) {
  std::string_view rest = received;
  std::string out;
  while (!rest.empty()) {
    const auto answer = take_answer(rest, is_head);
    if (answer == probe_answer && rest.empty()) return out + "keep";
    out += answer.value_or("unframed") + "; ";
    if (!answer) break;
    is_head = false;
  }
  return out + "close";
}

std::string field_of(const std::string& received, const std::string& name) {
  const std::size_t end = received.find("\r\n\r\n");
  return find_field(std::string_view(received).substr(0, end + 2), name).value_or("");
}

}  // namespace peers
