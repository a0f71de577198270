// A parsed request head: what a client asked for.
#pragma once

#include <rouse/http/message_head.hpp>

namespace rouse::http {

/// Request methods that somebody may want to switch on; the rest are `other`, their text is
/// `method_name()`.
enum class verb : std::uint8_t {
  get,
  head,
  post,
  put,
  patch,
  delete_,
  options,
  trace,
  connect,
  other
};

/// Filled by `request_parser`, which has checked everything that has one right form.
class request : public message_head {
 public:
  [[nodiscard]] verb method() const noexcept { return method_; }
  [[nodiscard]] std::string_view method_name() const noexcept { return text(method_name_); }
  /// The request target as it was sent: origin-form, absolute-form, `*` (OPTIONS) or host:port
  /// (CONNECT). Not decoded.
  [[nodiscard]] std::string_view target() const noexcept { return text(target_); }
  /// Host and port the client meant, from Host or an absolute target (they agree). Empty only in
  /// HTTP/1.0.
  [[nodiscard]] std::string_view authority() const noexcept { return text(authority_); }
  /// The client waits for "100 Continue" (or a final answer) before it sends its body.
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }

 private:
  friend class request_parser;

  piece method_name_;
  piece target_;
  piece authority_;
  verb method_ = verb::other;
  bool expects_continue_ = false;
};

}  // namespace rouse::http
