#include <rouse/base/io_error.hpp>

namespace rouse {

std::string error::message() const {
  const std::string why = make_error_code(*this).message();
  return *operation ? std::string(operation) + ": " + why : why;
}

}  // namespace rouse
