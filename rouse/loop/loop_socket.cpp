#include <rouse/loop/internal/socket_state.hpp>

#include <cerrno>
#include <new>
#include <string_view>

namespace rouse {
namespace internal {
namespace {

/// Of the memory for what waits to be sent, when nothing waits.
constexpr std::size_t kept_bytes = 64 * 1024;

}  // namespace

loop_socket socket_state::start(loop_core& core) {
  loop_socket handle(*this);
  core.stack()
      .spawn(state_task<socket_state>(*this), {.name = nullptr, .background = true})
      .detach();
  return handle;
}

loop_socket socket_state::open(loop_core& core, any_stream stream,
                               const loop_socket_options& options) {
  auto* fresh = new socket_state(core, options);
  fresh->take(std::move(stream));
  return fresh->start(core);
}

loop_socket socket_state::connect(loop_core& core, std::string where,
                                  const loop_socket_options& options) {
  auto* fresh = new socket_state(core, options);
  fresh->where_ = std::move(where);
  return fresh->start(core);
}

std::string socket_state::subject() const { return open_ ? open_->subject() : where_; }

// ---- what callers ask for

bool socket_state::write(std::span<const std::byte> bytes, callback<void(result<void>)>&& sent) {
  if (!link_->core) return false;
  if (is_closed_ || wants_close_ || wants_end_) {
    // Not at once: no callback is called before the call that was given it has returned.
    core().runner.next_tick([self = handle(), s = this, f = std::move(sent)]() mutable {
      const error why("write", errc::closed);
      if (f)
        f(std::unexpected(why));
      else if (!s->is_closed_ && !s->wants_close_)
        s->fail(why);
    });
    return false;
  }
  if (sent) sent_.reserve(sent_.size() + 1);
  const std::size_t gone = write_now(bytes);
  if (gone != 0 && gone == bytes.size() && !sent) {
    accepted_bytes_ += gone;
    return true;
  }
  try {
    queued_.append(reinterpret_cast<const char*>(bytes.data()) + gone, bytes.size() - gone);
  } catch (const std::bad_alloc&) {
    if (gone == 0) throw;  // as if it had not been asked for
    early_failure_ = error("write", ENOMEM);
  }
  accepted_bytes_ += bytes.size();
  if (sent) sent_.emplace(accepted_bytes_, std::move(sent));
  wake();
  if (buffered() <= options_.high_water_mark) return true;
  wants_drain_ = true;
  return false;
}

/// From a callback of our own task, with nothing before it: without a copy, as much as the kernel
/// takes at once. What goes wrong is told when the task writes the rest.
std::size_t socket_state::write_now(std::span<const std::byte> bytes) {
  if (!running_in_ || !open_ || buffered() != 0 || !running_in_->spend()) return 0;
  const auto sent = open_->try_write(bytes);
  if (!sent) return early_failure_ = sent.error(), 0;
  running_in_->charge_bytes(*sent);
  bytes_written += *sent;
  return *sent;
}

void socket_state::end() {
  if (is_closed_ || std::exchange(wants_end_, true)) return;
  wake();
}

void socket_state::destroy() { close(false); }

void socket_state::resume() noexcept {
  if (std::exchange(flow_, flow::flowing) != flow::flowing && !is_closed_) wake();
}

/// Nothing is read before somebody wants it, or our side has ended.
void socket_state::begin_flow() noexcept {
  if (flow_ == flow::untouched) resume();
}

void socket_state::set_ref(bool refd) {
  if (is_closed_ || refd == static_cast<bool>(hold_)) return;
  hold_ = refd ? loop_hold(*link_) : loop_hold();
}

// ---- the task

bool socket_state::run(context& cx) {
  if (is_closed_) return true;
  if (!task_) task_ = cx.get_waker();
  running_in_ = &cx;
  try {
    if (!open_ && !has_failed_) run_connect(cx);
    if (open_) run_open(cx);
  } catch (const std::bad_alloc&) {
    fail(error(open_ ? "socket" : "connect", ENOMEM));
  }
  running_in_ = nullptr;
  if (wants_close_) close_now();
  return is_closed_;
}

void socket_state::run_connect(context& cx) {
  const bool is_first = connecting_.index() == 0;
  if (is_first) {
    if (where_.starts_with("unix:"))
      connecting_.emplace<2>(net::connect_unix(where_));
    else
      connecting_.emplace<1>(net::connect(where_));
  }
  const auto poll = [&](auto& operation) -> std::optional<result<any_stream>> {
    auto polled = operation.poll(cx);
    if (!polled.is_ready()) return std::nullopt;
    auto made = polled.take();
    if (!made) return result<any_stream>(std::unexpected(made.error()));
    return result<any_stream>(any_stream(std::move(*made)));
  };
  auto made =
      connecting_.index() == 1 ? poll(std::get<1>(connecting_)) : poll(std::get<2>(connecting_));
  if (!made) return;
  connecting_.emplace<0>();
  if (*made) {
    take(std::move(**made));
    if (on_connect) core().call_in_poll([this] { on_connect(); }, "connect");
  } else if (is_first) {  // at once: through the pending phase, as in libuv
    has_failed_ = true;
    core().enqueue(core().pending, [self = handle(), s = this, why = made->error()] {
      if (!s->is_closed_) s->fail(why);
    });
  } else {
    fail(made->error());
  }
}

void socket_state::take(any_stream connected) noexcept {
  stream_ = std::move(connected);
  if (auto* tcp = std::get_if<net::tcp_stream>(&stream_)) open_ = tcp;
  if (auto* local = std::get_if<net::unix_stream>(&stream_)) open_ = local;
  peer = open_->peer_address();
}

void socket_state::run_open(context& cx) {
  bool moved = true;
  while (moved && goes_on()) {
    moved = has_writes() && run_writes(cx);
    if (goes_on()) moved |= run_reads(cx);
  }
  if (has_ended_ && has_shut_down_ && !has_to_tell()) return close(false);
  if (unsaid_ && goes_on()) return fail(*unsaid_);
  if (moved && !wants_close_) task_.wake();  // interrupted: the rest when the loop runs again
}

/// True: bytes or the end have come.
bool socket_state::run_reads(context& cx) {
  if (has_ended_ || flow_ != flow::flowing) return false;
  if (!reading_) reading_.emplace(open_->read());
  auto polled = reading_->poll(cx);
  if (!polled.is_ready()) return false;
  auto& got = polled.get();
  reading_->reset();
  if (!got) {
    fail(got.error());
    return true;
  }
  if (*got) {
    bytes_read += got->size();
    if (on_data) core().call_in_poll([this, &got] { on_data(got->bytes()); }, "data");
    return true;
  }
  has_ended_ = true;
  if (on_end) core().call_in_poll([this] { on_end(); }, "end");
  if (!options_.allow_half_open) wants_end_ = true;
  return true;
}

/// True: something was sent or said.
bool socket_state::run_writes(context& cx) {
  if (has_to_tell()) return tell_sent(), true;
  if (early_failure_) return fail(*early_failure_), true;
  if (cursor_ == sending_.size() && !queued_.empty()) {
    sending_.swap(queued_);
    queued_.clear();
    cursor_ = 0;
  }
  if (cursor_ == sending_.size()) return wants_end_ && !has_shut_down_ && shut_down(cx);
  if (!writing_)
    writing_.emplace(open_->write_some(std::as_bytes(std::span(sending_).subspan(cursor_))));
  auto polled = writing_->poll(cx);
  if (!polled.is_ready()) return false;
  auto sent = polled.take();
  writing_.reset();
  if (!sent) {
    fail(sent.error());
    return true;
  }
  cursor_ += *sent;
  bytes_written += *sent;
  if (buffered() == 0 && sending_.capacity() > kept_bytes) {
    sending_ = std::string();
    queued_ = std::string();
    cursor_ = 0;
  }
  return true;
}

bool socket_state::has_to_tell() noexcept {
  const bool is_sent = !sent_.is_empty() && sent_.find(sent_.head())->upto <= bytes_written;
  return is_sent || has_to_drain();
}

void socket_state::tell_sent() {
  if (has_to_drain()) {
    wants_drain_ = false;
    core().call_in_poll([this] { on_drain(); }, "drain");
  } else {
    sent_call call = sent_.pop();
    core().call_in_poll([&call] { call.f({}); }, "sent");
  }
}

bool socket_state::goes_on() const noexcept {
  return !wants_close_ && !core().runner.is_interrupted();
}

bool socket_state::shut_down(context& cx) {
  has_shut_down_ = true;
  begin_flow();  // what nobody has asked for is dropped, so that the peer's end is seen
  // It fails when the connection is gone, and a read tells why, if there is one to come.
  auto polled = open_->shutdown().poll(cx);
  if (polled.is_ready())
    if (const auto said = polled.take(); !said) unsaid_ = said.error();
  return true;
}

// ---- the end

void socket_state::fail(const error& why) noexcept {
  has_failed_ = true;
  if (on_error)
    core().call_in_poll([this, &why] { on_error(why); }, "error");
  else
    core().fail(why, [this] { return subject(); });
  end_writes(why);
  close(true);
}

/// As next ticks: nobody is called inside destroy(). Or before the close event, where there is no
/// memory for a tick.
void socket_state::end_writes(const error& why) noexcept {
  if (unsent_) return;
  unsent_ = why;
  try {
    for (std::size_t n = sent_.size(); n != 0; --n)
      core().runner.next_tick([self = handle(), s = this] { s->tell_unsent(); });
  } catch (const std::bad_alloc&) {
  }
}

void socket_state::tell_unsent() {
  if (!sent_.is_empty()) sent_.pop().f(std::unexpected(*unsent_));
}

void socket_state::call_on_close() {
  callback_runner& runner = core().runner;  // these are one callback, but for `exit`
  while (!sent_.is_empty() && !runner.is_exiting())
    runner.call(loop_phase::closing, [this] { tell_unsent(); });
  if (on_close && !runner.is_exiting()) on_close(has_failed_);
}

void socket_state::close(bool failed) noexcept {
  if (is_closed_) return;
  has_failed_ |= failed;
  if (running_in_)
    wants_close_ = true;
  else
    close_now();
}

void socket_state::close_now() noexcept {
  is_closed_ = true;
  release_stream();
  last_.enqueue(close_event<socket_state>(*this));
  hold_ = loop_hold();
  task_.wake();
  end_writes(error("write", ECANCELED));
}

void socket_state::release_stream() noexcept {
  reading_.reset();
  writing_.reset();
  connecting_.emplace<0>();
  open_ = nullptr;
  stream_.emplace<0>();
}

void socket_state::abandon() noexcept {
  is_closed_ = true;
  release_stream();
  hold_ = loop_hold();
  drop_callbacks();
}

void socket_state::drop_callbacks() noexcept {
  const loop_socket alive = handle();  // which a callback may have been the last to hold
  is_over_ = true;
  on_connect.reset();
  on_data.reset();
  on_drain.reset();
  on_end.reset();
  on_error.reset();
  on_close.reset();
  sent_.clear();
}

}  // namespace internal

// ---- the handle

loop_socket::loop_socket(const loop_socket& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_socket::~loop_socket() {
  if (state_) state_->release();
}
internal::socket_state& loop_socket::state() const noexcept {
  ROUSE_ASSERT(state_ && "a loop_socket of no socket");
  return *state_;
}

const loop_socket& loop_socket::on_connect(callback<void()> f) const {
  return state().set(state().on_connect, std::move(f)), *this;
}
const loop_socket& loop_socket::on_data(callback<void(std::span<const std::byte>)> f) const {
  state().set(state().on_data, std::move(f));
  state().begin_flow();
  return *this;
}
const loop_socket& loop_socket::on_drain(callback<void()> f) const {
  return state().set(state().on_drain, std::move(f)), *this;
}
const loop_socket& loop_socket::on_end(callback<void()> f) const {
  return state().set(state().on_end, std::move(f)), *this;
}
const loop_socket& loop_socket::on_error(error_callback f) const {
  return state().set(state().on_error, std::move(f)), *this;
}
const loop_socket& loop_socket::on_close(callback<void(bool)> f) const {
  return state().set(state().on_close, std::move(f)), *this;
}

bool loop_socket::write(std::span<const std::byte> bytes, callback<void(result<void>)> sent) const {
  return state().write(bytes, std::move(sent));
}
bool loop_socket::write(std::string_view text, callback<void(result<void>)> sent) const {
  return state().write(std::as_bytes(std::span(text)), std::move(sent));
}
void loop_socket::end() const { state().end(); }
void loop_socket::end(std::string_view text) const {
  (void)write(text);
  state().end();
}
void loop_socket::destroy() const { state().destroy(); }
void loop_socket::pause() const { state().pause(); }
void loop_socket::resume() const { state().resume(); }
void loop_socket::ref() const { state().set_ref(true); }
void loop_socket::unref() const { state().set_ref(false); }
bool loop_socket::is_closed() const noexcept { return !state_ || state_->is_closed(); }
std::size_t loop_socket::buffered_bytes() const noexcept { return state().buffered(); }
std::uint64_t loop_socket::bytes_read() const noexcept { return state().bytes_read; }
std::uint64_t loop_socket::bytes_written() const noexcept { return state().bytes_written; }
net::address loop_socket::peer_address() const { return state().peer; }

}  // namespace rouse
