#include <rouse/core/describe.hpp>

namespace rouse {

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
    return "an exception that is no std::exception";
  }
}

}  // namespace rouse
