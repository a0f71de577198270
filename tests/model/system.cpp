// Instead of rouse/sys in models: what the pool asks of the kernel for its threads.
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>

namespace rouse::sys {

void name_this_thread(const char*) noexcept {}
void yield_thread() noexcept {}
scoped_signal_block::scoped_signal_block(const signal_set&) noexcept {}
void scoped_signal_block::restore() noexcept {}

}  // namespace rouse::sys
