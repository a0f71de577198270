#include <rouse/process/exit_status.hpp>

namespace rouse::process {

std::string exit_status::to_string() const {
  switch (kind_) {
    case kind::exited: return "exit code " + std::to_string(number_);
    case kind::signalled: return "signal " + std::to_string(number_);
    case kind::unknown: return "status unknown";
  }
  return "?";
}

}  // namespace rouse::process
