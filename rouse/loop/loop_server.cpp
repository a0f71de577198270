#include <rouse/loop/internal/server_state.hpp>

#include <cerrno>
#include <new>

namespace rouse {
namespace internal {

loop_server server_state::open(loop_core& core, any_listener from, callback<void(loop_socket)>&& f,
                               const loop_socket_options& options) {
  auto* fresh = new server_state(core, std::move(from), std::move(f), options);
  loop_server handle(*fresh);
  core.stack()
      .spawn(state_task<server_state>(*fresh), {.name = nullptr, .background = true})
      .detach();
  return handle;
}

bool server_state::run(context& cx) {
  if (is_closed_) return true;
  if (!task_) task_ = cx.get_waker();
  is_running_ = true;
  bool more = true;
  while (more && !is_closed_ && !link_->core->runner.is_interrupted()) {
    if (auto* t = std::get_if<tcp>(&listener_)) more = accept_from(*t, cx);
    if (auto* l = std::get_if<local>(&listener_)) more = accept_from(*l, cx);
  }
  is_running_ = false;
  if (more && !is_closed_) task_.wake();  // interrupted: the rest when the loop runs again
  return is_closed_;                      // the task ends, and with it end()
}

/// True: a connection, or an error, has come.
template <class Listening>
bool server_state::accept_from(Listening& l, context& cx) {
  if (!l.accepting) l.accepting.emplace(l.listener.accept());
  auto polled = l.accepting->poll(cx);
  if (!polled.is_ready()) return false;
  auto got = polled.take();
  l.accepting.reset();
  if (!got) return fail(got.error(), cx);
  loop_socket client;
  try {
    client = socket_state::open(*link_->core, std::move(got->stream), options_);
  } catch (const std::bad_alloc&) {
    return fail(error("accept", ENOMEM), cx);
  }
  link_->core->call_in_poll([&] { on_connection_(client); }, "connection");
  return true;
}

/// False: enough for this turn. Where there was no memory there may be some in the next.
bool server_state::fail(const error& why, context& cx) {
  const bool is_final = why.code != ENOMEM;
  if (on_error_ && is_final)
    link_->core->call_in_poll([&] { on_error_(why); }, "error");
  else
    link_->core->fail(why, [this] { return local_address().to_string(); });
  if (is_closed_) return true;
  if (is_final)
    close({});
  else
    cx.wake();
  return is_final;
}

void server_state::close(callback<void()>&& closed) {
  if (!link_->core) return;
  if (closed) link_->core->enqueue_closing(std::move(closed));
  if (std::exchange(is_closed_, true)) return;
  hold_ = loop_hold();
  if (is_running_) return;
  task_.wake();
  end();
}

void server_state::end() noexcept {
  retain();
  const loop_server alive(*this);  // which a callback may have been the last to hold
  hold_ = loop_hold();
  listener_.emplace<0>();
  on_connection_.reset();
  on_error_.reset();
  task_.reset();
}

void server_state::set_ref(bool refd) {
  if (is_closed_ || refd == static_cast<bool>(hold_)) return;
  hold_ = refd ? loop_hold(*link_) : loop_hold();
}

net::address server_state::local_address() const {
  result<net::address> found;
  if (const auto* t = std::get_if<tcp>(&listener_)) found = t->listener.local_address();
  if (const auto* l = std::get_if<local>(&listener_)) found = l->listener.local_address();
  return found ? *found : net::address();
}

}  // namespace internal

loop_server::loop_server(const loop_server& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_server::~loop_server() {
  if (state_) state_->release();
}
internal::server_state& loop_server::state() const noexcept {
  ROUSE_ASSERT(state_ && "a loop_server of no server");
  return *state_;
}
const loop_server& loop_server::on_error(callback<void(const error&)> f) const {
  state().set_on_error(std::move(f));
  return *this;
}
void loop_server::close(callback<void()> closed) const { state().close(std::move(closed)); }
void loop_server::ref() const { state().set_ref(true); }
void loop_server::unref() const { state().set_ref(false); }
bool loop_server::is_closed() const noexcept { return !state_ || state_->is_closed(); }
net::address loop_server::local_address() const { return state().local_address(); }

}  // namespace rouse
