#include <rouse/loop/loop_child.hpp>

#include <rouse/loop/internal/child_state.hpp>
#include <rouse/sys/signals.hpp>

namespace rouse {

using internal::child_state;

loop_child::loop_child(const loop_child& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_child::~loop_child() {
  if (state_) state_->release();
}
child_state& loop_child::state() const noexcept {
  ROUSE_ASSERT(state_ && "a loop_child of no child");
  return *state_;
}

const loop_child& loop_child::on_spawn(callback<void()> f) const {
  return state().set(state().on_spawn, std::move(f)), *this;
}
const loop_child& loop_child::on_exit(callback<void(process::exit_status)> f) const {
  return state().set(state().on_exit, std::move(f)), *this;
}
const loop_child& loop_child::on_error(callback<void(const io_error&)> f) const {
  return state().set(state().on_error, std::move(f)), *this;
}
const loop_child& loop_child::on_close(callback<void()> f) const {
  return state().set(state().on_close, std::move(f)), *this;
}

loop_child_input loop_child::input() const noexcept { return state().input_handle(); }
loop_flow loop_child::output() const { return state().flow_of(child_state::output); }
loop_flow loop_child::errors() const { return state().flow_of(child_state::errors); }

result<void> loop_child::send_signal(int number) const {
  return state().send_signal(number, child_state::target::child);
}
result<void> loop_child::kill() const { return send_signal(sys::signal_kill); }
result<void> loop_child::terminate() const { return send_signal(sys::signal_terminate); }
result<void> loop_child::send_group_signal(int number) const {
  return state().send_signal(number, child_state::target::group);
}
result<void> loop_child::kill_group() const { return send_group_signal(sys::signal_kill); }
result<void> loop_child::terminate_group() const {
  return send_group_signal(sys::signal_terminate);
}

void loop_child::detach() const noexcept { state().detach(); }
void loop_child::ref() const noexcept { state().set_ref(true); }
void loop_child::unref() const noexcept { state().set_ref(false); }
int loop_child::id() const noexcept { return state().id(); }
bool loop_child::is_closed() const noexcept { return !state_ || state_->is_closed(); }

// ---- what it reads

loop_child_input::loop_child_input(const loop_child_input& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_child_input::~loop_child_input() {
  if (state_) state_->release();
}
child_state& loop_child_input::state() const noexcept {
  ROUSE_ASSERT(state_ && "a loop_child_input of no child");
  return *state_;
}

const loop_child_input& loop_child_input::on_drain(callback<void()> f) const {
  return state().set(state().input.on_drain, std::move(f)), *this;
}
const loop_child_input& loop_child_input::on_error(callback<void(const error&)> f) const {
  return state().set(state().input.on_error, std::move(f)), *this;
}

bool loop_child_input::write(std::span<const std::byte> bytes) const {
  const bool goes_on = state().input.write(bytes);
  state().wake();
  return goes_on;
}
bool loop_child_input::write(std::string_view text) const { return write(io::as_bytes(text)); }
void loop_child_input::end() const noexcept {
  state().input.end();
  state().wake();
}
void loop_child_input::end(std::string_view text) const {
  (void)write(text);
  end();
}
void loop_child_input::destroy() const noexcept {
  state().input.destroy();
  state().wake();
}
std::size_t loop_child_input::buffered_bytes() const noexcept { return state().input.buffered(); }
bool loop_child_input::is_closed() const noexcept { return !state_ || state_->input.is_closed(); }

}  // namespace rouse
