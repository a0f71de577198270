// A result lies in front of its frame: what is larger than that place belongs on the heap.
// says: belongs on the heap
#include <rouse/coro/task.hpp>

#include <array>

#ifdef BREACH
using payload = std::array<char, 100'000>;
#else
using payload = std::array<char, 10'000>;
#endif
rouse::task<payload> work() { co_return payload(); }
