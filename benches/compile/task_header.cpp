// What compile_bench compiles: nothing but the header.
#include <rouse/coro/task.hpp>
