#include <rouse/loop/loop_names.hpp>

#include <rouse/net/resolve.hpp>

namespace rouse {

request_id loop_names::look_up(std::string_view host, const look_up_options& options,
                               callback<void(result<std::vector<net::address>>)> done,
                               loop::site at) {
  return loop_->call_when_done(net::resolve(host, options.port, options.family), std::move(done),
                               at);
}

}  // namespace rouse
