#include <rouse/loop/loop_flow.hpp>

#include <rouse/loop/internal/flow_state.hpp>

namespace rouse {
namespace internal {

/// Whom the work tells its end, or that it will have none.
class flow_state::ending {
 public:
  ending(loop_flow flow, std::string subject) noexcept
      : flow_(std::move(flow)), subject_(std::move(subject)) {}
  ending(ending&&) noexcept = default;
  ~ending() {
    if (flow_.state_) flow_.state_->close();
  }
  void operator()(const result<void>& end) const { flow_.state_->finish(end, subject_); }

 private:
  loop_flow flow_;
  std::string subject_;
};

void flow_state::run(const loop_flow& flow, task<result<void>> work, std::string subject,
                     loop::site at) {
  flow_state& self = of(flow);
  self.request_ = self.loop_->call_when_done(std::move(work), ending(flow, std::move(subject)), at);
}

void flow_state::give(std::span<const std::byte> piece) noexcept {
  call([this, &piece] {
    if (on_data_) on_data_(piece);
  });
}

void flow_state::finish(const result<void>& end, const std::string& subject) {
  if (on_close_) last_.enqueue(std::move(on_close_));
  const bool is_told = !is_destroyed_;
  auto on_end = std::move(on_end_);
  auto on_error = std::move(on_error_);
  close();
  if (!is_told) return;
  if (!end && !on_error) throw_error(end.error(), subject);
  if (!end)
    on_error(end.error());
  else if (on_end)
    on_end();
}

/// What the callbacks have captured, this flow perhaps, goes with them.
void flow_state::close() noexcept {
  loop_ = nullptr;
  last_.give_back();
  on_data_.reset();
  const auto on_end = std::move(on_end_);
  const auto on_error = std::move(on_error_);
  const auto on_close = std::move(on_close_);
}

}  // namespace internal

loop_flow::loop_flow(const loop_flow& other) noexcept : state_(other.state_) {
  if (state_) state_->retain();
}
loop_flow::~loop_flow() {
  if (state_) state_->release();
}

const loop_flow& loop_flow::on_data(callback<void(std::span<const std::byte>)> f) const {
  if (is_closed()) return *this;
  state_->on_data_.set(std::move(f));
  resume();
  return *this;
}
const loop_flow& loop_flow::on_end(callback<void()> f) const {
  if (!is_closed()) state_->on_end_ = std::move(f);
  return *this;
}
const loop_flow& loop_flow::on_error(callback<void(const error&)> f) const {
  if (!is_closed()) state_->on_error_ = std::move(f);
  return *this;
}
const loop_flow& loop_flow::on_close(callback<void()> f) const {
  if (!is_closed()) state_->on_close_ = std::move(f);
  return *this;
}

void loop_flow::pause() const noexcept {
  if (state_) state_->is_paused_ = true;
}
void loop_flow::resume() const noexcept {
  if (is_closed() || !std::exchange(state_->is_paused_, false)) return;
  state_->resumed_.notify_one();
}
void loop_flow::destroy() const noexcept {
  if (is_closed() || std::exchange(state_->is_destroyed_, true)) return;
  state_->loop_->cancel(state_->request_);
}

void loop_flow::ref() const noexcept {
  if (!is_closed()) state_->loop_->ref(state_->request_);
}
void loop_flow::unref() const noexcept {
  if (!is_closed()) state_->loop_->unref(state_->request_);
}

bool loop_flow::is_paused() const noexcept { return state_ && state_->is_paused_; }
bool loop_flow::is_closed() const noexcept { return !state_ || !state_->loop_; }

}  // namespace rouse
