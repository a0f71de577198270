#include <rouse/loop/loop_sink.hpp>

#include <rouse/io/bytes.hpp>
#include <rouse/loop/internal/sink_state.hpp>

namespace rouse {
namespace internal {

/// Whom the work tells its end, or that it will have none.
class sink_state::ending {
 public:
  ending(loop_sink sink, std::string subject) noexcept
      : sink_(std::move(sink)), subject_(std::move(subject)) {}
  ending(ending&&) noexcept = default;
  ~ending() {
    if (sink_.state_) sink_.state_->drop_callbacks();
  }
  void operator()(const result<void>& end) const { sink_.state_->finish(end, subject_); }

 private:
  loop_sink sink_;
  std::string subject_;
};

sink_state::sink_state(loop& of, std::size_t high_water_mark)
    : loop_(&of),
      link_(loop_caller(of, "stream").core().alive.get()),
      high_water_mark_(high_water_mark),
      last_(*link_->core) {
  link_->retain();
}

void sink_state::run(const loop_sink& sink, task<result<void>> work, std::string subject,
                     loop::site at) {
  sink_state& self = of(sink);
  self.request_ = self.loop_->call_when_done(std::move(work), ending(sink, std::move(subject)), at);
}

bool sink_state::write(std::span<const std::byte> bytes, callback<void(result<void>)>&& written) {
  if (!takes_more()) return refuse(std::move(written)), false;
  if (written) written_.reserve(written_.size() + 1);
  queued_.append(bytes);
  accepted_bytes_ += bytes.size();
  if (written) written_.emplace(accepted_bytes_, std::move(written));
  asked_.notify_one();
  if (buffered() <= high_water_mark_) return true;
  wants_drain_ = true;
  return false;
}

/// Not at once: no callback is called before the call that was given it has returned.
void sink_state::refuse(callback<void(result<void>)>&& written) {
  if (!link_->core) return;
  retain();
  link_->core->runner.next_tick([sink = loop_sink(this), f = std::move(written)]() mutable {
    const error why("write", errc::closed);
    if (f)
      f(std::unexpected(why));
    else
      of(sink).fail(why);
  });
}

void sink_state::end() noexcept {
  if (is_closed_ || std::exchange(wants_end_, true)) return;
  asked_.notify_one();
}

void sink_state::fail(const error& why) noexcept {
  if (is_closed_ || is_destroyed_ || failure_) return;
  failure_ = why;
  loop_->cancel(request_);
}

/// As in Node.js: that it drains comes before what each write is told.
bool sink_state::tell_written() {
  if (wants_drain_ && buffered() == 0) {
    wants_drain_ = false;
    if (on_drain_ && !wants_end_) return call([this] { on_drain_(); }, "drain"), true;
  }
  if (written_.is_empty() || written_.find(written_.head())->upto > written_bytes_) return false;
  written_call next = written_.pop();
  call([&next] { next.f({}); }, "written");
  return true;
}

void sink_state::finish(const result<void>& end, const std::string& subject) {
  std::optional<error> why = failure_;
  if (!why && !end && !is_destroyed_) why = end.error();
  if (on_close_) last_.enqueue(std::move(on_close_));
  is_closed_ = true;
  auto on_error = std::move(on_error_);
  const callback_runner& runner = link_->core->runner;  // these are one callback, but for `exit`
  while (!written_.is_empty() && !runner.is_exiting()) {
    written_call next = written_.pop();
    result<void> told;
    if (next.upto > written_bytes_) told = std::unexpected(why.value_or(error("write", ECANCELED)));
    call([&] { next.f(told); }, "written");
  }
  drop_callbacks();
  if (!why || runner.is_exiting()) return;
  if (!on_error) throw_error(*why, subject);
  on_error(*why);
}

/// What the callbacks have captured, this sink perhaps, goes with them.
void sink_state::drop_callbacks() noexcept {
  is_closed_ = true;
  last_.give_back();
  queued_.release();
  on_drain_.reset();
  written_.clear();
  const auto on_finish = std::move(on_finish_);
  const auto on_error = std::move(on_error_);
  const auto on_close = std::move(on_close_);
}

}  // namespace internal

loop_sink::loop_sink(const loop_sink& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_sink::~loop_sink() {
  if (state_) state_->release();
}
internal::sink_state& loop_sink::state() const noexcept {
  ROUSE_ASSERT(state_ && "a loop_sink to nothing");
  return *state_;
}

const loop_sink& loop_sink::on_drain(callback<void()> f) const {
  if (!is_closed()) state_->on_drain_.set(std::move(f));
  return *this;
}
const loop_sink& loop_sink::on_finish(callback<void()> f) const {
  if (!is_closed()) state_->on_finish_ = std::move(f);
  return *this;
}
const loop_sink& loop_sink::on_error(callback<void(const error&)> f) const {
  if (!is_closed()) state_->on_error_ = std::move(f);
  return *this;
}
const loop_sink& loop_sink::on_close(callback<void()> f) const {
  if (!is_closed()) state_->on_close_ = std::move(f);
  return *this;
}

bool loop_sink::write(std::span<const std::byte> bytes,
                      callback<void(result<void>)> written) const {
  return state().write(bytes, std::move(written));
}
bool loop_sink::write(std::string_view text, callback<void(result<void>)> written) const {
  return write(io::as_bytes(text), std::move(written));
}
void loop_sink::end() const { state().end(); }
void loop_sink::end(std::string_view text) const {
  (void)write(text);
  end();
}
void loop_sink::destroy() const noexcept {
  if (is_closed() || std::exchange(state_->is_destroyed_, true)) return;
  state_->loop_->cancel(state_->request_);
}
void loop_sink::ref() const noexcept {
  if (!is_closed()) state_->loop_->ref(state_->request_);
}
void loop_sink::unref() const noexcept {
  if (!is_closed()) state_->loop_->unref(state_->request_);
}

std::size_t loop_sink::buffered_bytes() const noexcept {
  return is_closed() ? 0 : state_->buffered();
}
std::uint64_t loop_sink::bytes_written() const noexcept { return state().written_bytes_; }
bool loop_sink::is_closed() const noexcept { return !state_ || state_->is_closed_; }

}  // namespace rouse
