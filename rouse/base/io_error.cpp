#include <rouse/base/io_error.hpp>

namespace rouse {
namespace {

class rouse_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "rouse"; }
  std::string message(int code) const override {
    switch (static_cast<errc>(code)) {
      case errc::runtime_shut_down: return "the runtime is shut down";
      case errc::at_capacity: return "at capacity";
      case errc::no_context: return "no runtime is running on this thread";
      case errc::would_block_runtime: return "would block the thread that drives a runtime";
      case errc::would_deadlock: return "would wait for ever";
      case errc::wrong_thread: return "used on a thread that does not own it";
      case errc::abandoned: return "pending with nothing left that could wake it";
      case errc::closed: return "closed";
      case errc::borrows: return "the coroutine borrows from its caller and cannot outlive it";
      case errc::forked: return "the runtime belongs to the parent process";
      case errc::end_of_stream: return "the stream ended early";
      case errc::too_large: return "over the limit";
      case errc::invalid_input: return "invalid input";
      case errc::host_not_found: return "no such host";
      case errc::unknown_algorithm: return "no such algorithm";
      case errc::threw: return "left by an exception";
    }
    return "unknown error " + std::to_string(code);
  }
};

std::string headline(const error& e, std::string_view subject) {
  std::string text = e.operation;
  if (!subject.empty()) text.append(text.empty() ? "" : " ").append(subject);
  return text;
}

}  // namespace

const std::error_category& category() noexcept {
  static const rouse_category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), category()}; }

std::error_code make_error_code(const error& e) noexcept {
  if (e.code >= static_cast<int>(errc::runtime_shut_down)) return {e.code, category()};
  return {e.code, std::generic_category()};
}

io_error::io_error(const error& e, std::string_view subject)
    : std::system_error(make_error_code(e), headline(e, subject)), reason_(e) {}

void throw_error(const error& e) { throw io_error(e); }
void throw_error(const error& e, const std::string& subject) { throw io_error(e, subject); }
std::exception_ptr make_exception(const error& e) noexcept {
  try {
    throw_error(e);  // or what its text meets: there may be no memory
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace rouse
