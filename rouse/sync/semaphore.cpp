#include <rouse/sync/semaphore.hpp>

namespace rouse::sync {

template class basic_permit<any_thread>;
template class basic_semaphore<any_thread>;
template class basic_acquire<any_thread>;

}  // namespace rouse::sync
