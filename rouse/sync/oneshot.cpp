#include <rouse/sync/oneshot.hpp>

namespace rouse::sync {

template class internal::oneshot_core<any_thread>;

}  // namespace rouse::sync
