#include <rouse/core/describe.hpp>

#include <cstdio>

namespace rouse {

namespace {

constexpr const char* foreign_exception = "an exception that is no std::exception";

}  // namespace

std::string describe(const std::source_location& site) {
  return std::string(site.file_name()) + ":" + std::to_string(site.line());
}

std::string describe(const task_header& t) {
  std::string text = t.name ? "task \"" + std::string(t.name) + "\"" : "task";
  return text + " spawned at " + describe(t.spawned_at);
}

std::string describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return foreign_exception;
  }
}

brief_text brief(const task_header& t) noexcept {
  brief_text b;
  const char* quote = t.name ? "\"" : "";
  std::snprintf(b.text, sizeof b.text, "task%s%s%s%s spawned at %s:%u", t.name ? " " : "", quote,
                t.name ? t.name : "", quote, t.spawned_at.file_name(),
                static_cast<unsigned>(t.spawned_at.line()));
  return b;
}

brief_text brief(const std::exception_ptr& failure) noexcept {
  brief_text b;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    std::snprintf(b.text, sizeof b.text, "%s", e.what());
  } catch (...) {
    std::snprintf(b.text, sizeof b.text, "%s", foreign_exception);
  }
  return b;
}

}  // namespace rouse
