#include <rouse/process/run.hpp>

#include <rouse/io/buffer.hpp>

#include <algorithm>
#include <optional>

namespace rouse::process {

namespace internal {
namespace {

constexpr std::size_t piece_bytes = 16 * 1024;

/// One of the streams, read to its end.
class gathering {
 public:
  explicit gathering(pipe_reader& from, std::size_t bytes_max) noexcept
      : from_(from), bytes_max_(bytes_max), at_end_(!from) {}

  [[nodiscard]] bool is_at_end() const noexcept { return at_end_; }
  std::string take() { return std::move(text_); }

  /// Reads while there is something; at the end, or when it must wait, true.
  result<void> poll(context& cx) {
    while (!at_end_) {
      if (!reading_) {
        if (cancelled_) return {};
        const std::size_t held = text_.size();
        text_.resize(held + piece_bytes);
        reading_.emplace(from_.read(std::as_writable_bytes(std::span(text_).subspan(held))));
      }
      auto answer = reading_->poll(cx);
      if (!answer.is_ready()) return {};
      auto count = answer.take();
      if (auto kept = keep(count ? *count : 0); !kept) return kept;
      if (!count) return std::unexpected(count.error());
      at_end_ = *count == 0;
    }
    return {};
  }
  /// What is there now, and then it counts as the end: nobody of ours will write more.
  result<void> drain() {
    if (at_end_) return {};
    keep_nothing();
    while (!at_end_) {
      const std::size_t held = text_.size();
      text_.resize(held + piece_bytes);
      auto count = from_.try_read(std::as_writable_bytes(std::span(text_).subspan(held)));
      const std::size_t came = count ? count->value_or(0) : 0;
      text_.resize(held + came);
      if (!count) return std::unexpected(count.error());
      if (text_.size() > bytes_max_) return too_large();
      at_end_ = came == 0;
    }
    return {};
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    cancelled_ = true;
    return reading_ ? reading_->poll_cancel(cx) : poll_result<void>(ready);
  }
  void disown() noexcept {
    if (reading_) reading_->disown();
  }

 private:
  static std::unexpected<error> too_large() noexcept {
    return std::unexpected(error("run", errc::too_large));
  }
  result<void> keep(std::size_t count) {
    reading_.reset();
    text_.resize(text_.size() - piece_bytes + count);
    if (text_.size() > bytes_max_) return too_large();
    return {};
  }
  void keep_nothing() {
    if (!reading_) return;
    reading_.reset();  // bytes that had come are in the pipe's source again
    text_.resize(text_.size() - piece_bytes);
  }

  pipe_reader& from_;
  const std::size_t bytes_max_;
  std::string text_;  // ends with piece_bytes of room while reading_
  std::optional<pipe_read> reading_;
  bool at_end_;
  bool cancelled_ = false;
};

/// A child that runs.
struct conversation {
  conversation(child c, std::string_view input, run_options options)
      : running(std::move(c)),
        output(running.output(), options.bytes_max),
        errors(running.errors(), options.bytes_max),
        waiting(running.wait()) {
    if (running.input()) writing.emplace(running.input().write_all(input));
  }

  result<void> feed(context& cx) {
    if (!writing) return {};
    auto answer = writing->poll(cx);
    if (!answer.is_ready()) return {};
    auto done = answer.take();
    writing.reset();
    running.input().close();
    if (!done && done.error().code != EPIPE) return done;
    return {};
  }

  child running;
  gathering output;
  gathering errors;
  std::optional<pipe_write<true>> writing;
  wait_operation waiting;
};

}  // namespace

struct run_state {
  run_state(spawn_operation s, std::string_view i, run_options o)
      : start(std::move(s)), input(i), options(o) {}
  poll_result<result<run_result>> poll(context& cx);

  spawn_operation start;
  const std::string input;
  const run_options options;
  std::optional<conversation> talk;
  bool cancelled = false;
};

poll_result<result<run_result>> run_state::poll(context& cx) {
  if (!talk) {
    if (cancelled) return pending;  // a child that has begun goes with the operation
    auto begun = start.poll(cx);
    if (!begun.is_ready()) return pending;
    auto fresh = begun.take();
    if (!fresh) return std::unexpected(fresh.error());
    talk.emplace(std::move(*fresh), input, options);
  }
  conversation& t = *talk;
  if (auto fed = t.feed(cx); !fed) return std::unexpected(fed.error());
  if (auto read = t.output.poll(cx); !read) return std::unexpected(read.error());
  if (auto read = t.errors.poll(cx); !read) return std::unexpected(read.error());
  auto ended = t.waiting.poll(cx);
  if (!ended.is_ready()) return pending;
  auto status = ended.take();
  if (!status) return std::unexpected(status.error());
  if (auto rest = t.output.drain(); !rest) return std::unexpected(rest.error());
  if (auto rest = t.errors.drain(); !rest) return std::unexpected(rest.error());
  run_result all;
  all.status = *status;
  all.output = t.output.take();
  all.errors = t.errors.take();
  talk.reset();
  return result<run_result>(std::move(all));
}

}  // namespace internal

run_operation::run_operation(spawn_operation start, std::string_view input, run_options options)
    : state_(std::make_unique<internal::run_state>(std::move(start), input, options)) {}
run_operation::run_operation(run_operation&&) noexcept = default;
run_operation::~run_operation() = default;

poll_result<rouse::result<run_result>> run_operation::poll(context& cx) { return state_->poll(cx); }

poll_result<void> run_operation::poll_cancel(context& cx) noexcept {
  state_->cancelled = true;
  if (!state_->talk) return state_->start.poll_cancel(cx);
  internal::conversation& t = *state_->talk;
  bool is_free = t.waiting.poll_cancel(cx).is_ready();
  is_free &= t.output.poll_cancel(cx).is_ready();
  is_free &= t.errors.poll_cancel(cx).is_ready();
  if (t.writing) is_free &= t.writing->poll_cancel(cx).is_ready();
  if (is_free) return ready;
  return pending;
}

void run_operation::disown() noexcept {
  if (!state_->talk) return state_->start.disown();
  internal::conversation& t = *state_->talk;
  t.waiting.disown();
  t.output.disown();
  t.errors.disown();
  if (t.writing) t.writing->disown();
}

const std::string& run_operation::subject() const noexcept { return state_->start.subject(); }

}  // namespace rouse::process
