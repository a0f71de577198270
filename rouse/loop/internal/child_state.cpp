#include <rouse/loop/internal/child_state.hpp>

#include <rouse/loop/internal/flow_state.hpp>

#include <algorithm>
#include <cerrno>

namespace rouse::internal {

/// Where a flow comes from.
class child_state::pieces {
 public:
  pieces(child_state& of, stream_index i) noexcept : of_(&of), from_(&of.streams_[i]) {
    of.retain();
    from_->is_read = true;
  }
  pieces(pieces&& other) noexcept
      : of_(std::exchange(other.of_, nullptr)),
        from_(other.from_),
        memory_(std::move(other.memory_)) {}
  pieces& operator=(pieces&&) = delete;
  ~pieces() {
    if (!of_) return;
    from_->pipe.close();
    from_->is_read = false;
    of_->wake();  // it may be what the close event waits for
    of_->release();
  }
  task<result<std::span<const std::byte>>> next() {
    while (!of_->has_begun_)
      co_await from_->begun.wait();
    if (!from_->pipe) co_return std::span<const std::byte>();
    memory_.resize(piece_bytes_max);
    auto count = co_await from_->pipe.read(memory_).result();
    if (!count) co_return std::unexpected(count.error());
    co_return std::span<const std::byte>(memory_).first(*count);
  }

 private:
  static constexpr std::size_t piece_bytes_max = 64 * 1024;  // as much as a pipe holds
  child_state* of_;
  stream* from_;
  std::vector<std::byte> memory_;
};

child_state::child_state(loop& on, const process::command& what, loop::site at)
    : loop_(&on),
      link_(loop_caller(on, "spawn").core().alive.get()),
      at_(at),
      hold_(*link_),
      last_(*link_->core),
      starting_(what.spawn()) {
  link_->retain();
}

loop_child child_state::start(loop& on, const process::command& what, loop::site at) {
  auto* fresh = new child_state(on, what, at);
  loop_child handle(*fresh);
  fresh->core()
      .stack()
      .spawn(state_task<child_state>(*fresh), {.name = nullptr, .background = true}, at)
      .detach();
  return handle;
}

// ---- what callers ask for

loop_flow child_state::flow_of(stream_index i) {
  stream& s = streams_[i];
  if (!s.flow && link_->core && !is_closed_) {
    loop_flow fresh = flow_state::make(*loop_);
    flow_state::run(fresh, flow_state::move_bytes(fresh, pieces(*this, i)), {}, at_);
    s.flow = std::move(fresh);
  }
  return s.flow.value_or(loop_flow());
}

result<void> child_state::send_signal(int number, target to) {
  if (starting_) {
    early_.push_back({number, to});
    return {};
  }
  if (!child_) return std::unexpected(error("kill", ESRCH));
  return to == target::group ? child_.send_group_signal(number) : child_.send_signal(number);
}

void child_state::set_ref(bool refd) noexcept {
  if (is_closed_ || refd == static_cast<bool>(hold_)) return;
  hold_ = refd ? loop_hold(*link_) : loop_hold();
}

// ---- the task

/// At most one callback a poll: `exit` and failures hold in between.
bool child_state::run(context& cx) {
  if (!task_) task_ = cx.get_waker();
  if (run_process(cx)) {
    cx.wake();
    return false;
  }
  if (!has_ended_) return false;
  end_streams();
  if (is_any_read()) return false;
  close();
  return true;
}

bool child_state::run_process(context& cx) noexcept {
  try {
    return starting_ ? run_start(cx) : input.poll(cx, core()) || run_wait(cx);
  } catch (const std::bad_alloc&) {
    starting_.reset();
    waiting_.reset();
    fail(error(has_begun_ ? "wait" : "spawn", ENOMEM), {});
    return true;
  }
}

bool child_state::run_start(context& cx) {
  auto polled = starting_->poll(cx);
  if (!polled.is_ready()) return false;
  auto fresh = polled.take();
  const std::string subject = starting_->subject();
  starting_.reset();
  if (fresh)
    begin(std::move(*fresh));
  else
    fail(fresh.error(), subject);
  return true;
}

void child_state::begin(process::child fresh) {
  child_ = std::move(fresh);
  id_ = child_.id();
  waiting_.emplace(child_.wait());
  input.open(std::move(child_.input()));
  streams_[output].pipe = std::move(child_.output());
  streams_[errors].pipe = std::move(child_.errors());
  has_begun_ = true;
  for (stream& s : streams_) {
    if (s.flow && !s.is_read) s.pipe.close();  // it was destroyed before
    s.begun.notify_one();
  }
  for (const early_signal& each : std::exchange(early_, {}))
    (void)send_signal(each.number, each.to);
  if (on_spawn) core().call_in_poll([this] { on_spawn(); });
}

bool child_state::run_wait(context& cx) {
  if (!waiting_) return false;
  auto polled = waiting_->poll(cx);
  if (!polled.is_ready()) return false;
  const auto status = polled.take();
  waiting_.reset();
  has_ended_ = true;
  if (!status)
    fail(status.error(), child_.subject());
  else if (on_exit)
    core().call_in_poll([this, &status] { on_exit(*status); });
  return true;
}

void child_state::fail(const error& why, std::string_view subject) noexcept {
  has_ended_ = true;
  if (!on_error) return core().fail(why, [subject] { return std::string(subject); });
  std::optional<io_error> told;
  try {
    told.emplace(why, subject);
  } catch (const std::bad_alloc&) {
    told.emplace(core().no_memory);
  }
  core().call_in_poll([this, &told] { on_error(*told); });
}

/// What nobody listens to is not waited for.
void child_state::end_streams() noexcept {
  input.close();
  for (stream& s : streams_) {
    if (!s.is_read)
      s.pipe.close();
    else if (!has_begun_)
      s.flow->destroy();
    else if (!flow_state::of(*s.flow).is_heard())
      s.flow->resume();
  }
}

bool child_state::is_any_read() const noexcept {
  return std::ranges::any_of(streams_, &stream::is_read);
}

void child_state::close() noexcept {
  last_.enqueue(close_event<child_state>(*this));
  let_go();
}

void child_state::abandon() noexcept {
  let_go();
  drop_callbacks();
}

void child_state::let_go() noexcept {
  is_closed_ = true;
  input.close();
  for (stream& s : streams_) {
    if (!s.is_read)
      s.pipe.close();
    else
      s.flow->destroy();
  }
  starting_.reset();
  waiting_.reset();
  if (child_ && is_detached_)
    (void)std::move(child_).detach();
  else
    child_ = process::child();
  hold_ = loop_hold();
}

void child_state::drop_callbacks() noexcept {
  is_over_ = true;
  retain();  // a callback may be the last to hold a handle
  on_spawn.reset();
  on_exit.reset();
  on_error.reset();
  on_close.reset();
  input.drop_callbacks();
  release();
}

}  // namespace rouse::internal
