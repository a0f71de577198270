#include <rouse/sync/notify.hpp>

namespace rouse::sync {

template class basic_notify<any_thread>;
template class basic_notified<any_thread>;

}  // namespace rouse::sync
