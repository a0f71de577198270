#include <rouse/loop/internal/child_input.hpp>

#include <rouse/loop/loop_child_input.hpp>

#include <cerrno>

namespace rouse::internal {

bool child_input::write(std::span<const std::byte> bytes) {
  if (is_closed() || wants_end_) return false;
  queued_.append(io::as_text(bytes));
  if (buffered() <= loop_child_input::high_water_mark) return true;
  wants_drain_ = true;
  return false;
}

void child_input::open(process::pipe_writer pipe) noexcept {
  pipe_ = std::move(pipe);
  if (!pipe_) close();
}

bool child_input::poll(context& cx, loop_core& core) {
  if (!pipe_) return false;
  if (wants_close_) return close(), false;
  for (;;) {
    if (!writing_) {
      if (queued_.empty()) {
        if (wants_end_) close();
        return false;
      }
      sending_ = std::exchange(queued_, {});
      cursor_ = 0;
      writing_.emplace(pipe_.write_all(io::as_bytes(sending_), cursor_));
    }
    auto polled = writing_->poll(cx);
    if (!polled.is_ready()) return false;
    const auto done = polled.take();
    writing_.reset();
    if (!done) return fail(done.error(), core);
    if (buffered() != 0 || !std::exchange(wants_drain_, false) || wants_end_) continue;
    if (!on_drain) continue;
    core.call_in_poll([this] { on_drain(); });
    return true;
  }
}

bool child_input::fail(const error& why, loop_core& core) {
  close();
  if (on_error)
    core.call_in_poll([this, &why] { on_error(why); });
  else if (why.code != EPIPE)
    core.fail(why, [] { return std::string("standard input"); });
  return true;
}

void child_input::close() noexcept {
  is_closed_ = true;
  writing_.reset();
  pipe_.close();
  cursor_ = 0;
  sending_ = {};
  queued_ = {};
}

}  // namespace rouse::internal
