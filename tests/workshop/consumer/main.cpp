// What a user's first program needs from an installed Rouse.
#include <iostream>
#include <rouse/base/error.hpp>

int main() {
  const rouse::error e("hello", rouse::errc::closed);
  std::cout << e.message() << '\n';
}
